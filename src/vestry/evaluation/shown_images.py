"""Which images the results speak of one by one, so that they are kept with the run."""

from collections.abc import Iterator
from typing import Any


def shown_ids(results: dict[str, Any]) -> list[str]:
    """Ids of samples, votes, first rows and mistakes, each once, in a stable order."""
    return sorted(set(every_id(results)))


def every_id(results: dict[str, Any]) -> Iterator[str]:
    yield from results["data"]["samples"]["ids"]
    yield from results["first_rows"]["ids"]
    yield from (image["id"] for image in results["votes"]["images"])
    for entry in [*results["members"].values(), *results["committees"].values()]:
        yield from (mistake["id"] for mistake in entry["mistakes"]["hardest"])
        for cell in entry["mistakes"]["cells"]:
            yield from cell["ids"]
