"""The committee rule that learns how to combine: multinomial logistic regression."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from threadpoolctl import threadpool_limits

from vestry.committees.regression import ITERATIONS, Floats, Regression, regress
from vestry.committees.rule import (
    FLOOR,
    RULES,
    Card,
    Figures,
    Nodes,
    Options,
    Rule,
    Stack,
    canonical_order,
    folds,
    goodness,
    log_nodes,
    mean_nodes,
    named_figures,
)
from vestry.predictions.table import Labels
from vestry.schema.base import ScoreName

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Candidates for C, the inverse strength of the penalty: the strongest penalty first."""
_FOLDS = 5
_TOLERANCE = 1e-6
ROUGH = 3e-4
"""Measured with eight members and 7,000 rows: to go on from there takes ten times as long, lowers
the log loss by 0.0004 and changes 15 labels."""
WORK = 45_000_000
"""Rows x members x classes squared x fits that may be done again: some 5 s on one core."""


class _Penalty(Options):
    by: ScoreName = Field("log_loss", description="what the penalty is chosen by")


@RULES.register
class Stacking(Rule):
    """Multinomial logistic regression on the members' log probabilities, with an L2 penalty.

    Stacked generalisation (Wolpert 1992), with probabilities as its level-1 data and a linear model
    on top as Ting and Witten (1999), "Issues in stacked generalization", advise. What is minimised
    is sum(log loss) + |coefficients|^2 / (2 C), which is convex; the intercepts are free. C is the
    candidate with the lowest log loss (or the best score, `by`) in a 5-fold cross-validation of
    the rows it is fitted on, unless `strength` gives it. tolerance: the largest slope of the final
    fit that counts as flat, per row.

    A class of which there is no row keeps the members' mean probability: nothing can be learnt of
    it.
    """

    name = "stacking"
    words = "multinomial logistic regression on the members\u2019 log probabilities"
    learns = True
    options = _Penalty
    by_member = ("influence",)
    for_computing = ("coefficients", "intercepts")
    refit_words = "The regression was fitted again with the penalty that the committee chose."

    def __init__(
        self,
        strength: float | None = None,
        tolerance: float = _TOLERANCE,
        by: ScoreName = "log_loss",
    ) -> None:
        self.strength = strength
        self.tolerance = tolerance
        self.by = by

    def fit(self, stacked: Stack, truth: Labels) -> Self:
        # Many small products: on a busy machine a second thread waits longer than it works.
        with threadpool_limits(1):
            return self._learn(stacked, truth)

    def _learn(self, stacked: Stack, truth: Labels) -> Self:
        order = canonical_order(stacked, truth)
        stacked, truth = stacked[:, order], truth[order]
        self.present_ = np.unique(truth)
        self.shape_ = (len(stacked), stacked.shape[2])
        self.notes_: list[str] = []
        labels = np.searchsorted(self.present_, truth)
        self.losses_ = self._cross_validate(stacked, labels) if self.strength is None else []
        self.strength_ = self.strength or self._best_strength()
        self.model_ = regress(
            design(stacked), labels, len(self.present_), self.strength_, self.tolerance
        )
        if not self.model_.converged:
            self.notes_.append(
                f"the regression stopped after {ITERATIONS:,} steps, before it converged"
            )
        absent = self.shape_[1] - len(self.present_)
        if absent:
            self.notes_.append(
                f"{absent} of {self.shape_[1]} classes had no rows to learn from; "
                "they keep the members' mean probability"
            )
        return self

    def _cross_validate(self, stacked: Stack, labels: Labels) -> list[float]:
        """The held-out loss of each candidate; none where there are too few rows."""
        if len(labels) < 2 * _FOLDS:
            self.notes_.append(
                f"{len(labels)} rows are too few to choose a penalty by cross-validation; "
                "the strongest was taken"
            )
            return []
        held_out_logs = np.empty((len(STRENGTHS), len(labels), len(self.present_)))
        features = design(stacked)
        for fitted, held_out in folds(stacked, labels, _FOLDS):
            model = None
            for place, strength in enumerate(STRENGTHS):
                model = regress(
                    features[fitted], labels[fitted], len(self.present_), strength, ROUGH, model
                )
                held_out_logs[place, held_out] = model.log_probabilities(features[held_out])
        return [round(self._loss(logs, labels), 12) for logs in held_out_logs]

    def _loss(self, logs: Floats, labels: Labels) -> float:
        """Of held-out rows' (n, classes learnt) log probabilities; less is better."""
        if self.by == "log_loss":
            given = logs[np.arange(len(labels)), labels]
            return float(-np.maximum(given, np.log(FLOOR)).mean())
        return -goodness(np.exp(logs), labels, self.by)

    def _best_strength(self) -> float:
        """Of equal losses the stronger penalty, as where there is none."""
        return STRENGTHS[int(np.argmin(self.losses_))] if self.losses_ else STRENGTHS[0]

    def combine(self, stacked: Stack) -> Stack:
        learnt = np.exp(self.model_.log_probabilities(design(stacked)))
        if len(self.present_) == self.shape_[1]:
            return np.asarray(learnt)
        result = stacked.mean(axis=0)
        left = result[:, self.present_].sum(axis=1, keepdims=True)
        result[:, self.present_] = learnt * left
        return np.asarray(result / result.sum(axis=1, keepdims=True))

    def card(self) -> dict[str, Any]:
        coefficients = self.model_.coefficients
        return {
            "c": self.strength_,
            "candidates": list(STRENGTHS),
            "by": self.by,
            "log_loss" if self.by == "log_loss" else "loss": self.losses_,
            "influence": influence(coefficients, self.shape_, self.present_),
            "coefficients": coefficients.tolist(),
            "intercepts": self.model_.intercepts.tolist(),
            "classes_learnt": self.present_.tolist(),
            "notes": self.notes_,
        }

    @classmethod
    def restored(cls, card: Card, classes: int) -> Self:
        rule = cls(card["c"])
        coefficients = np.array(card["coefficients"], np.float64)
        rule.model_ = Regression(coefficients, np.array(card["intercepts"], np.float64), True)
        rule.present_ = np.array(card["classes_learnt"], np.int64)
        rule.shape_ = (len(coefficients) // classes, classes)
        return rule

    @classmethod
    def nodes(cls, graph: Nodes, stacked: str, card: Card, classes: int) -> str:
        features = graph.reshape(stacked, -1, len(card["members"]) * classes)
        coefficients = graph.constant(np.array(card["coefficients"], np.float64), "coefficients")
        intercepts = graph.constant(np.array(card["intercepts"], np.float64), "intercepts")
        scores = graph.add("MatMul", log_nodes(graph, features), coefficients)
        learnt = graph.add("Softmax", graph.add("Add", scores, intercepts), axis=1)
        present = card["classes_learnt"]
        if len(present) == classes:
            return learnt
        return _with_absent(graph, stacked, learnt, np.eye(classes)[np.array(present)])

    @classmethod
    def figures(cls, learnt: Card) -> Figures | None:
        influence = learnt.get("influence")
        if not influence:
            return None
        even = f" (the plain mean of logarithms gives each {1 / len(influence):.2f})"
        return Figures("; influence: ", named_figures(influence), even)

    @classmethod
    def refit_options(cls, learnt: Card) -> dict[str, Any]:
        """The penalty is not chosen again, which takes 25 fits a time."""
        return {"strength": learnt["c"], "tolerance": ROUGH}

    @classmethod
    def most_rows(cls, members: int, classes: int, fits: int) -> int | None:
        return WORK // (members * classes**2 * fits)


def _with_absent(graph: Nodes, stacked: str, learnt: str, places: Floats) -> str:
    """Classes of which there was nothing to learn keep the members' mean probability.

    places: (classes learnt, classes), 1 where a learnt class stands among all.
    """
    average = mean_nodes(graph, stacked)
    apart = graph.add("MatMul", average, graph.constant(places.T, "learnt-classes"))
    left = graph.add("ReduceSum", apart, graph.integers(1), keepdims=1)
    spread = graph.add("MatMul", graph.add("Mul", learnt, left), graph.constant(places, "places"))
    kept = graph.add("Mul", average, graph.constant(1 - places.sum(axis=0), "absent"))
    total = graph.add("Add", spread, kept)
    return graph.add("Div", total, graph.add("ReduceSum", total, graph.integers(1), keepdims=1))


def design(stacked: Stack) -> Floats:
    """(n, members * classes) log probabilities, floored; a member's classes stand together."""
    return np.asarray(np.log(np.maximum(np.concatenate(list(stacked), axis=1), FLOOR)))


def influence(
    coefficients: Floats, shape: tuple[int, int], present: NDArray[np.int64]
) -> list[float]:
    """How much a class's score rises, on average over classes, with a member's log probability of
    it, beyond what the other classes' scores do.

    Plain averaging of log probabilities gives each member 1 / members.
    """
    members, classes = shape
    # (members, classes with rows, classes with rows): whose probability of what, for which class
    blocks = coefficients.reshape(members, classes, len(present))[:, present]
    if len(present) < 2:
        return [0.0] * members
    own = np.trace(blocks, axis1=1, axis2=2) / len(present)
    others = blocks.sum(axis=(1, 2)) - own * len(present)
    return [float(v) for v in own - others / (len(present) * (len(present) - 1))]
