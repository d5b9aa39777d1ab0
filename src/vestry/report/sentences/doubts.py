"""Doubted labels in words: how many, by whom, and what that is worth."""

from collections.abc import Sequence
from typing import Any

from vestry.report.numbers import counted, listed, per_cent, whole

Results = dict[str, Any]
NAMED = 4
TABLES = {
    "out-of-fold": ", out-of-fold: each row by models that had not seen it.",
    "validation": (
        " on validation rows. Early stopping and searches may have seen these, so the doubts are "
        "not independent of them; members with cross_validation doubt the training labels by "
        "models that had not seen them."
    ),
    "test": ", which were fitted and chosen without these rows.",
}


def summary(found: Results) -> str:
    """How many labels of each split are doubted, and by whom."""
    shares: dict[tuple[str, ...], list[str]] = {}
    for split, entry in found.items():
        if entry:
            shares.setdefault(tuple(entry["panel"]), []).append(share(split, entry))
    return " ".join(f"{panel(names)} {listed(parts)}." for names, parts in shares.items())


def panel(names: Sequence[str]) -> str:
    """Who doubts, as the subject of a sentence with its verb."""
    if len(names) == 1:
        return f"{names[0]} doubts"
    return f"{whole(len(names))} members together doubt"


def share(split: str, entry: Results) -> str:
    if not entry["count"]:
        return f"none of {whole(entry['rows'])} {split} labels"
    part = per_cent(entry["count"] / entry["rows"])
    return f"{whole(entry['count'])} of {whole(entry['rows'])} {split} labels ({part})"


def heading(split: str) -> str:
    return f"{split[0].upper()}{split[1:]} images whose label is doubted"


def source(entry: Results) -> str:
    """Whose probabilities these are, whether they come from models that knew the rows, and how
    often they go with the labels."""
    names = entry["panel"]
    shown = listed(names if len(names) <= NAMED else [*names[: NAMED - 1], more(names)])
    mean = f"The mean of the probabilities of {shown}" if len(names) > 1 else f"By {shown} alone"
    said = f"{mean}{TABLES[entry['of_table']]}"
    errs = "the more it errs, the more right labels it doubts"
    return f"{said} It agrees with {per_cent(entry['accuracy'])} of the labels: {errs}."


def more(names: list[str]) -> str:
    return f"{whole(len(names) - NAMED + 1)} more"


def worst_first(shown: int, entry: Results) -> str:
    """Which of them are shown, and in what order."""
    which = (
        f"The {whole(shown)} worst of {whole(entry['count'])}"
        if shown < entry["count"]
        else f"{counted(shown, 'image')}, worst first"
    )
    return (
        f"{which}: struck out the label that it has, in bold what the panel says, with the "
        "probability of either. Choose one for the votes."
    )


def hint(agreeing: int, voters: int) -> str:
    """How many of the panel say what the panel says."""
    if voters == 1:
        return ""
    return f"{whole(agreeing)} of {whole(voters)} say so"
