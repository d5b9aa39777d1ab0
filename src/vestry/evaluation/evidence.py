"""What a comparison rests on: every maker's tables, and the labels that they are held against."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vestry.predictions.scores import Labels
from vestry.predictions.table import ProbabilityTable, Split

Tables = Mapping[Split, ProbabilityTable]


@dataclass(frozen=True, eq=False)
class Evidence:
    """tables: each maker's `validation` and `test` table, by its name. truths: (n,) labels by
    split, `training` among them. out_of_fold: cross-validated members' tables of the training
    rows.
    """

    tables: Mapping[str, Tables]
    truths: Mapping[str, Labels]
    out_of_fold: Mapping[str, ProbabilityTable] = field(default_factory=dict)

    @property
    def truth(self) -> Labels:
        """(n,) the test rows' labels."""
        return self.truths["test"]

    @property
    def tested(self) -> dict[str, ProbabilityTable]:
        """Each maker's test table."""
        return {name: tables["test"] for name, tables in self.tables.items()}

    @property
    def validated(self) -> dict[str, ProbabilityTable]:
        """Each maker's validation table, which settings may be chosen by."""
        return {name: tables["validation"] for name, tables in self.tables.items()}
