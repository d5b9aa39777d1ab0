"""Cross-validation in words: what was held out, which spread is which, and what was reported."""

from vestry.report.formatting import counted, listed, per_cent_range, points, whole, with_deviation
from vestry.report.models import Model
from vestry.schema.cross_validation import CrossValidation
from vestry.schema.models import Member
from vestry.schema.results import Results

_SAME = 0.0005


def sentences(member: Member, found: CrossValidation, results: Results) -> list[str]:
    said = [
        _how(found),
        _untouched(member, found, results),
        _learned_from(found, results),
        _reported(found),
    ]
    return [text for text in said if text]


def _how(found: CrossValidation) -> str:
    """What the folds are and what each model was scored on."""
    kind = "stratified fold" if found.stratified else "fold"
    times = f", {whole(found.repeats)} times over, cut differently each time"
    again = times if found.repeats > 1 else ""
    return (
        f"The {counted(found.rows, 'training row')} were cut into "
        f"{counted(found.folds, kind)}{again}. A fresh model was fitted for each fold and "
        "scored on the fold that it had not seen."
    )


def _untouched(member: Member, found: CrossValidation, results: Results) -> str:
    """What the rows outside the folds were used for: nothing, or to stop in time."""
    rows = counted(results.data.splits["test"].rows, "test row")
    start = f"The {rows} took no part"
    if not found.validation_rows:
        return f"{start}."
    stops = member.training and member.training.patience
    served = "served early stopping only and are" if stops else "are"
    return f"{start}; the {counted(found.validation_rows, 'validation row')} {served} in no fold."


def _learned_from(found: CrossValidation, results: Results) -> str:
    """That a fold's model knows fewer rows than the single one."""
    fewer = round(found.rows * (1 - 1 / found.folds))
    every = results.data.splits["training"].rows
    return (
        f"Each fold\u2019s model learned from {counted(fewer, 'row')}, the single fit from "
        f"{whole(every)}."
    )


def _reported(found: CrossValidation) -> str | None:
    """The report's folds beside ours, and what each was scored on."""
    given = found.reported
    theirs = given.get("accuracy")
    if theirs is None:
        return None
    ours = found.scores["accuracy"]
    there = with_deviation(theirs, given.get("deviation"))
    here = with_deviation(ours.mean, ours.deviation)
    apart = _distance(ours.mean - theirs)
    if found.reported_on == "test":
        return (
            "The report scored its folds on the test set, where every fold meets the same rows: "
            f"{there} there; here {here} on held-out folds, {apart}."
        )
    if found.reported_on == "held_out":
        return f"The report\u2019s held-out folds gave {there}; ours give {here}, {apart}."
    return (
        f"The report gives {there} and does not say what its folds were scored on; ours give "
        f"{here} on held-out folds, {apart}."
    )


def _distance(difference: float) -> str:
    if abs(difference) < _SAME:
        return "the same to a tenth of a point"
    size = points(abs(difference)).lstrip("+")
    return f"{size} points {'higher' if difference > 0 else 'lower'}"


def reported_rows(reported_on: str | None) -> str:
    if reported_on == "test":
        return "scored on the test set there"
    if reported_on == "held_out":
        return "scored on held-out folds there"
    return "scored on rows that the report does not name"


def fold_name(number: int, folds: int, count: int) -> str:
    """ "3", or "3, repeat 2" where the folds were cut more than once; `number` from 0."""
    name = str(number % folds + 1)
    return f"{name}, repeat {number // folds + 1}" if count > folds else name


def kinds_of_spread(models: list[Model], results: Results) -> str:
    """What the two (or three) spreads of the figure are, with this run's own sizes."""
    rows = counted(results.data.splits["test"].rows, "test image")
    folds = listed(
        [
            f"\u00b1 {100 * (found.scores['accuracy'].deviation or 0.0):.1f} ({model.name})"
            for model in models
            if model.member and (found := model.member.cross_validation)
        ]
    )
    tests = listed([f"{per_cent_range(*m.interval('test'))} ({m.name})" for m in models])
    text = (
        f"Two kinds of spread stand here. The deviation over folds, {folds}, is how much accuracy "
        "moves when other rows are learned from and other rows are held out; the broad bar shows "
        f"it. The 95% interval of a single fit, {tests}, is how far a figure from {rows} may be "
        "off; the line with ends shows it."
    )
    if any(m.over_seeds("test", "accuracy") for m in models):
        text += (
            " The deviation over seeds, a broad bar too, is how much a figure moves when the same "
            "rows are learned from again and the same test images are scored."
        )
    return (
        f"{text} A mean of folds and a single test figure are measured on different rows by models "
        "that learned from different numbers of rows: near each other they agree, but neither is "
        "better for being higher."
    )
