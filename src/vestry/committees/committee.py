"""What a committee is: members' tables in, one table of its own out.

A rule is learnt with `fit` on tables of validation rows or out-of-fold tables of training rows
(rules that learn nothing still take part, so that all are used alike) and applied with `combine`.
Every rule passes the same contract test.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.committees.rule import RULES, Card, Nodes, Rule, folds
from vestry.errors import TableError
from vestry.predictions.table import Labels, ProbabilityTable, check_same_rows, refuse_test_rows

Tables = list[ProbabilityTable]

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

    def fit(self, tables: Tables, truth: Labels) -> "Committee":
        """Learn the rule from tables of the same rows and their (n,) labels."""
        self.rule_ = self.fitted(_stack(self._fittable(tables, truth)), truth, {})
        return self

    def _fittable(self, tables: Tables, truth: Labels) -> Tables:
        for table in tables:
            refuse_test_rows(table, f"committee {self.name}")
        check_same_rows(tables)
        if len(truth) != len(tables[0]):
            raise TableError(
                f"committee {self.name}: {len(tables[0])} rows in the tables, {len(truth)} labels"
            )
        return tables

    def fitted(
        self, stacked: NDArray[np.float64], truth: Labels, settled: Mapping[str, Any]
    ) -> Rule:
        """A rule of its own. settled: options that go over the committee's."""
        return RULES[self.rule](**(self.options | dict(settled))).fit(stacked, truth)

    def table(self, tables: Tables) -> ProbabilityTable:
        """The committee's own table for the rows of `tables`."""
        check_same_rows(tables)
        return self._own_table(tables, self.rule_.combine(_stack(tables)))

    def held_out_table(self, tables: Tables, truth: Labels) -> ProbabilityTable:
        """A fitted committee's table for the rows that it learnt from.

        Each row's probabilities are by a rule that did not see it: the rule is fitted five times,
        each time on four fifths of the rows, so that a committee that learns is not flattered by
        the rows that it is ranked by. What `fit` found by trying, such as the strength of a
        penalty, is kept.
        """
        stacked = _stack(self._fittable(tables, truth))
        count = min(_HELD_OUT_FOLDS, len(truth))
        if count < 2:
            raise TableError(f"committee {self.name}: one row cannot be both fitted on and judged")
        combined = np.empty(stacked.shape[1:])
        settled = self.rule_.refit_options(self.rule_.card())
        for seen, unseen in folds(stacked, truth, count):
            rule = self.fitted(stacked[:, seen], truth[seen], settled)
            combined[unseen] = rule.combine(stacked[:, unseen])
        return self._own_table(tables, combined)

    def _own_table(self, tables: Tables, combined: NDArray[np.float64]) -> ProbabilityTable:
        first = tables[0]
        return ProbabilityTable(
            first.ids, first.classes, combined.astype(np.float32), self.name, first.split
        )

    def card(self) -> dict[str, Any]:
        return {"name": self.name, "rule": self.rule, **self.rule_.card()}


def _stack(tables: Tables) -> NDArray[np.float64]:
    """(members, n, classes) float64, so that adding up many members loses nothing."""
    return np.stack([table.probabilities for table in tables]).astype(np.float64)


def in_use(card: Card) -> dict[str, Any]:
    """The card of the same committee without members that have no say: it answers the same, and
    they need not be there."""
    rule, places = _rule_of(card), range(len(card["members"]))
    kept = [place for place in places if rule.say is None or card[rule.say][place] > 0]
    return {
        key: [value[place] for place in kept] if key in ("members", *rule.by_member) else value
        for key, value in card.items()
    }


def restored_rule(card: Card, classes: int) -> Rule:
    """The rule whose `card` a run keeps, ready to combine; TableError where there is none such."""
    return _rule_of(card).restored(card, classes)


def rule_nodes(graph: Nodes, stacked: str, card: Card, classes: int) -> str:
    """(n, classes) double from (n, members, classes) double, by the rule of `card`; TableError
    where there is none such."""
    return _rule_of(card).nodes(graph, stacked, card, classes)


def _rule_of(card: Card) -> type[Rule]:
    if card["rule"] not in RULES:
        raise TableError(f"there is no rule {card['rule']!r}")
    return RULES[card["rule"]]
