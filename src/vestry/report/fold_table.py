"""A cross-validation's folds in numbers."""

from dataclasses import dataclass
from typing import Any

from vestry.report.models import Model
from vestry.report.numbers import NOTHING, decimal, duration, per_cent, whole
from vestry.report.sentences import cross_validation as sentences

SCORES_IN_TABLE = (
    ("accuracy", "accuracy", True),
    ("log_loss", "log loss", False),
    ("f1_macro", "macro F1", True),
)


@dataclass(frozen=True)
class FoldTable:
    heads: list[str]
    rows: list[list[str]]
    foot: list[str]


def fold_table(model: Model) -> FoldTable:
    """A row a fold; mean and deviation below."""
    found = model.entry["cross_validation"]
    count, folds = len(found["scores"]["accuracy"]["values"]), found["folds"]
    scores = [(found["scores"][key], name, share) for key, name, share in SCORES_IN_TABLE
              if key in found["scores"]]  # fmt: skip
    fold_rows, seconds = found.get("fold_rows") or [], found.get("fit_seconds") or []
    rows = [
        [
            sentences.fold_name(number, folds, count),
            whole(at(fold_rows, number % max(1, len(fold_rows)))),
            *(shown(spread["values"][number], share) for spread, _, share in scores),
            duration(at(seconds, number)),
        ]
        for number in range(count)
    ]
    means = [
        f"{shown(spread['mean'], share)} \u00b1 {deviation_text(spread['deviation'], share)}"
        for spread, _, share in scores
    ]
    heads = ["fold", "held-out rows", *(name for _, name, _ in scores), "time to fit"]
    total = duration(sum(seconds)) if seconds else NOTHING
    return FoldTable(heads, rows, ["mean \u00b1 deviation", "", *means, f"{total} in all"])


def at(values: list[Any], place: int) -> Any:
    return values[place] if place < len(values) else None


def shown(value: float, is_share: bool) -> str:
    return per_cent(value) if is_share else decimal(value)


def deviation_text(value: float | None, is_share: bool) -> str:
    if value is None:
        return NOTHING
    return f"{100 * value:.1f}" if is_share else decimal(value)
