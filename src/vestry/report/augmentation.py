"""Data of a network's augmentation: one training image and its variants."""

from dataclasses import dataclass

from vestry.report.models import Model
from vestry.report.sentences import augmentation as sentences


@dataclass(frozen=True)
class Augmentation:
    """image, variants: picture ids."""

    image: str
    label: str
    variants: list[str]
    sentences: list[str]


def augmentation_data(model: Model, classes: list[str]) -> Augmentation | None:
    found = model.entry.get("augmentation")
    if not found:
        return None
    label = classes[found["label"]]
    return Augmentation(
        image=found["image"],
        label=label,
        variants=list(found["variants"]),
        sentences=sentences.augmentation(found["words"], label, len(found["variants"])),
    )
