"""The committee rule that chooses whom to ask, and how often."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vestry.committees.rule import (
    FLOOR,
    RULES,
    Card,
    Figures,
    Nodes,
    Options,
    Rule,
    Stack,
    log_losses,
    weighted_mean,
    weighted_nodes,
)
from vestry.predictions.table import Labels

_ROUNDS, _START = 50, 1
_DIGITS = 12
"""Losses are compared after rounding to this, so that a tie does not hang on the order of sums."""


class _Seats(Options):
    rounds: int = Field(_ROUNDS, ge=1, le=1000, description="seats to give")
    start: int = Field(
        _START, ge=1, le=1000, description="seats that go to the best members at once"
    )


@RULES.register
class Greedy(Rule):
    """Greedy forward selection with replacement, by log loss (Caruana, Niculescu-Mizil, Crew and
    Ksikes 2004, "Ensemble selection from libraries of models").

    rounds: how many seats the committee has. start: how many of them go to the best members at
    once (the paper's sorted initialisation); each later round gives a seat to the member that
    lowers the log loss of the mean most, and a member may get many. Of the committees passed
    through, the best is kept, the smallest among equals. Ties go to the member that is named first.
    """

    name = "greedy"
    words = "greedy selection with replacement, by log loss"
    learns = True
    options = _Seats
    by_member = ("chosen", "weights")

    def __init__(self, rounds: int = _ROUNDS, start: int = _START) -> None:
        self.rounds = rounds
        self.start = start

    def fit(self, stacked: Stack, truth: Labels) -> Self:
        given = stacked[:, np.arange(len(truth)), truth]
        seats = np.argsort(np.round(log_losses(stacked, truth), _DIGITS), kind="stable").tolist()
        seats = seats[: min(self.start, self.rounds)]
        self.losses_: list[float] = [_loss_of(given[seats].mean(axis=0))]
        first = len(seats)
        total = given[seats].sum(axis=0)
        while len(seats) < self.rounds:
            losses = [_loss_of((total + row) / (len(seats) + 1)) for row in given]
            best = int(np.argmin(losses))
            seats.append(best)
            total = total + given[best]
            self.losses_.append(losses[best])
        kept = first + int(np.argmin(self.losses_))
        self.chosen_ = np.bincount(seats[:kept], minlength=len(stacked))
        return self

    def combine(self, stacked: Stack) -> Stack:
        return weighted_mean(stacked, self.chosen_ / self.chosen_.sum())

    def card(self) -> dict[str, Any]:
        return {
            "rounds": self.rounds,
            "start": self.start,
            "chosen": self.chosen_.tolist(),
            "weights": (self.chosen_ / self.chosen_.sum()).tolist(),
            "log_loss": self.losses_,
        }

    @classmethod
    def restored(cls, card: Card, classes: int) -> Self:  # noqa: ARG003
        rule = cls(card["rounds"], card["start"])
        rule.chosen_ = np.array(card["chosen"], np.int64)
        return rule

    @classmethod
    def nodes(cls, graph: Nodes, stacked: str, card: Card, classes: int) -> str:  # noqa: ARG003
        return weighted_nodes(graph, stacked, card["weights"])

    @classmethod
    def figures(cls, learnt: Card) -> Figures | None:
        """Who was chosen how often."""
        chosen: dict[str, int] = learnt.get("chosen") or {}
        if not chosen:
            return None
        kept, asked = sum(chosen.values()), learnt.get("rounds")
        more = f" (the best of up to {asked})" if asked and asked > kept else ""
        seats = "1 seat" if kept == 1 else f"{kept} seats"
        parts = [f"{name} has {count or 'none'}" for name, count in chosen.items()]
        return Figures(f"; of {seats}{more}, ", parts)


def _loss_of(given: NDArray[np.float64]) -> float:
    """The log loss of (n,) probabilities of the truth, rounded."""
    return round(float(-np.log(np.maximum(given, FLOOR)).mean()), _DIGITS)
