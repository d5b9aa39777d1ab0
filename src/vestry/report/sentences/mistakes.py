"""Mistakes in words: how many, and which classes are taken for which."""

from typing import Any

from vestry.report.models import Model
from vestry.report.numbers import counted, listed, per_cent, whole

PAIRS_IN_WORDS = 3
CLASSES_IN_MATRIX = 25


def total(model: Model, rows: int) -> str:
    """How many of `rows` test images are wrong."""
    wrong = sum(cell["count"] for cell in model.mistakes["cells"])
    if not wrong:
        return f"{model.name} makes no mistake on {counted(rows, 'test image')}."
    return f"{model.name} is wrong on {whole(wrong)} of {counted(rows, 'test image')}."


def most_confused(pairs: list[dict[str, Any]], support: dict[str, int]) -> str | None:
    """The largest cells in words. pairs: `truth`, `predicted`, `count`, largest first."""
    if not pairs:
        return None
    first, *others = pairs[:PAIRS_IN_WORDS]
    row = support[first["truth"]]
    text = (
        f"Most often {first['truth']} is taken for {first['predicted']}: {whole(first['count'])} "
        f"of {whole(row)} ({per_cent(first['count'] / row)})."
    )
    if others:
        named = [f"{p['truth']} for {p['predicted']} ({whole(p['count'])})" for p in others]
        text += f" Then {listed(named)}."
    wrong = sum(pair["count"] for pair in pairs)
    share = sum(pair["count"] for pair in pairs[:PAIRS_IN_WORDS]) / wrong
    if len(pairs) > PAIRS_IN_WORDS:
        text += f" These {PAIRS_IN_WORDS} cells hold {per_cent(share)} of its mistakes."
    return text


def weakest_class(per_class: dict[str, Any]) -> str | None:
    """The classes with the lowest and the highest F1, where they differ."""
    rows = [(name, scores["f1"]) for name, scores in per_class.items() if scores["support"]]
    if not rows:
        return None
    low, high = min(rows, key=lambda row: row[1]), max(rows, key=lambda row: row[1])
    if high[1] - low[1] < 0.0005:
        return None
    return f"Lowest F1: {low[0]} ({per_cent(low[1])}); highest: {high[0]} ({per_cent(high[1])})."


def too_many_classes(classes: int, cells: int, shown: int) -> str:
    """Why there is a list of pairs instead of a matrix."""
    which = f"the {shown} largest of {whole(cells)}" if shown < cells else f"all {whole(cells)}"
    return (
        f"A matrix of {classes} classes could not be read, so the confused pairs are listed "
        f"instead: {which} cells that are not empty."
    )
