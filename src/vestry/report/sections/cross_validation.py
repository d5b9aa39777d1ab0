"""Folds beside the single fit, each with its own spread."""

from dataclasses import dataclass

from vestry.predictions.scores import MAIN_SCORES, is_share, score_words
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
from vestry.report.models import Model, models_in_study_order
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
from vestry.report.sections import cross_validation_words as words
from vestry.schema import cross_validation as schema
from vestry.schema.models import Member
from vestry.schema.results import Results

# A cross-validation's folds in numbers.


@dataclass(frozen=True)
class FoldTable:
    heads: list[str]
    rows: list[list[str]]
    foot: list[str]


def _fold_table(found: schema.CrossValidation) -> FoldTable:
    """A row a fold; mean and deviation below."""
    count = len(found.scores["accuracy"].values)
    scores = [
        (found.scores[name], score_words(name), is_share(name))
        for name in MAIN_SCORES
        if name in found.scores
    ]
    rows = [
        [
            words.fold_name(number, found.folds, count),
            whole(found.fold_rows[number % len(found.fold_rows)]),
            *(_shown(spread.values[number], share) for spread, _, share in scores),
            duration(found.fit_seconds[number]),
        ]
        for number in range(count)
    ]
    means = [
        f"{_shown(spread.mean, share)} \u00b1 {_deviation_text(spread.deviation, share)}"
        for spread, _, share in scores
    ]
    heads = ["fold", "held-out rows", *(name for _, name, _ in scores), "time to fit"]
    total = f"{duration(sum(found.fit_seconds))} in all"
    return FoldTable(heads, rows, ["mean \u00b1 deviation", "", *means, total])


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
    found = [
        (model, model.member, model.member.cross_validation)
        for model in models_in_study_order(results)
        if model.member and model.member.cross_validation
    ]
    if not found:
        return None
    strips = [_member_strips(model, folds, results) for model, _, folds in found]
    axis = strip_axis([strip for own in strips for strip in own])
    return CrossValidation(
        members=[
            _validated(model, member, folds, [draw_strip(strip, axis) for strip in own], results)
            for (model, member, folds), own in zip(found, strips, strict=True)
        ],
        ticks=axis_ticks(axis),
        remark=words.kinds_of_spread([model for model, *_ in found], results),
    )


def _validated(
    model: Model,
    member: Member,
    folds: schema.CrossValidation,
    strips: list[DrawnStrip],
    results: Results,
) -> Validated:
    return Validated(model, strips, words.sentences(member, folds, results), _fold_table(folds))


def _member_strips(model: Model, found: schema.CrossValidation, results: Results) -> list[Strip]:
    return [
        _folds_strip(found),
        _out_of_fold_strip(found),
        _single_strip(model, results),
        *_seeds_strip(model),
        *_reported_strip(found),
    ]


def _folds_strip(found: schema.CrossValidation) -> Strip:
    spread = found.scores["accuracy"]
    return Strip(
        label=f"Mean of {counted(len(spread.values), 'fold')}",
        remark="each scored on its held-out rows; \u00b1 deviation over folds",
        text=with_deviation(spread.mean, spread.deviation),
        value=spread.mean,
        spread=deviation(spread.mean, spread.deviation or 0.0),
        values=spread.values,
    )


def _out_of_fold_strip(found: schema.CrossValidation) -> Strip:
    accuracy = found.out_of_fold.scores.accuracy
    low, high = found.out_of_fold.intervals["accuracy"] or (accuracy, accuracy)
    return Strip(
        label="All out-of-fold rows",
        remark=f"{whole(found.rows)} held-out predictions at once; 95% interval",
        text=with_interval(accuracy, low, high),
        value=accuracy,
        spread=interval(low, high),
    )


def _single_strip(model: Model, results: Results) -> Strip:
    low, high = model.interval("test")
    rows = results.data.splits["test"].rows
    several = model.over_seeds("test", "accuracy")
    label = f"Mean of {counted(len(several.values), 'single fit')}" if several else "Single fit"
    return Strip(
        label=label,
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
            label=f"Mean of {counted(len(spread.values), 'single fit')}",
            remark="scored on the test images; \u00b1 deviation over seeds",
            text=with_deviation(spread.mean, spread.deviation),
            value=spread.mean,
            spread=deviation(spread.mean, spread.deviation or 0.0),
            values=spread.values,
        )
    ]


def _reported_strip(found: schema.CrossValidation) -> list[Strip]:
    mean, spread = found.reported.get("accuracy"), found.reported.get("deviation")
    if mean is None:
        return []
    return [
        Strip(
            label="Reported mean of folds",
            remark=words.reported_rows(found.reported_on),
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
    chapter="learning",
)
