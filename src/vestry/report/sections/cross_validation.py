"""Folds beside the single fit, each with its own spread."""

from dataclasses import dataclass

from vestry.predictions.scores import MAIN_SCORES, is_share, score_words
from vestry.report.formatting import (
    counted,
    decimal,
    duration,
    per_cent,
    whole,
    with_deviation,
    with_interval,
)
from vestry.report.models import Model, models_in_study_order
from vestry.report.plot.figure import Figure
from vestry.report.plot.strips import Strip, deviation, interval, strip_axis, strip_figure
from vestry.report.section import Section
from vestry.report.sections import cross_validation_words as words
from vestry.report.table import Column, Table, Value, text_column
from vestry.schema import cross_validation as schema
from vestry.schema.results import Results

# A cross-validation's folds in numbers.


def _fold_table(model: Model, found: schema.CrossValidation) -> Table:
    """A row a fold; mean and deviation below."""
    count = len(found.scores["accuracy"].values)
    spreads = {name: found.scores[name] for name in MAIN_SCORES if name in found.scores}
    columns = (
        text_column("fold", "Fold"),
        Column("held_out", "Held-out rows", whole),
        *(Column(name, _title(name), per_cent if is_share(name) else decimal) for name in spreads),
        Column("fit_seconds", "Time to fit", duration),
    )
    rows: list[tuple[Value, ...]] = [
        (
            words.fold_name(number, found.folds, count),
            found.fold_rows[number % len(found.fold_rows)],
            *(spread.values[number] for spread in spreads.values()),
            found.fit_seconds[number],
        )
        for number in range(count)
    ]
    seconds = sum(found.fit_seconds) / count
    rows.append(("mean", None, *(spread.mean for spread in spreads.values()), seconds))
    rows.append(("deviation", None, *(spread.deviation for spread in spreads.values()), None))
    return Table(f"folds-{model.anchor}", f"Folds of {model.name}", columns, tuple(rows))


def _title(score: str) -> str:
    name = score_words(score)
    return f"{name[0].upper()}{name[1:]}"


@dataclass(frozen=True)
class Validated:
    """One cross-validated member."""

    model: Model
    strips: list[Strip]
    figure: Figure
    sentences: list[str]
    table: Table


@dataclass(frozen=True)
class CrossValidation:
    """Figures of all members share one scale."""

    members: list[Validated]
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
            Validated(
                model=model,
                strips=own,
                figure=strip_figure(
                    f"cross-validation-{model.anchor}",
                    f"Folds and single fit of {model.name}",
                    own,
                    axis,
                ),
                sentences=words.sentences(member, folds, results),
                table=_fold_table(model, folds),
            )
            for (model, member, folds), own in zip(found, strips, strict=True)
        ],
        remark=words.kinds_of_spread([model for model, *_ in found], results),
    )


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
    tables=lambda found: [member.table for member in found.members],
    figures=lambda found: [member.figure for member in found.members],
)
