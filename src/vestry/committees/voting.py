"""The committee rule that counts votes."""

from typing import Any

import numpy as np

from vestry.committees.rule import Labels, Rule, Stack


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
