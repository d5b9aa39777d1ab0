"""What a committee is: members' tables in, one table of its own out.

A rule is learnt with `fit` on tables of validation rows (rules that learn nothing still take part,
so that all are used alike) and applied with `combine`. Every rule passes the same contract test.
"""

from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from vestry.committees.averaging import Mean
from vestry.predictions.table import ProbabilityTable, check_same_rows, refuse_test_rows

Tables = list[ProbabilityTable]


class CommitteeSettings(BaseModel):
    """One `[[committee]]` of a study file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="what the page calls it")
    rule: Literal["mean"] = Field("mean", description="how members' probabilities become one")
    members: list[str] = Field(min_length=2, description="names of members of this study")
    reported: dict[str, float] = Field(
        default_factory=dict, description="test figures that a report gave, shown beside ours"
    )
    note: str = Field("", description="a remark that the page shows")


class Rule(Protocol):
    """How probabilities of several members become one set of probabilities."""

    def fit(self, stacked: NDArray[np.float64], truth: NDArray[np.int64]) -> "Rule":
        """Learn from (members, n, classes) validation probabilities and (n,) labels."""
        ...

    def combine(self, stacked: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn (members, n, classes) into (n, classes), rows summing to 1."""
        ...

    def card(self) -> dict[str, Any]:
        """What was learnt, JSON-able."""
        ...


RULES: dict[str, type[Rule]] = {"mean": Mean}


class Committee:
    """Members' tables under one rule.

    `fit` refuses test rows; `table` takes any split. Both raise TableError where the tables do not
    speak of the same rows.
    """

    def __init__(self, name: str, rule: str) -> None:
        self.name = name
        self.rule = rule

    def fit(self, tables: Tables, truth: NDArray[np.int64]) -> "Committee":
        for table in tables:
            refuse_test_rows(table, f"committee {self.name}")
        check_same_rows(tables)
        self.rule_ = RULES[self.rule]().fit(stack(tables), truth)
        return self

    def table(self, tables: Tables) -> ProbabilityTable:
        """The committee's own table for the rows of `tables`."""
        check_same_rows(tables)
        combined = self.rule_.combine(stack(tables))
        first = tables[0]
        return ProbabilityTable(
            first.ids, first.classes, combined.astype(np.float32), self.name, first.split
        )

    def card(self) -> dict[str, Any]:
        return {"name": self.name, "rule": self.rule, **self.rule_.card()}


def stack(tables: Tables) -> NDArray[np.float64]:
    """(members, n, classes) float64, so that adding up many members loses nothing."""
    return np.stack([table.probabilities for table in tables]).astype(np.float64)
