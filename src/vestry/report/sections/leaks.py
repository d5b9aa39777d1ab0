"""What the scores become without repeated test images and without doubted labels."""

from dataclasses import dataclass
from typing import Any

from vestry.report.formatting import counted, listed, per_cent, whole, with_interval
from vestry.report.models import Model, Results, models_by_rank

# Test scores without repeated images and without doubted labels, in words.


Facts = dict[str, Any]
_NAMED = 4
_WHAT = {
    "repeated": "images that repeat training images",
    "doubted": "doubted labels",
    "both": "either",
}
_LEFT_OUT = {
    "repeated": ("one that repeats a training image", "that repeat training images"),
    "doubted": ("one whose label is doubted", "whose label is doubted"),
}
_FLATTERING = (
    "The doubts are the members' own: leaving doubted labels out takes mistakes of theirs away, so "
    "these accuracies flatter."
)


def _leader(found: Facts, best: str) -> str:
    """What the best model by validation scores without them, beside what it scores on all."""
    parts = [
        f"{interval(entry['makers'][best])} without the {left_out(kind, entry['left_out'])}"
        for kind, entry in found["without"].items()
        if kind in _LEFT_OUT and entry and entry["left_out"] and entry["makers"]
    ]
    if not parts:
        return ""
    before = f"{interval(found['all']['makers'][best])} on all test images"
    return f"{best}, best by validation, scores {listed([before, *parts])}."


def interval(entry: Facts) -> str:
    return with_interval(entry["accuracy"], *entry["interval"])


def left_out(kind: str, count: int) -> str:
    one, many = _LEFT_OUT[kind]
    return one if count == 1 else f"{whole(count)} {many}"


def _ranks(found: Facts) -> str:
    """Which models change their rank by test accuracy, and what for."""
    before = found["all"]["makers"]
    told: dict[str, str] = {}
    for kind, entry in found["without"].items():
        if entry and entry["changed"]:
            told.setdefault(_moves(before, entry), kind)
    if told:
        texts = [f"Without {_WHAT[kind]}: {words}." for words, kind in told.items()]
        return f"Ranks by test accuracy change. {' '.join(texts)}"
    looked = [entry for entry in found["without"].values() if entry and entry["left_out"]]
    if not looked or len(before) < 2:
        return ""
    return "No model changes its rank by test accuracy."


def _moves(before: Facts, entry: Facts) -> str:
    found = [
        f"{name} from {before[name]['rank']} to {entry['makers'][name]['rank']}"
        for name in entry["changed"]
    ]
    if len(found) > _NAMED:
        found = [*found[: _NAMED - 1], f"{len(found) - _NAMED + 1} more"]
    return listed(found)


def repeated(found: Facts) -> str:
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


_HEADINGS = {
    "repeated": "Without repeated",
    "doubted": "Without doubted",
    "both": "Without both",
}


@dataclass(frozen=True)
class Score:
    """accuracy and interval are fractions; `moved` says that the rank is another than on all."""

    accuracy: float
    interval: tuple[float, float]
    rank: int
    moved: bool


@dataclass(frozen=True)
class LeakRow:
    """scores: on all test images, then one for each column."""

    model: Model
    scores: list[Score]


@dataclass(frozen=True)
class Leaks:
    """columns: (heading, rows left)."""

    leader: str
    ranks: str
    repeated: str
    remark: str | None
    columns: list[tuple[str, int]]
    rows: list[LeakRow]


def leaks_data(results: Results) -> Leaks | None:
    found = results.get("leaks")
    known = found["all"]["makers"] if found else {}
    models = [m for m in models_by_rank(results) if m.name in known]
    if not found or not models:
        return None
    kinds = _told_apart(found["without"])
    return Leaks(
        leader=_leader(found, models[0].name),
        ranks=_ranks(found),
        repeated=repeated(found),
        remark=_FLATTERING if "doubted" in kinds else None,
        columns=[("All test images", found["rows"])]
        + [(_HEADINGS[kind], found["without"][kind]["rows"]) for kind in kinds],
        rows=[_leak_row(model, found, kinds) for model in models] if kinds else [],
    )


def _told_apart(without: Results) -> list[str]:
    """What was left out and left something; both only where each of the two left out some."""
    kinds = [k for k, entry in without.items() if entry and entry["left_out"] and entry["makers"]]
    return kinds if len(kinds) == len(_HEADINGS) else [kind for kind in kinds if kind != "both"]


def _leak_row(model: Model, found: Results, kinds: list[str]) -> LeakRow:
    before = found["all"]["makers"][model.name]
    after = [found["without"][kind]["makers"][model.name] for kind in kinds]
    return LeakRow(model, [_score(entry, before) for entry in (before, *after)])


def _score(entry: dict[str, Any], before: dict[str, Any]) -> Score:
    low, high = entry["interval"]
    moved = entry["rank"] != before["rank"]
    return Score(entry["accuracy"], (low, high), entry["rank"], moved)
