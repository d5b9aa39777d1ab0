"""What each model gains by leaving images unanswered."""

from dataclasses import dataclass

from vestry.report.formatting import NOTHING, counted, listed, per_cent, roughly, with_interval
from vestry.report.models import Model, models_by_rank, unsure
from vestry.report.plot.curves import RiskCoverage, risk_coverage
from vestry.report.section import Section
from vestry.schema import confidence as schema
from vestry.schema.confidence import Answered, AtCoverage, Threshold
from vestry.schema.results import Results

# What a model is right on where it may leave images unanswered, in words.


_USUAL = 0.9
_ALL = 0.9995
_LEAST_DRAWN = 30
_ALSO_CHOSEN = (
    "Where the same images stopped a training early or chose among settings, they flatter, and the "
    "guarantee is somewhat weaker. "
)
_CROSSED = (
    "The validation images are all training images, answered by the models of the folds; the model "
    "that stays learnt from more of them, so the guarantee is not exact. "
)


def _chosen_on(results: Results) -> str:
    """Which images chose the threshold, and whether the test images are others."""
    crossed = _CROSSED if results.data.chosen_by else _ALSO_CHOSEN
    if results.nested:
        return f"{crossed}The test images are the same ones and confirm nothing. "
    return f"{crossed}The test images had no say in it. "


def _answering(model: Model) -> str:
    """How it does where it may leave a tenth of the images out; follows on its accuracy."""
    row = _usual(model)
    if row.coverage > _ALL:
        return (
            "It is equally sure of too many images for a threshold to leave "
            f"{per_cent(1 - row.coverage_asked, 0)} of them unanswered."
        )
    of_these = _share(row)
    return (
        f"Answering only the {per_cent(row.coverage)} of them that it is surest of, "
        f"it is right on {of_these}."
    )


def _usual(model: Model) -> AtCoverage:
    rows = model.abstention.at_coverage
    return min(rows, key=lambda row: abs(row.coverage_asked - _USUAL))


def _threshold_words(model: Model) -> str:
    found = model.abstention.threshold
    validation, test = found.validation, found.test
    if found.threshold is None or not validation or not test:
        return _no_threshold(model, found)
    who = f"{model.name}{model.of_seed}"
    if not found.threshold:
        return (
            f"{who} may answer every image: {_promise(found)}. It is right on "
            f"{_share(validation)} of the validation images and on {_share(test)} of the test "
            f"images{_kept(test, found.accuracy_asked)}."
        )
    start = (
        f"Where {who} answers only images of which it is at least "
        f"{per_cent(found.threshold)} sure, {_promise(found)}. That leaves it "
        f"{per_cent(validation.coverage)} of the validation images, where the threshold was chosen"
    )
    if not test.rows:
        return f"{start}. Of the test images it is so sure of none."
    return (
        f"{start}, and {per_cent(test.coverage)} of the test images, of which it is right on "
        f"{_share(test)}{_kept(test, found.accuracy_asked)}."
    )


def _promise(found: Threshold) -> str:
    return (
        f"it can be relied on (with {per_cent(found.confidence_asked, 0)} confidence) to be right "
        f"on {per_cent(found.accuracy_asked)} or more of what it answers"
    )


def _no_threshold(model: Model, found: Threshold) -> str:
    asked = (
        f"No threshold can be relied on (with {per_cent(found.confidence_asked, 0)} confidence) to "
        f"make {per_cent(found.accuracy_asked)} of the answers of {model.name}{model.of_seed} right"
    )
    if found.validation_needed is None:
        return f"{asked}: {found.reason}."
    return (
        f"{asked}: {counted(found.validation_rows, 'validation image')} are too few. About "
        f"{roughly(found.validation_needed)} would do, if it is as often right on these."
    )


def _share(side: Answered | AtCoverage) -> str:
    if side.accuracy is None or side.interval is None:
        return NOTHING
    return with_interval(side.accuracy, *side.interval)


def _kept(test: Answered, asked: float) -> str:
    """Whether the test images agree with what validation promised."""
    low, high = test.interval or (0.0, 1.0)
    if high < asked:
        return ", less than was asked"
    return ", more than was asked" if low > asked else ""


def _sharpest(models: list[Model]) -> str | None:
    """Who puts its mistakes last; only where there are models to compare."""
    if len(models) < 2:
        return None
    first, second, *_ = sorted(models, key=lambda m: m.abstention.area)
    least = [model.name for model in models if _area(model) == _area(first)]
    if len(least) > 1:
        return (
            "The area under the curve, the mean share of mistakes over all coverages, is least, "
            f"{_area(first)}, for {listed(least)} alike."
        )
    return (
        f"The area under the curve, the mean share of mistakes over all coverages, is least for "
        f"{first.name} ({_area(first)}), then for {second.name} ({_area(second)})."
    )


def _area(model: Model) -> str:
    return per_cent(model.abstention.area, 2)


def _drawn_from(rows: int) -> str:
    least = f", drawn from {_LEAST_DRAWN} answers on" if rows >= _LEAST_DRAWN else ""
    return f"of {counted(rows, 'test image')}{least}"


def _cell(row: AtCoverage) -> str:
    """ "98.1% (97.8 to 98.4)", with the coverage where ties made it another one."""
    off = row.coverage - row.coverage_asked
    return f"{_share(row)} at {per_cent(row.coverage)}" if off > 0.0005 else _share(row)


@dataclass(frozen=True)
class Abstaining:
    """One model's row. at_coverage: its accuracy in words at each coverage of the head."""

    model: Model
    found: schema.Abstention
    at_coverage: list[str]


@dataclass(frozen=True)
class Abstention:
    lead: str
    threshold: str
    figure: RiskCoverage
    drawn: str
    sharpest: str | None
    coverages: list[float]
    accuracy: float
    confidence: float
    chosen_on: str
    rows: list[Abstaining]


def abstention_data(results: Results) -> Abstention | None:
    """None for a run without any model that gave probabilities."""
    ranked = unsure(models_by_rank(results))
    if not ranked:
        return None
    first = ranked[0].abstention
    return Abstention(
        lead=_answering(ranked[0]),
        threshold=_threshold_words(ranked[0]),
        figure=risk_coverage(ranked, _LEAST_DRAWN),
        drawn=_drawn_from(first.rows),
        sharpest=_sharpest(ranked),
        coverages=[row.coverage_asked for row in first.at_coverage],
        accuracy=first.threshold.accuracy_asked,
        confidence=first.threshold.confidence_asked,
        chosen_on=_chosen_on(results),
        rows=[
            Abstaining(model, found, [_cell(row) for row in found.at_coverage])
            for model in ranked
            for found in [model.abstention]
        ],
    )


SECTION = Section(
    key="abstention",
    data=abstention_data,
)
