"""What a committee is: members' tables in, one table of its own out.

A rule is learnt with `fit` on tables of validation rows or out-of-fold tables of training rows
(rules that learn nothing still take part, so that all are used alike) and applied with `combine`.
Every rule passes the same contract test.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.committees.averaging import Geometric, Mean, Vote, Weighted
from vestry.committees.rule import Rule, folds
from vestry.committees.selection import Greedy
from vestry.committees.stacking import Regression, Stacking
from vestry.errors import TableError
from vestry.predictions.table import ProbabilityTable, check_same_rows, refuse_test_rows

Tables = list[ProbabilityTable]

RULES: dict[str, type[Rule]] = {
    "mean": Mean,
    "weighted": Weighted,
    "geometric": Geometric,
    "vote": Vote,
    "stacking": Stacking,
    "greedy": Greedy,
}
_HELD_OUT_FOLDS = 5


class Committee:
    """Members' tables under one rule, which `options` may set up (see the rule's `__init__`).

    `fit` refuses test rows; `table` takes any split. Both raise TableError where the tables do not
    speak of the same rows.
    """

    def __init__(self, name: str, rule: str, options: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.rule = rule
        self.options = dict(options or {})

    @property
    def learns(self) -> bool:
        return RULES[self.rule].learns

    def fit(self, tables: Tables, truth: NDArray[np.int64]) -> "Committee":
        """Learn the rule from tables of the same rows and their (n,) labels."""
        self.rule_ = self.fitted(_stack(self.fittable(tables, truth)), truth, {})
        return self

    def fittable(self, tables: Tables, truth: NDArray[np.int64]) -> Tables:
        for table in tables:
            refuse_test_rows(table, f"committee {self.name}")
        check_same_rows(tables)
        if len(truth) != len(tables[0]):
            raise TableError(
                f"committee {self.name}: {len(tables[0])} rows in the tables, {len(truth)} labels"
            )
        return tables

    def fitted(
        self, stacked: NDArray[np.float64], truth: NDArray[np.int64], settled: Mapping[str, Any]
    ) -> Rule:
        """A rule of its own. settled: options that go over the committee's."""
        return RULES[self.rule](**(self.options | dict(settled))).fit(stacked, truth)

    def table(self, tables: Tables) -> ProbabilityTable:
        """The committee's own table for the rows of `tables`."""
        check_same_rows(tables)
        return self.own_table(tables, self.rule_.combine(_stack(tables)))

    def held_out_table(self, tables: Tables, truth: NDArray[np.int64]) -> ProbabilityTable:
        """A fitted committee's table for the rows that it learnt from.

        Each row's probabilities are by a rule that did not see it: the rule is fitted five times,
        each time on four fifths of the rows, so that a committee that learns is not flattered by
        the rows that it is ranked by. What `fit` found by trying, such as the strength of a
        penalty, is kept.
        """
        stacked = _stack(self.fittable(tables, truth))
        count = min(_HELD_OUT_FOLDS, len(truth))
        if count < 2:
            raise TableError(f"committee {self.name}: one row cannot be both fitted on and judged")
        combined = np.empty(stacked.shape[1:])
        for seen, unseen in folds(stacked, truth, count):
            rule = self.fitted(stacked[:, seen], truth[seen], self.rule_.settled)
            combined[unseen] = rule.combine(stacked[:, unseen])
        return self.own_table(tables, combined)

    def own_table(self, tables: Tables, combined: NDArray[np.float64]) -> ProbabilityTable:
        first = tables[0]
        return ProbabilityTable(
            first.ids, first.classes, combined.astype(np.float32), self.name, first.split
        )

    def card(self) -> dict[str, Any]:
        return {"name": self.name, "rule": self.rule, **self.rule_.card()}


def _stack(tables: Tables) -> NDArray[np.float64]:
    """(members, n, classes) float64, so that adding up many members loses nothing."""
    return np.stack([table.probabilities for table in tables]).astype(np.float64)


# A fitted rule from the card that a run keeps of it.


Card = Mapping[str, Any]


def restored_rule(card: Card, classes: int) -> Rule:
    """The rule whose `card` it is, ready to combine; TableError where there is no such rule."""
    plain: dict[str, type[Rule]] = {"mean": Mean, "geometric": Geometric, "vote": Vote}
    name = card["rule"]
    if name in plain:
        return plain[name]()
    if name == "weighted":
        weighted = Weighted(card["by"])
        weighted.weights_ = np.array(card["weights"], np.float64)
        return weighted
    if name == "greedy":
        greedy = Greedy(card["rounds"], card["start"])
        greedy.chosen_ = np.array(card["chosen"], np.int64)
        return greedy
    if name == "stacking":
        return _restored_stacking(card, classes)
    raise TableError(f"there is no rule {name!r}")


def _restored_stacking(card: Card, classes: int) -> Stacking:
    stacking = Stacking(card["c"])
    coefficients = np.array(card["coefficients"], np.float64)
    stacking.model_ = Regression(coefficients, np.array(card["intercepts"], np.float64), True)
    stacking.present_ = np.array(card["classes_learnt"], np.int64)
    stacking.shape_ = (len(coefficients) // classes, classes)
    return stacking
