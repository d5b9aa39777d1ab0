"""The committee rule that chooses whom to ask, and how often."""

from typing import Any, Self

import numpy as np
from pydantic import Field

from vestry.committees.rule import (
    RULES,
    Card,
    Figures,
    Nodes,
    Options,
    Rule,
    Stack,
    goodness,
    log_losses,
    weighted_mean,
    weighted_nodes,
)
from vestry.predictions.choosing import choosing_score
from vestry.predictions.table import Labels
from vestry.schema.base import ScoreName

_ROUNDS, _START = 50, 1
_BY: ScoreName = "log_loss"
_DIGITS = 12
"""Losses are compared after rounding to this, so that a tie does not hang on the order of sums."""


class _Seats(Options):
    rounds: int = Field(_ROUNDS, ge=1, le=1000, description="seats to give")
    start: int = Field(
        _START, ge=1, le=1000, description="seats that go to the best members at once"
    )
    by: ScoreName = Field(_BY, description="what each seat is to better")


@RULES.register
class Greedy(Rule):
    """Greedy forward selection with replacement, by log loss unless `by` says otherwise (Caruana,
    Niculescu-Mizil, Crew and Ksikes 2004, "Ensemble selection from libraries of models").

    rounds: how many seats the committee has. start: how many of them go to the best members at
    once (the paper's sorted initialisation); each later round gives a seat to the member that
    betters the mean most, and a member may get many. Of the committees passed
    through, the best is kept, the smallest among equals. Ties go to the member that is named first.
    """

    name = "greedy"
    words = "greedy selection with replacement"
    learns = True
    options = _Seats
    by_member = ("chosen", "weights")
    say = "weights"

    def __init__(self, rounds: int = _ROUNDS, start: int = _START, by: ScoreName = _BY) -> None:
        self.rounds = rounds
        self.start = start
        self.by = by

    def fit(self, stacked: Stack, truth: Labels) -> Self:
        alone = np.array([self._loss(values, truth) for values in stacked])
        seats = np.argsort(alone, kind="stable").tolist()[: min(self.start, self.rounds)]
        total = stacked[seats].sum(axis=0)
        self.losses_: list[float] = [self._loss(total / len(seats), truth)]
        first = len(seats)
        while len(seats) < self.rounds:
            losses = [self._loss((total + each) / (len(seats) + 1), truth) for each in stacked]
            best = int(np.argmin(losses))
            seats.append(best)
            total = total + stacked[best]
            self.losses_.append(losses[best])
        kept = first + int(np.argmin(self.losses_))
        self.chosen_ = np.bincount(seats[:kept], minlength=len(stacked))
        return self

    def _loss(self, values: Stack, truth: Labels) -> float:
        """Of (n, classes), rounded; less is better."""
        if self.by == "log_loss":
            return round(float(log_losses(values[None], truth)[0]), _DIGITS)
        return round(-goodness(values, truth, self.by), _DIGITS)

    def combine(self, stacked: Stack) -> Stack:
        return weighted_mean(stacked, self.chosen_ / self.chosen_.sum())

    def card(self) -> dict[str, Any]:
        return {
            "rounds": self.rounds,
            "start": self.start,
            "chosen": self.chosen_.tolist(),
            "weights": (self.chosen_ / self.chosen_.sum()).tolist(),
            "by": self.by,
            "log_loss" if self.by == "log_loss" else "loss": self.losses_,
        }

    @classmethod
    def restored(cls, card: Card, classes: int) -> Self:  # noqa: ARG003
        rule = cls(card["rounds"], card["start"], card.get("by", _BY))
        rule.chosen_ = np.array(card["chosen"], np.int64)
        return rule

    @classmethod
    def nodes(cls, graph: Nodes, stacked: str, card: Card, classes: int) -> str:  # noqa: ARG003
        return weighted_nodes(graph, stacked, card["weights"])

    @classmethod
    def how(cls, learnt: Card) -> str:
        return f"{cls.words}, by {choosing_score(learnt.get('by', _BY)).words}"

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
