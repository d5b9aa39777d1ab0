"""Committee rules that average probabilities."""

from typing import Any, Literal

import numpy as np

from vestry.committees.rule import FLOOR, Labels, Rule, Stack, log_losses, weighted_mean

By = Literal["accuracy", "log_loss"]


class Mean(Rule):
    """The plain mean of the members' probability vectors; every member counts alike.

    The sum rule of Kittler, Hatef, Duin and Matas (1998), "On combining classifiers".
    """

    learns = False

    def fit(self, stacked: Stack, truth: Labels) -> "Mean":  # noqa: ARG002
        return self

    def combine(self, stacked: Stack) -> Stack:
        return np.asarray(stacked.mean(axis=0))

    def card(self) -> dict[str, Any]:
        return {}


class Weighted(Rule):
    """A mean whose weights follow from how good each member is; they sum to 1.

    by accuracy: in proportion to the accuracy above chance, max(0, accuracy - 1 / classes), so that
    a member that guesses has no say; where no member is above chance, all count alike. by log_loss:
    in proportion to exp(-log loss), which is the geometric mean of the probability that the member
    gave to the truth. Weights from each member's own quality are among those that Kuncheva (2014),
    "Combining Pattern Classifiers", section 5.2, compares.
    """

    learns = True

    def __init__(self, by: By = "accuracy") -> None:
        self.by = by

    def fit(self, stacked: Stack, truth: Labels) -> "Weighted":
        self.notes_: list[str] = []
        if self.by == "accuracy":
            right = (stacked.argmax(axis=2) == truth).mean(axis=1)
            quality = np.maximum(right - 1 / stacked.shape[2], 0.0)
        else:
            losses = log_losses(stacked, truth)
            quality = np.exp(losses.min() - losses)
        if quality.sum() == 0:
            self.notes_ = ["no member was better than guessing, so all of them count alike"]
            quality = np.ones(len(stacked))
        self.weights_ = quality / quality.sum()
        return self

    def combine(self, stacked: Stack) -> Stack:
        return weighted_mean(stacked, self.weights_)

    def card(self) -> dict[str, Any]:
        return {"by": self.by, "weights": self.weights_.tolist(), "notes": self.notes_}


class Geometric(Rule):
    """The normalised geometric mean of the members' probabilities, floored.

    A class that one member thinks impossible stays improbable however sure the others are. The
    logarithmic opinion pool with equal weights (Genest and Zidek 1986, "Combining probability
    distributions").
    """

    learns = False

    def fit(self, stacked: Stack, truth: Labels) -> "Geometric":  # noqa: ARG002
        return self

    def combine(self, stacked: Stack) -> Stack:
        logs = np.log(np.maximum(stacked, FLOOR)).mean(axis=0)
        powers = np.exp(logs - logs.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def card(self) -> dict[str, Any]:
        return {"floor": FLOOR}


# The committee rule that counts votes.


class Vote(Rule):
    """The class that most members name wins; among classes with equally many votes, the one with
    the highest mean probability.

    Its probabilities are (votes + mean probability) / (members + 1): the votes' shares, with the
    members' mean as one vote more. They sum to 1, no class gets 0 for want of votes, and the most
    probable class is the vote's winner: a vote more outweighs any difference of means. Plurality
    voting, as in Kuncheva (2014), "Combining Pattern Classifiers", section 4.3.
    """

    learns = False

    def fit(self, stacked: Stack, truth: Labels) -> "Vote":  # noqa: ARG002
        return self

    def combine(self, stacked: Stack) -> Stack:
        members, _, classes = stacked.shape
        votes = np.eye(classes)[stacked.argmax(axis=2)].sum(axis=0)
        return np.asarray((votes + stacked.mean(axis=0)) / (members + 1))

    def card(self) -> dict[str, Any]:
        return {}
