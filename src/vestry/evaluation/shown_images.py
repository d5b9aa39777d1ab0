"""Which images the results speak of one by one, so that they are kept with the run."""

from collections.abc import Iterator
from typing import Any


def shown_ids(results: dict[str, Any]) -> list[str]:
    """Ids of all images that the results name, each once, in a stable order."""
    return sorted(set(every_id(results)))


def every_id(results: dict[str, Any]) -> Iterator[str]:
    yield from results["data"]["samples"]["ids"]
    yield from results["first_rows"]["ids"]
    yield from (image["id"] for image in results["votes"]["images"])
    for entry in results["members"].values():
        if shown := entry.get("augmentation"):
            yield shown["image"]
            yield from shown["variants"]  # made pictures, no rows of the data
    for entry in [*results["members"].values(), *results["committees"].values()]:
        yield from (mistake["id"] for mistake in entry["mistakes"]["hardest"])
        for cell in entry["mistakes"]["cells"]:
            yield from cell["ids"]
    yield from exploration_ids(results)


def exploration_ids(results: dict[str, Any]) -> Iterator[str]:
    """Ids that the look at the data speaks of; nothing where there was none."""
    found = results.get("exploration")
    if not found:
        return
    for finding in found["findings"]:
        for group in finding["groups"]:
            yield from (image["id"] for image in group["images"])
    for ids in found["samples"]["ids"]:
        yield from ids
    yield from found["mean_images"]  # made pictures, no rows of the data
