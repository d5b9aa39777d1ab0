"""Answering with a set of classes that holds the right one as often as asked."""

from dataclasses import dataclass

from vestry.report.formatting import counted, decimal, listed, per_cent, whole, with_interval
from vestry.report.models import Model, unsure_main_first
from vestry.report.section import Section
from vestry.report.table import Column, Table, Value, text_column
from vestry.schema.confidence import SetRule
from vestry.schema.results import Results

_COLUMNS = 5
"""Sizes with a column of their own; the last also counts all larger sets."""
_FEW_NAMES = 4


@dataclass(frozen=True)
class Conformal:
    """sizes: a row a model. classes: a row a class, of the first model."""

    lead: str
    by_class: str
    drawn: str
    sizes: Table
    leader: str
    classes: Table
    asked: float


def conformal_data(results: Results) -> Conformal | None:
    """None for a run without any model that gave probabilities."""
    models, classes = unsure_main_first(results), results.data.classes
    if not models:
        return None
    first = models[0]
    return Conformal(
        lead=_lead(first),
        by_class=_by_class(first, classes),
        drawn=(_CROSSED if results.data.chosen_by else "") + (_SAME if results.nested else ""),
        sizes=_sizes(models, len(classes)),
        leader=first.name,
        classes=_classes(first, classes),
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


def _sizes(models: list[Model], classes: int) -> Table:
    last = min(classes, _COLUMNS)
    more = " or more" if classes > _COLUMNS else ""
    heads = ["1 class", *(f"{size} classes" for size in range(2, last)), f"{last} classes{more}"]
    columns = (
        text_column("model", "Model"),
        Column("coverage", "Right class in the set", per_cent),
        Column("coverage_low", "95% from", per_cent),
        Column("coverage_high", "to", per_cent),
        Column("mean_size", "Classes, on average", lambda value: decimal(value, 2), sorts="up"),
        *(Column(f"sets_of_{n}", head, per_cent) for n, head in enumerate(heads, 1)),
        Column("filled", "Filled", per_cent),
    )
    rows = tuple(_row(model, last) for model in models)
    return Table("set-sizes", "Sets of classes: how often right, how large", columns, rows)


def _row(model: Model, last: int) -> tuple[Value, ...]:
    test = model.conformal.marginal.test
    counts = [*test.sizes[: last - 1], sum(test.sizes[last - 1 :])]
    shares = [count / test.rows for count in counts]
    filled = test.filled / test.rows
    return (model.name, test.coverage, *test.interval, test.mean_size, *shares, filled)


def _classes(model: Model, classes: list[str]) -> Table:
    """A class's test images in the first model's sets, by either rule."""
    columns = (
        text_column("class", "Class"),
        Column("validation_images", "Validation images", whole),
        Column("one_threshold", "In the set, one threshold", per_cent),
        Column("one_threshold_low", "95% from", per_cent),
        Column("one_threshold_high", "to", per_cent),
        Column("own_threshold", "In the set, a threshold each", per_cent),
        Column("own_threshold_low", "95% from", per_cent),
        Column("own_threshold_high", "to", per_cent),
        Column("in_every_set", "In every set", lambda value: "yes" if value else "", False),
    )
    found = model.conformal
    rows = [
        (
            name,
            found.marginal.validation_by_class[label],
            *_covered(found.marginal, label),
            *_covered(found.by_class, label),
            not found.by_class.thresholds[label],
        )
        for label, name in enumerate(classes)
    ]
    caption = f"Class by class, in the sets of {model.name}"
    return Table("set-classes", caption, columns, tuple(rows))


def _covered(rule: SetRule, label: int) -> tuple[Value, ...]:
    found = rule.test.by_class[label]
    low, high = found.interval or (None, None)
    return found.coverage, low, high


SECTION = Section(
    key="conformal",
    data=conformal_data,
    template="conformal.html.j2",
    title="Answering with a set of classes",
    anchor="conformal",
    chapter="trust",
    tables=lambda found: [found.sizes, found.classes],
)
