"""Test scores without repeated images and without doubted labels, in words."""

from typing import Any

from vestry.report.numbers import counted, listed, per_cent, whole, with_interval

Results = dict[str, Any]
NAMED = 4
WHAT = {
    "repeated": "images that repeat training images",
    "doubted": "doubted labels",
    "both": "either",
}
LEFT_OUT = {
    "repeated": ("one that repeats a training image", "that repeat training images"),
    "doubted": ("one whose label is doubted", "whose label is doubted"),
}
FLATTERING = (
    "The doubts are the members' own: leaving doubted labels out takes mistakes of theirs away, so "
    "these accuracies flatter."
)


def leader(found: Results, best: str) -> str:
    """What the best model by validation scores without them, beside what it scores on all."""
    parts = [
        f"{interval(entry['makers'][best])} without the {left_out(kind, entry['left_out'])}"
        for kind, entry in found["without"].items()
        if kind in LEFT_OUT and entry and entry["left_out"] and entry["makers"]
    ]
    if not parts:
        return ""
    before = f"{interval(found['all']['makers'][best])} on all test images"
    return f"{best}, best by validation, scores {listed([before, *parts])}."


def interval(entry: Results) -> str:
    return with_interval(entry["accuracy"], *entry["interval"])


def left_out(kind: str, count: int) -> str:
    one, many = LEFT_OUT[kind]
    return one if count == 1 else f"{whole(count)} {many}"


def ranks(found: Results) -> str:
    """Which models change their rank by test accuracy, and what for."""
    before = found["all"]["makers"]
    told: dict[str, str] = {}
    for kind, entry in found["without"].items():
        if entry and entry["changed"]:
            told.setdefault(moves(before, entry), kind)
    if told:
        texts = [f"Without {WHAT[kind]}: {words}." for words, kind in told.items()]
        return f"Ranks by test accuracy change. {' '.join(texts)}"
    looked = [entry for entry in found["without"].values() if entry and entry["left_out"]]
    if not looked or len(before) < 2:
        return ""
    return "No model changes its rank by test accuracy."


def moves(before: Results, entry: Results) -> str:
    found = [
        f"{name} from {before[name]['rank']} to {entry['makers'][name]['rank']}"
        for name in entry["changed"]
    ]
    if len(found) > NAMED:
        found = [*found[: NAMED - 1], f"{len(found) - NAMED + 1} more"]
    return listed(found)


def repeated(found: Results) -> str:
    """What was known of repeated images, or why nothing was."""
    if found["reason"]:
        return f"{found['reason'][0].upper()}{found['reason'][1:]}."
    count = found["without"]["repeated"]["left_out"]
    said = (
        f"{counted(count, 'test image')} {'is' if count == 1 else 'are'} exactly or almost a "
        f"training image ({per_cent(count / found['rows'], 2)})."
        if count
        else "No test image was found to be a training image, exactly or almost."
    )
    if found["searched"] is not None and found["searched"] < found["rows"]:
        said += (
            f" Only {whole(found['searched'])} of {whole(found['rows'])} test images took part in "
            "the search for near-duplicates."
        )
    return said
