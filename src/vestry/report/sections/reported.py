"""What somebody else reported, beside our own figures of the same kind."""

from dataclasses import dataclass

from vestry.predictions.scores import is_share, score_words
from vestry.report.formatting import listed, per_cent, signed
from vestry.report.models import Model, models_in_study_order
from vestry.report.sections import committees
from vestry.report.table import Column, Table, text_column
from vestry.schema.models import Committee
from vestry.schema.results import Results

_DIGITS = 4


@dataclass(frozen=True)
class Reported:
    """A reported figure beside ours; `against` says which figure of ours that is."""

    model: str
    score: str
    reported: float
    ours: float
    against: str
    is_share: bool


def reported_accuracy(model: Model, results: Results) -> Reported | None:
    """None where none was reported."""
    words = score_words("accuracy")
    return next((each for each in _reported(model, results) if each.score == words), None)


def reported_figures(results: Results) -> list[Reported]:
    """Every reported figure that we have a counterpart of, in the study's order."""
    return [each for model in models_in_study_order(results) for each in _reported(model, results)]


def _reported(model: Model, results: Results) -> list[Reported]:
    taken = mean_scores(model, results)
    found = []
    for score, reported in model.reported.items():
        ours = _our_figure(model, score, score in taken)
        if ours is not None:
            against = "mean of its members" if score in taken else "its own"
            words, share = score_words(score), is_share(score)
            found.append(Reported(model.name, words, reported, ours, against, share))
    return found


def members_of(committee: Model, results: Results) -> list[Model]:
    """None of a member."""
    names = committee.entry.members if isinstance(committee.entry, Committee) else []
    return [m for m in models_in_study_order(results) if not m.is_committee and m.name in names]


def mean_scores(model: Model, results: Results) -> list[str]:
    """Scores of a committee whose reported figure is really its members' mean."""
    return committees.scores_taken_for_means(model, members_of(model, results))


def _our_figure(model: Model, score: str, mean_taken: bool) -> float | None:
    """Our counterpart of a reported test figure."""
    if mean_taken and isinstance(model.entry, Committee):
        return model.entry.mean_of_members.test.get(score)
    return model.score("test", score)


def reported_table(found: list[Reported]) -> Table:
    return Table(
        "reported",
        "Reported figures beside ours, of the test images",
        (
            text_column("model", "Model"),
            text_column("score", "Figure"),
            Column("reported", "Reported", _four_digits),
            Column("ours", "Ours", _four_digits),
            Column("difference", "Ours less reported", lambda value: signed(value, _DIGITS)),
            text_column("compared_with", "Compared with"),
        ),
        tuple(
            (
                each.model,
                each.score,
                each.reported,
                each.ours,
                each.ours - each.reported,
                each.against,
            )
            for each in found
        ),
    )


def _four_digits(value: float) -> str:
    return f"{value:.{_DIGITS}f}"


def reported_remark(compared: list[tuple[Model, float]]) -> str | None:
    """How many reported accuracies our intervals hold. `compared`: models with such a figure."""
    if not compared:
        return None
    outside = [
        f"{model.name} (reported {per_cent(value)}, ours {per_cent(model.accuracy('test'))})"
        for model, value in compared
        if not model.interval("test")[0] <= value <= model.interval("test")[1]
    ]
    inside = len(compared) - len(outside)
    if len(compared) == 1:
        where = "outside" if outside else "inside"
        return f"The one reported accuracy lies {where} our 95% interval."
    if not outside:
        return f"All {inside} reported accuracies lie inside our 95% intervals."
    how_many = f"{inside} of {len(compared)}" if inside else f"None of the {len(compared)}"
    verb = "lie" if inside > 1 else "lies"
    return (
        f"{how_many} reported accuracies {verb} inside our 95% intervals; "
        f"outside: {listed(outside)}."
    )
