"""What each model gains by leaving images unanswered."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vestry.report.formatting import NOTHING, decimal, per_cent, roughly
from vestry.report.models import Model, unsure_main_first
from vestry.report.plot.axis import Axis, share_axis
from vestry.report.plot.curves import answered, coverage_figure, right_axis
from vestry.report.plot.figure import HALF, THIRD, Figure
from vestry.report.section import Section
from vestry.report.sections import abstention_words as words
from vestry.report.table import Column, Table, Value, text_column
from vestry.schema.confidence import Threshold
from vestry.schema.results import Results

_STEPS = 1000
_FEWEST_STEPS = 5
_EXACT = 1e-9


@dataclass(frozen=True)
class Promise:
    """What the study's threshold gives of the first model. right, answered: of the test images;
    None where no threshold can be relied on. told: for whom moves the slider to it."""

    asked: float
    answered: float | None
    told: str


@dataclass(frozen=True)
class Wanted:
    """The slider: accuracy wanted, share answered. points: (share answered, right of these) of the
    model. least, most: accuracies that it can be asked for, in thousandths. rows: (accuracy,
    share answered or None). axis: the figure's upright one."""

    name: str
    points: list[tuple[float, float]]
    least: int
    most: int
    start: int
    rows: list[tuple[float, float | None]]
    promise: Promise
    axis: Axis

    @property
    def of_script(self) -> dict[str, object]:
        """What moves where another model is picked."""
        keys = ("name", "points", "least", "most", "start")
        return {key: getattr(self, key) for key in keys} | {"told": self.promise.told}


@dataclass(frozen=True)
class Abstention:
    """sentence: what can be relied on. wanted: of the first model; None where every answer is
    right, or none. of_models: the script's of each that has a slider, by the model's anchor."""

    sentence: str
    figure: Figure
    wanted: Wanted | None
    of_models: dict[str, dict[str, object]]
    sharpest: str | None
    accuracy: float
    confidence: float
    chosen_on: str
    at_coverage: Table
    thresholds: Table
    answered: Table | None


def abstention_data(results: Results) -> Abstention | None:
    """None for a run without any model that gave probabilities."""
    models = unsure_main_first(results)
    if not models:
        return None
    first = models[0].abstention
    return Abstention(
        sentence=words.threshold_words(models[0]),
        figure=coverage_figure(models, models[0], THIRD if results.robustness else HALF),
        wanted=_wanted(models),
        of_models={
            model.anchor: own.of_script for model in models if (own := _wanted(models, model))
        },
        sharpest=words.sharpest(models),
        accuracy=first.threshold.accuracy_asked,
        confidence=first.threshold.confidence_asked,
        chosen_on=words.chosen_on(results),
        at_coverage=_at_coverage(models),
        thresholds=_thresholds(models),
        answered=_answered_table(models),
    )


def share_answered(points: Sequence[tuple[float, float]], accuracy: float) -> float | None:
    """The largest share of which as many are right; None where no share is that good."""
    return max((share for share, right in points if right >= accuracy - _EXACT), default=None)


def _wanted(models: list[Model], of: Model | None = None) -> Wanted | None:
    model = of or models[0]
    points = answered(model)
    least = math.ceil(_STEPS * points[-1][1] - _EXACT)
    most = math.floor(_STEPS * max(right for _, right in points) + _EXACT)
    if most - least < _FEWEST_STEPS:
        return None
    promise = _promise_of(model)
    asked = round(_STEPS * promise.asked)
    return Wanted(
        name=model.name,
        points=points,
        least=least,
        most=most,
        start=min(most, max(least, asked)),
        rows=[(step, share_answered(points, step)) for step in _steps(least, most)],
        promise=promise,
        axis=right_axis(models),
    )


def _steps(least: int, most: int) -> list[float]:
    """About five round accuracies that can be asked for."""
    ticks = share_axis([least / _STEPS, most / _STEPS]).ticks
    return [tick for tick in ticks if least / _STEPS <= tick <= most / _STEPS]


def _promise_of(model: Model) -> Promise:
    found = model.abstention.threshold
    if found.threshold is None or not found.test:
        return Promise(found.accuracy_asked, None, words.nothing_promised(found))
    told = (
        f"The study asks for {per_cent(found.accuracy_asked)}: promised with "
        f"{per_cent(found.confidence_asked, 0)} confidence where it is at least "
        f"{per_cent(found.threshold)} sure, which is {per_cent(found.test.coverage)} of the test "
        "images."
    )
    return Promise(found.accuracy_asked, found.test.coverage, told)


def _at_coverage(models: list[Model]) -> Table:
    """Accuracy at each coverage that was asked for, and the area under the curve."""
    asked = [row.coverage_asked for row in models[0].abstention.at_coverage]
    columns = [text_column("model", "Model"), Column("accuracy", "All answered", per_cent)]
    for share in asked:
        key = f"{100 * share:.0f}"
        columns += [
            Column(f"right_at_{key}", f"{per_cent(share, 0)} answered", per_cent),
            Column(f"right_at_{key}_low", "95% from", per_cent),
            Column(f"right_at_{key}_high", "to", per_cent),
            Column(f"answered_at_{key}", "answered exactly", per_cent, shown=False),
        ]
    columns += [
        Column("area", "Area under the curve", _per_cent_2),
        Column("excess_area", "Above the least possible", _per_cent_2),
    ]
    rows: list[tuple[Value, ...]] = []
    for model in models:
        found = model.abstention
        cells = [(r.accuracy, *r.interval, r.coverage) for r in found.at_coverage]
        flat = [value for cell in cells for value in cell]
        rows.append((model.name, model.accuracy("test"), *flat, found.area, found.excess_area))
    caption = "Accuracy where only the surest images are answered"
    return Table("at-coverage", caption, tuple(columns), tuple(rows))


def _per_cent_2(share: float | None) -> str:
    return per_cent(share, 2)


def _thresholds(models: list[Model]) -> Table:
    columns = (
        text_column("model", "Model"),
        Column("threshold", "Least confidence", lambda value: decimal(value, 4)),
        Column("validation_answered", "Validation answered", per_cent),
        Column("validation_right", "Right of these", per_cent),
        Column("test_answered", "Test answered", per_cent),
        Column("test_right", "Right of these", per_cent),
        Column("test_right_low", "95% from", per_cent),
        Column("test_right_high", "to", per_cent),
        Column("validation_needed", "Validation images needed", _needed),
        text_column("reason", "Why there is none"),
    )
    rows = [(model.name, *_threshold_row(model.abstention.threshold)) for model in models]
    asked = per_cent(models[0].abstention.threshold.accuracy_asked)
    return Table("thresholds", f"Thresholds for {asked} right", columns, tuple(rows))


def _needed(count: int | None) -> str:
    return NOTHING if count is None else f"about {roughly(count)}"


def _threshold_row(found: Threshold) -> tuple[Value, ...]:
    validation, test = found.validation, found.test
    if found.threshold is None or not validation or not test:
        return (*[None] * 7, found.validation_needed, found.reason)
    low, high = test.interval or (None, None)
    sides = (validation.coverage, validation.accuracy, test.coverage, test.accuracy)
    return (found.threshold, *sides, low, high, None, "")


def _answered_table(models: list[Model]) -> Table | None:
    """What the slider says, of every model; None where there is no slider."""
    wanted = _wanted(models)
    if wanted is None:
        return None
    columns = (
        Column("wanted", "Accuracy wanted", per_cent),
        *(Column(f"answered_{m.anchor}", f"Answered by {m.name}", per_cent) for m in models),
    )
    rows = [
        (step, *(share_answered(answered(model), step) for model in models))
        for step, _ in wanted.rows
    ]
    caption = "Share of test images answered, by the accuracy wanted"
    return Table("answered-for", caption, columns, tuple(rows))


def _tables(found: Abstention) -> list[Table]:
    first = [found.answered] if found.answered else []
    return [*first, found.at_coverage, found.thresholds]


SECTION = Section(
    key="abstention",
    data=abstention_data,
    template="abstention.html.j2",
    title="Leaving images unanswered",
    anchor="abstention",
    chapter="trust",
    tables=_tables,
    figures=lambda found: [found.figure],
)
