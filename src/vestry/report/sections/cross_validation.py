"""The cross-validation section's data: folds beside the single fit, each with its own spread."""

from dataclasses import dataclass
from typing import Any

from vestry.report.formatting import (
    NOTHING,
    counted,
    decimal,
    duration,
    per_cent,
    whole,
    with_deviation,
    with_interval,
)
from vestry.report.models import Model, Results, models_in_study_order
from vestry.report.plot.points import (
    DrawnStrip,
    Strip,
    axis_ticks,
    deviation,
    draw_strip,
    interval,
    strip_axis,
)
from vestry.report.section import Section
from vestry.report.sections import cross_validation_words as sentences

# A cross-validation's folds in numbers.


_SCORES_IN_TABLE = (
    ("accuracy", "accuracy", True),
    ("log_loss", "log loss", False),
    ("f1_macro", "macro F1", True),
)


@dataclass(frozen=True)
class FoldTable:
    heads: list[str]
    rows: list[list[str]]
    foot: list[str]


def _fold_table(model: Model) -> FoldTable:
    """A row a fold; mean and deviation below."""
    found = model.entry["cross_validation"]
    count, folds = len(found["scores"]["accuracy"]["values"]), found["folds"]
    scores = [(found["scores"][key], name, share) for key, name, share in _SCORES_IN_TABLE
              if key in found["scores"]]  # fmt: skip
    fold_rows, seconds = found.get("fold_rows") or [], found.get("fit_seconds") or []
    rows = [
        [
            sentences.fold_name(number, folds, count),
            whole(_at(fold_rows, number % max(1, len(fold_rows)))),
            *(_shown(spread["values"][number], share) for spread, _, share in scores),
            duration(_at(seconds, number)),
        ]
        for number in range(count)
    ]
    means = [
        f"{_shown(spread['mean'], share)} \u00b1 {_deviation_text(spread['deviation'], share)}"
        for spread, _, share in scores
    ]
    heads = ["fold", "held-out rows", *(name for _, name, _ in scores), "time to fit"]
    total = duration(sum(seconds)) if seconds else NOTHING
    return FoldTable(heads, rows, ["mean \u00b1 deviation", "", *means, f"{total} in all"])


def _at(values: list[Any], place: int) -> Any:
    return values[place] if place < len(values) else None


def _shown(value: float, is_share: bool) -> str:
    return per_cent(value) if is_share else decimal(value)


def _deviation_text(value: float | None, is_share: bool) -> str:
    if value is None:
        return NOTHING
    return f"{100 * value:.1f}" if is_share else decimal(value)


@dataclass(frozen=True)
class Validated:
    """One cross-validated member."""

    model: Model
    strips: list[DrawnStrip]
    sentences: list[str]
    table: FoldTable


@dataclass(frozen=True)
class CrossValidation:
    """All members share one scale, whose `ticks` are (place, text)."""

    members: list[Validated]
    ticks: list[tuple[float, str]]
    remark: str


def cross_validation_data(results: Results) -> CrossValidation | None:
    members = [m for m in models_in_study_order(results) if m.entry.get("cross_validation")]
    if not members:
        return None
    strips = [_member_strips(model, results) for model in members]
    axis = strip_axis([strip for own in strips for strip in own])
    return CrossValidation(
        members=[
            Validated(
                model=model,
                strips=[draw_strip(strip, axis) for strip in own],
                sentences=sentences.member(model, results),
                table=_fold_table(model),
            )
            for model, own in zip(members, strips, strict=True)
        ],
        ticks=axis_ticks(axis),
        remark=sentences.kinds_of_spread(members, results),
    )


def _member_strips(model: Model, results: Results) -> list[Strip]:
    found = model.entry["cross_validation"]
    return [
        _folds_strip(found),
        *_out_of_fold_strip(found),
        _single_strip(model, results),
        *_seeds_strip(model),
        *_reported_strip(found),
    ]


def _folds_strip(found: dict[str, Any]) -> Strip:
    spread = found["scores"]["accuracy"]
    return Strip(
        label=f"Mean of {counted(len(spread['values']), 'fold')}",
        remark="each scored on its held-out rows; \u00b1 deviation over folds",
        text=with_deviation(spread["mean"], spread["deviation"]),
        value=spread["mean"],
        spread=deviation(spread["mean"], spread["deviation"] or 0.0),
        values=spread["values"],
    )


def _out_of_fold_strip(found: dict[str, Any]) -> list[Strip]:
    out = found.get("out_of_fold")
    if not out:
        return []
    accuracy, limits = out["scores"]["accuracy"], (out.get("intervals") or {}).get("accuracy")
    return [
        Strip(
            label="All out-of-fold rows",
            remark=f"{whole(found['rows'])} held-out predictions at once; 95% interval",
            text=with_interval(accuracy, *limits) if limits else per_cent(accuracy),
            value=accuracy,
            spread=interval(*limits) if limits else None,
        )
    ]


def _single_strip(model: Model, results: Results) -> Strip:
    low, high = model.interval("test")
    rows = results["data"]["splits"]["test"]["rows"]
    first = " with its first seed" if model.over_seeds("test", "accuracy") else ""
    return Strip(
        label=f"Single fit{first}",
        remark=f"scored on the {counted(rows, 'test image')}; 95% interval",
        text=with_interval(model.accuracy("test"), low, high),
        value=model.accuracy("test"),
        spread=interval(low, high),
    )


def _seeds_strip(model: Model) -> list[Strip]:
    spread = model.over_seeds("test", "accuracy")
    if not spread:
        return []
    return [
        Strip(
            label=f"Mean of {counted(len(spread['values']), 'single fit')}",
            remark="scored on the test images; \u00b1 deviation over seeds",
            text=with_deviation(spread["mean"], spread["deviation"]),
            value=spread["mean"],
            spread=deviation(spread["mean"], spread["deviation"]),
            values=spread["values"],
        )
    ]


def _reported_strip(found: dict[str, Any]) -> list[Strip]:
    given = found.get("reported") or {}
    mean, spread = given.get("accuracy"), given.get("deviation")
    if mean is None:
        return []
    return [
        Strip(
            label="Reported mean of folds",
            remark=sentences.reported_rows(found.get("reported_on")),
            text=with_deviation(mean, spread),
            value=mean,
            spread=deviation(mean, spread) if spread is not None else None,
            is_reported=True,
        )
    ]


SECTION = Section(
    key="cross_validation",
    data=cross_validation_data,
    template="cross_validation.html.j2",
    title="Cross-validation",
    anchor="cross-validation",
)
