"""The committee rule that chooses whom to ask, and how often."""

from collections.abc import Iterator
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
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
_MOST_IN_A_BAG = 2_000
"""Rows of a bag: many bags of some of the rows say as much as many of all."""
_DIGITS = 12
"""Losses are compared after rounding to this, so that a tie does not hang on the order of sums."""


class _Seats(Options):
    later: ClassVar[frozenset[str]] = frozenset({"bags"})

    rounds: int = Field(_ROUNDS, ge=1, le=1000, description="seats to give")
    start: int = Field(
        _START, ge=1, le=1000, description="seats that go to the best members at once"
    )
    by: ScoreName = Field(_BY, description="what each seat is to better")
    bags: int | None = Field(
        None, ge=2, le=1000, description="how often seats are given, each time by rows drawn anew"
    )


@RULES.register
class Greedy(Rule):
    """Greedy forward selection with replacement, by log loss unless `by` says otherwise (Caruana,
    Niculescu-Mizil, Crew and Ksikes 2004, "Ensemble selection from libraries of models").

    rounds: how many seats the committee has. start: how many of them go to the best members at
    once (the paper's sorted initialisation); each later round gives a seat to the member that
    betters the mean most, and a member may get many. Of the committees passed
    through, the best is kept, the smallest among equals. Ties go to the member that is named first.

    bags: where rows are few, chance has much of a say in who gets the next seat. So the seats are
    given that often, each time by rows that are drawn with replacement, as many of each class as
    there are ("bagging", Breiman 1996), and the committee has the seats of all times.
    """

    name = "greedy"
    words = "greedy selection with replacement"
    learns = True
    options = _Seats
    by_member = ("chosen", "weights")
    say = "weights"

    def __init__(
        self,
        rounds: int = _ROUNDS,
        start: int = _START,
        by: ScoreName = _BY,
        bags: int | None = None,
    ) -> None:
        self.rounds = rounds
        self.start = start
        self.by = by
        self.bags = bags

    def fit(self, stacked: Stack, truth: Labels) -> Self:
        if self.bags is None:
            self.chosen_, self.losses_ = self._selected(stacked, truth)
            return self
        bags = [
            self._selected(stacked[:, rows], truth[rows])[0] for rows in _drawn(truth, self.bags)
        ]
        so_far = np.cumsum(bags, axis=0)
        self.chosen_ = so_far[-1]
        self.losses_ = [
            self._loss(weighted_mean(stacked, seats / seats.sum()), truth) for seats in so_far
        ]
        return self

    def _selected(self, stacked: Stack, truth: Labels) -> tuple[NDArray[np.int64], list[float]]:
        """(members,) seats of the best committee, and the losses of all that were passed."""
        alone = np.array([self._loss(values, truth) for values in stacked])
        seats = np.argsort(alone, kind="stable").tolist()[: min(self.start, self.rounds)]
        total = stacked[seats].sum(axis=0)
        passed = [self._loss(total / len(seats), truth)]
        first = len(seats)
        while len(seats) < self.rounds:
            losses = [self._loss((total + each) / (len(seats) + 1), truth) for each in stacked]
            best = int(np.argmin(losses))
            seats.append(best)
            total = total + stacked[best]
            passed.append(losses[best])
        kept = first + int(np.argmin(passed))
        return np.bincount(seats[:kept], minlength=len(stacked)), passed

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
            **({} if self.bags is None else {"bags": self.bags}),
            "log_loss" if self.by == "log_loss" else "loss": self.losses_,
        }

    @classmethod
    def restored(cls, card: Card, classes: int) -> Self:  # noqa: ARG003
        rule = cls(card["rounds"], card["start"], card.get("by", _BY), card.get("bags"))
        rule.chosen_ = np.array(card["chosen"], np.int64)
        return rule

    @classmethod
    def nodes(cls, graph: Nodes, stacked: str, card: Card, classes: int) -> str:  # noqa: ARG003
        return weighted_nodes(graph, stacked, card["weights"])

    @classmethod
    def how(cls, learnt: Card) -> str:
        rows = f"up to {_MOST_IN_A_BAG:,} rows drawn anew"
        bags = f", {learnt['bags']} times by {rows}" if learnt.get("bags") else ""
        return f"{cls.words}, by {choosing_score(learnt.get('by', _BY)).words}{bags}"

    @classmethod
    def figures(cls, learnt: Card) -> Figures | None:
        """Who was chosen how often."""
        chosen: dict[str, int] = learnt.get("chosen") or {}
        if not chosen:
            return None
        kept, asked = sum(chosen.values()), (learnt.get("bags") or 1) * (learnt.get("rounds") or 0)
        more = f" (the best of up to {asked})" if asked > kept else ""
        seats = "1 seat" if kept == 1 else f"{kept} seats"
        parts = [f"{name} has {count or 'none'}" for name, count in chosen.items()]
        return Figures(f"; of {seats}{more}, ", parts)


def _drawn(truth: Labels, bags: int) -> Iterator[NDArray[np.int64]]:
    """Rows of each bag, every class in its share."""
    random = np.random.default_rng(0)
    share = min(1.0, _MOST_IN_A_BAG / len(truth))
    classes = [np.flatnonzero(truth == label) for label in np.unique(truth)]
    for _ in range(bags):
        drawn = [random.choice(own, max(1, round(share * len(own)))) for own in classes]
        yield np.concatenate(drawn)
