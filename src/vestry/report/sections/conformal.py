"""Answering with a set of classes that holds the right one as often as asked."""

from dataclasses import dataclass

from vestry.report.formatting import counted, decimal, listed, per_cent, with_interval
from vestry.report.models import Model, models_by_rank, unsure
from vestry.report.section import Section
from vestry.schema.confidence import SetRule
from vestry.schema.results import Results

_COLUMNS = 5
"""Sizes with a column of their own; the last also counts all larger sets."""
_FEW_NAMES = 4


@dataclass(frozen=True)
class SetRow:
    """A model's sets by one rule. sizes: shares of test images, as many as there are heads."""

    model: Model
    coverage: str
    mean_size: str
    sizes: list[float]
    filled: float


@dataclass(frozen=True)
class ClassRow:
    """A class's test images in the leader's sets, by either rule."""

    name: str
    validation_rows: int
    together: str
    by_class: str
    promised: bool


@dataclass(frozen=True)
class Conformal:
    lead: str
    by_class: str
    drawn: str
    heads: list[str]
    rows: list[SetRow]
    leader: str
    classes: list[ClassRow]
    asked: float


def conformal_data(results: Results) -> Conformal | None:
    """None for a run without any model."""
    ranked = unsure(models_by_rank(results))
    if not ranked:
        return None
    first, classes = ranked[0], results.data.classes
    return Conformal(
        lead=_lead(first),
        by_class=_by_class(first, classes),
        drawn=(_CROSSED if results.data.chosen_by else "") + (_SAME if results.nested else ""),
        heads=_heads(len(classes)),
        rows=[_row(model, len(classes)) for model in ranked],
        leader=first.name,
        classes=[_class_row(first, label, name) for label, name in enumerate(classes)],
        asked=first.conformal.coverage_asked,
    )


_SAME = "The test images are the same ones, so their shares confirm nothing. "
_CROSSED = (
    "The validation images are all training images, answered by the models of the folds "
    "(cross-conformal): coverage is near what was asked, not exactly. "
)


def _lead(model: Model) -> str:
    found = model.conformal
    asked = per_cent(found.coverage_asked, 0)
    test, threshold = found.marginal.test, found.marginal.thresholds[0]
    if not threshold and found.validation_rows >= found.rows_needed:
        return (
            f"{model.name} gives the right class a probability of 0 for more than "
            f"{per_cent(1 - found.coverage_asked, 0)} of the validation images: only the set of "
            f"all classes holds it for {asked}."
        )
    if not threshold:
        return (
            f"A set that holds the right class of {asked} of the images cannot be promised for "
            f"{model.name}, unless it holds every class: that takes "
            f"{counted(found.rows_needed, 'validation image')}, and there are "
            f"{found.validation_rows}."
        )
    said = (
        f"Instead of one class {model.name}{model.of_seed} can name every class that it gives "
        f"{_at_least(threshold)}, a set made to hold the right one for {asked} of the "
        f"images: on the test images it does for {with_interval(test.coverage, *test.interval)}, "
        f"with {decimal(test.mean_size, 2)} classes on average; {per_cent(test.singletons)} of the "
        "sets name one class."
    )
    if not test.filled:
        return said
    return (
        f"{said} {counted(test.filled, 'set')} would be empty and "
        f"{'holds' if test.filled == 1 else 'hold'} the most probable class, so that more is "
        f"covered than was asked (else {per_cent(test.unfilled_coverage)})."
    )


def _at_least(threshold: float) -> str:
    text = per_cent(threshold)
    return "practically 100%" if text == per_cent(1) else f"{text} or more"


def _by_class(model: Model, classes: list[str]) -> str:
    """What can be promised for each class."""
    found = model.conformal
    asked, test = per_cent(found.coverage_asked, 0), found.by_class.test
    said = (
        f"With a threshold for each class the same is asked of every class ({asked} of its "
        f"images); sets then have {decimal(test.mean_size, 2)} classes on average."
    )
    counts = found.by_class.validation_by_class
    few = [name for name, rows in zip(classes, counts, strict=True) if rows < found.rows_needed]
    if not few:
        return said
    names = listed(few) if len(few) <= _FEW_NAMES else f"{len(few)} of {len(classes)} classes"
    return (
        f"{said} {names}: fewer than {found.rows_needed} validation images, so that nothing can be "
        "promised for them but by naming them in every set."
    )


def _heads(classes: int) -> list[str]:
    last = min(classes, _COLUMNS)
    more = " or more" if classes > _COLUMNS else ""
    return ["1 class", *(f"{size} classes" for size in range(2, last)), f"{last} classes{more}"]


def _row(model: Model, classes: int) -> SetRow:
    test = model.conformal.marginal.test
    last = min(classes, _COLUMNS) - 1
    counts = [*test.sizes[:last], sum(test.sizes[last:])]
    return SetRow(
        model=model,
        coverage=with_interval(test.coverage, *test.interval),
        mean_size=decimal(test.mean_size, 2),
        sizes=[count / test.rows for count in counts],
        filled=test.filled / test.rows,
    )


def _class_row(model: Model, label: int, name: str) -> ClassRow:
    found = model.conformal
    return ClassRow(
        name=name,
        validation_rows=found.marginal.validation_by_class[label],
        together=_covered(found.marginal, label),
        by_class=_covered(found.by_class, label),
        promised=found.by_class.thresholds[label] > 0,
    )


def _covered(rule: SetRule, label: int) -> str:
    found = rule.test.by_class[label]
    if found.coverage is None or found.interval is None:
        return per_cent(None)
    return with_interval(found.coverage, *found.interval)


SECTION = Section(
    key="conformal",
    data=conformal_data,
)
