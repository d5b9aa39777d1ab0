"""Corrections that follow from the images alone: copies of one image that contradict each other."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from vestry.audit.duplicates import identical_groups
from vestry.data.image_set import ImageSet


@dataclass(frozen=True)
class Suggestion:
    """For one image: the class that it is to have, or None where it is to be left out."""

    id: str
    label: str | None


def suggested_corrections(sets: Mapping[str, ImageSet]) -> list[Suggestion]:
    """A line for every copy, byte for byte, whose label contradicts that of the others.

    Where more than half of the copies have one label, the others are to have it, too. Where no
    label has so many, nothing says which is right, and all copies are to be left out.
    """
    found = []
    for group in identical_groups(sets):
        labels = [int(sets[place.split].labels[place.row]) for place in group]
        label, times = Counter(labels).most_common(1)[0]
        if times == len(labels):
            continue
        classes = sets[group[0].split].classes
        is_known = 2 * times > len(labels)
        found += [
            Suggestion(str(sets[place.split].ids[place.row]), classes[label] if is_known else None)
            for place, own in zip(group, labels, strict=True)
            if own != label or not is_known
        ]
    return found
