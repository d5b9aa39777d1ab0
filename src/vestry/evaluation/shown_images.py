"""Which images the results speak of one by one, so that they are kept with the run."""

from collections.abc import Iterator

from vestry.schema.base import Record


def shown_ids(results: Record) -> list[str]:
    """Ids of all images that the results name, each once, in a stable order."""
    return sorted(set(_every_id(results)))


def _every_id(results: Record) -> Iterator[str]:
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
    yield from agreement_ids(results)
    yield from _robustness_ids(results)
    yield from doubted_ids(results)
    yield from exploration_ids(results)
    yield from _explanation_ids(results)


def agreement_ids(results: Record) -> Iterator[str]:
    """Ids of images that all members miss, or that one alone gets right."""
    found = results.get("agreement")
    if not found:
        return
    for shown in (found["all_wrong"], *found["one_right"]["members"]):
        yield from (image["id"] for image in shown["images"])


def _robustness_ids(results: Record) -> Iterator[str]:
    """The image that is shown altered, and the pictures made of it."""
    found = results.get("robustness")
    if found and found["image"]:
        yield found["image"]["id"]
        for pictures in found["image"]["pictures"].values():
            yield from pictures  # made pictures, no rows of the data


def doubted_ids(results: Record) -> Iterator[str]:
    """Ids of the images whose label the members doubt."""
    for found in (results.get("doubts") or {}).values():
        if found:
            yield from (image["id"] for image in found["images"])


def exploration_ids(results: Record) -> Iterator[str]:
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


def _explanation_ids(results: Record) -> Iterator[str]:
    """Test images that members are explained on, and training images that look like them."""
    for entry in (results.get("explanations") or {}).values():
        yield from (image["id"] for image in entry["images"])
        for mistake in entry["nearest"]:
            yield mistake["id"]
            yield from (image["id"] for image in mistake["images"])
