"""What members or committees came to: results and tables by name, and what came to nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vestry.committees.committee import Committee
from vestry.predictions.scores import Labels
from vestry.predictions.table import ProbabilityTable
from vestry.results.member_folders import Tables

Truths = Mapping[str, Labels]


@dataclass
class Makers:
    """Members or committees: their results and tables by name, and what came to nothing.

    out_of_fold: a cross-validated member's table of the training rows, in the rows' order; each
    row's probabilities are by a model that had not seen it. rules: fitted committees.
    """

    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: dict[str, Tables] = field(default_factory=dict)
    out_of_fold: dict[str, ProbabilityTable] = field(default_factory=dict)
    failures: list[dict[str, Any]] = field(default_factory=list)
    rules: dict[str, Committee] = field(default_factory=dict)

    def add(self, name: str, results: dict[str, Any], tables: Tables) -> None:
        self.results[name], self.tables[name] = results, tables

    def fail(self, name: str, reason: str, seed: int | None = None, details: str = "") -> None:
        self.failures.append({"name": name, "seed": seed, "reason": reason, "details": details})
