"""What needs no model: always the most frequent class, and chance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vestry.evaluation.candidates import Candidate
from vestry.evaluation.chosen_by import ChosenBy
from vestry.evaluation.paired_tests import LEVEL, holm
from vestry.evaluation.predictions import Predictions
from vestry.evaluation.score_standing import one_sided
from vestry.predictions.choosing import KEYS, ChoosingScore
from vestry.predictions.sums import Floats
from vestry.predictions.table import Labels, Split
from vestry.schema.base import OnSplits
from vestry.schema.decision import Baseline, Majority

_SCORES = ("accuracy", "recall_macro", "f1_macro", "log_loss")


@dataclass(frozen=True)
class _Guess:
    """answered: (classes,) how often each is; probabilities: (classes,) what it says of any row."""

    answered: Floats
    probabilities: Floats

    def scores(self, truth: Labels) -> dict[str, float]:
        """What is expected of it on these rows."""
        counts = np.bincount(truth, minlength=len(self.answered))
        shares, there = counts / max(1, len(truth)), counts > 0
        f1 = 2 * shares * self.answered / np.where(there, shares + self.answered, 1)
        given = np.maximum(self.probabilities, np.finfo(np.float64).eps)
        values = (
            shares @ self.answered,
            self.answered[there].mean() if there.any() else 0.0,
            f1[there].mean() if there.any() else 0.0,
            -(shares @ np.log(given)),
        )
        return dict(zip(_SCORES, map(float, values), strict=True))


def baselines(
    evidence: Predictions, classes: Sequence[str], score: ChoosingScore
) -> list[Baseline]:
    """In the order of `score` they stand in the ranking beside the models."""
    counts = np.bincount(evidence.known, minlength=len(classes))
    usual = int(counts.argmax())
    even = np.full(len(classes), 1 / len(classes))
    guesses = {
        f"Always \u201c{classes[usual]}\u201d": _Guess(
            np.eye(len(classes))[usual], counts / counts.sum()
        ),
        "Chance": _Guess(even, even),
    }
    return [
        Baseline(
            name=name,
            scores=OnSplits(
                validation=guess.scores(evidence.truths["validation"]),
                test=guess.scores(evidence.truths["test"]),
            ),
            by_score=OnSplits(
                validation=_by_score(guess, score, "validation", evidence),
                test=_by_score(guess, score, "test", evidence),
            ),
        )
        for name, guess in guesses.items()
    ]


def _by_score(guess: _Guess, score: ChoosingScore, split: Split, evidence: Predictions) -> float:
    """By the score that chooses; by one that goes by ranks, what rows in a random order come to."""
    if score.chance is not None:
        return score.chance
    return guess.scores(evidence.truths[split])[KEYS.get(score.name, score.name)]


def above_by_score(
    everyone: Sequence[Candidate], by: ChosenBy, majority: Majority, usual: Baseline
) -> Majority:
    """Who is better than the majority class by a score that is no accuracy: Student's t with the
    variance of the resamples, on which that of the class is always the same; one-sided, Holm over
    all models."""
    floor = by.score.sign * usual.by_score.validation
    p = [one_sided(each.by_score, floor) for each in everyone if each.by_score]
    names = [each.name for each in everyone if each.by_score]
    above = [name for name, each in zip(names, holm(p), strict=True) if each < LEVEL]
    return majority.model_copy(
        update={
            "above": above,
            "not_above": [each.name for each in everyone if each.name not in above],
        }
    )
