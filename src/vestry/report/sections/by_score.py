"""The score that orders the models, what needs no model, and how unbalanced classes are."""

from vestry.evaluation.rank_curves import UNBALANCED
from vestry.report.formatting import decimal, listed, per_cent
from vestry.report.models import chosen_on
from vestry.schema.decision import Baseline, ScoreChosenBy
from vestry.schema.results import Results

_FEW = 4
_FAR = 0.5


def orders_by(results: Results) -> str:
    """ "accuracy"."""
    return results.score.words if results.score else "accuracy"


def is_accuracy(results: Results) -> bool:
    return results.score is None or results.score.name == "accuracy"


def _figure(score: ScoreChosenBy, value: float | None) -> str:
    """As the score is written."""
    return per_cent(value) if score.unit == "share" else decimal(value)


def by_guessing(results: Results, accuracy: float) -> str:
    """What always answering the most frequent class comes to, by the score that orders the models;
    to be followed by the images. accuracy: of that."""
    if results.score is None or is_accuracy(results) or not results.baselines:
        return f"is right on {per_cent(accuracy)} of"
    figure = _figure(results.score, results.baselines[0].by_score.validation)
    return f"comes to {figure} by {results.score.words} on"


def probability(share: float | None) -> str:
    """ "under 1%", "37%", "over 99%"."""
    if share is None:
        return per_cent(None)
    if share < 0.01:
        return "under 1%"
    return "over 99%" if share > 0.99 else per_cent(share, 0)


def is_unbalanced(results: Results) -> bool:
    return results.score is not None and results.score.rarest < UNBALANCED


def misleading(results: Results) -> str | None:
    """That an accuracy misleads, where classes are unbalanced."""
    if results.score is None or not is_unbalanced(results) or not results.baselines:
        return None
    usual = results.baselines[0]
    times = 1 / results.score.rarest
    text = (
        f"The commonest class has {times:.0f} times as many images as the rarest, so accuracy "
        f"misleads{_by_guessing(usual, results)}. Balanced accuracy, the mean share found of each "
        "class, stands beside it."
    )
    if is_accuracy(results):
        text += (
            ' The order is by accuracy all the same; `score = "balanced_accuracy"` in `[decision]` '
            "changes that."
        )
    return text


def _by_guessing(usual: Baseline, results: Results) -> str:
    """How far one gets without a model, where that is far."""
    accuracy = usual.scores.validation["accuracy"]
    if accuracy < _FAR:
        return ", since it says little of rare classes"
    return (
        f": {usual.name[0].lower()}{usual.name[1:]} is right on {per_cent(accuracy)} of the "
        f"{chosen_on(results).images}"
    )


def not_above(results: Results) -> str | None:
    """Who is not shown to be better than always answering the most frequent class."""
    names = [row.name for row in results.ranking if row.above_majority is False]
    if not names or not results.baselines:
        return None
    usual = results.baselines[0].name
    who = listed(names) if len(names) <= _FEW else f"{len(names)} models"
    be = "is" if len(names) == 1 else "are"
    return (
        f"{who} {be} not shown to be better than {usual[0].lower()}{usual[1:]} on the "
        f"{chosen_on(results).images}."
    )
