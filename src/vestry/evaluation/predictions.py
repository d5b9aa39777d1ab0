"""What a comparison rests on: every model's tables, and the labels that they are held against."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vestry.data.shared_rows import SharedRows
from vestry.errors import TableError
from vestry.evaluation.seed_pool import SeedPool, seed_pool
from vestry.predictions.table import Labels, ProbabilityTable, Split
from vestry.schema.cost import Cost
from vestry.schema.data import Data
from vestry.schema.exploration import Exploration
from vestry.schema.models import ScoredCommittee, ScoredMember, ScoredModel

Tables = Mapping[Split, ProbabilityTable]


@dataclass(frozen=True, eq=False)
class Predictions:
    """tables: each model's `validation` and `test` table, by its name; of several seeds, the first
    one's. truths: (n,) labels by split, `training` among them. out_of_fold: cross-validated
    members' tables of the training rows. seeds: every seed's tables of a model that has several,
    the first one's first. sizes: of
    members with a learning curve, by images a class, (seeds, n) whether each is right on each test
    image.
    """

    tables: Mapping[str, Tables]
    truths: Mapping[str, Labels]
    out_of_fold: Mapping[str, ProbabilityTable] = field(default_factory=dict)
    seeds: Mapping[str, Sequence[Tables]] = field(default_factory=dict)
    sizes: Mapping[str, Mapping[int, NDArray[np.bool_]]] = field(default_factory=dict)

    def labels(self, name: str, split: Split) -> Labels:
        """(seeds, n) what each seed's model says of each row of the split."""
        every = self.seeds.get(name) or [self.tables[name]]
        return np.stack([tables[split].labels for tables in every])

    def seed_pool(self, members: Iterable[str], split: Split) -> SeedPool:
        """What is known of seeds from these together: members, since a committee's fits are
        theirs."""
        truth = self.truths[split]
        return seed_pool([self.labels(name, split) == truth for name in members])

    @property
    def known(self) -> Labels:
        """(n,) labels that say how often each class comes: the training rows', where there are
        some."""
        training = self.truths["training"]
        return training if len(training) else self.truths["validation"]

    @property
    def truth(self) -> Labels:
        """(n,) the test rows' labels."""
        return self.truths["test"]

    @property
    def test_ids(self) -> NDArray[np.str_]:
        """(n,) the test rows' ids; none without models."""
        tables = next(iter(self.tables.values()), None)
        return np.zeros(0, dtype=np.str_) if tables is None else tables["test"].ids

    @property
    def tested(self) -> dict[str, ProbabilityTable]:
        """Each model's test table."""
        return {name: tables["test"] for name, tables in self.tables.items()}

    @property
    def validated(self) -> dict[str, ProbabilityTable]:
        """Each model's validation table, which settings may be chosen by."""
        return {name: tables["validation"] for name, tables in self.tables.items()}


# Every model as it was scored, and what else is known of the run before it is analysed.


_Entry = TypeVar("_Entry", ScoredMember, ScoredCommittee)


@dataclass(frozen=True)
class ScoredRun:
    """members, committees: by name, in the study's order. votes_seed: that the votes were drawn
    with. exploration: None where the study leaves the look out, and where it failed. shared: images
    that stand in two splits; None where there are no images. learnt_validation: members that have
    learnt validation rows, too."""

    data: Data
    members: Mapping[str, ScoredMember]
    committees: Mapping[str, ScoredCommittee]
    votes_seed: int
    exploration: Exploration | None = None
    look_failed: bool = False
    shared: Sequence[SharedRows] | None = None
    learnt_validation: Sequence[str] = ()

    @property
    def models(self) -> dict[str, ScoredModel]:
        return {**self.members, **self.committees}

    def with_costs(
        self, costs: Mapping[str, Mapping[str, Cost]], reason: str = "it was not measured"
    ) -> "ScoredRun":
        """The run with every model's `cost`.

        costs: `members` and `committees`, each a cost by name, as the measurement left them; empty
        where it failed. reason: said of a model that was not among what was measured.
        """
        return replace(
            self,
            members=_with_costs(self.members, costs.get("members", {}), reason),
            committees=_with_costs(self.committees, costs.get("committees", {}), reason),
        )


def _with_costs(
    entries: Mapping[str, _Entry], costs: Mapping[str, Cost], reason: str
) -> dict[str, _Entry]:
    unmeasured = Cost(bytes=None, latency=None, images_per_second=None, threads=None, reason=reason)
    return {
        name: entry.model_copy(update={"cost": costs.get(name, unmeasured)})
        for name, entry in entries.items()
    }


# A model as it was tested: its results and what it says of the test rows, side by side.


@dataclass(frozen=True)
class EvaluatedModel:
    """entry: the model's part of the results. every: (seeds, n) what each seed's model says of each
    test image. truth: (n,) the test images' labels. pool: what is known of seeds from all models
    of the study that were tested on these; None: of the two that are compared.
    """

    name: str
    entry: ScoredModel
    every: Labels
    truth: Labels
    pool: SeedPool | None = None

    @property
    def labels(self) -> Labels:
        """(n,) what the first seed's model says of each test image."""
        return np.asarray(self.every[0])

    @property
    def right(self) -> NDArray[np.bool_]:
        """(n,) whether the first seed's model is right on each test image."""
        return np.asarray(self.labels == self.truth)

    @property
    def rights(self) -> NDArray[np.bool_]:
        """(seeds, n) whether each seed's model is right on each test image."""
        return np.asarray(self.every == self.truth)

    def accuracy(self, split: str) -> float:
        """The first seed's."""
        return self.entry.scores.on(split).accuracy

    @property
    def is_committee(self) -> bool:
        return isinstance(self.entry, ScoredCommittee)


def evaluated_models(
    entries: Mapping[str, ScoredModel], evidence: Predictions
) -> dict[str, EvaluatedModel]:
    """Models by name, as the test rows of `evidence` show them."""
    members = [name for name, entry in entries.items() if isinstance(entry, ScoredMember)]
    pool = evidence.seed_pool(members, "test")
    return {
        name: EvaluatedModel(name, entry, evidence.labels(name, "test"), evidence.truth, pool)
        for name, entry in entries.items()
    }


# Tables whose rows stand in different orders, joined by the rows' ids.


Ids = NDArray[np.str_]


def in_order(table: ProbabilityTable, ids: Ids) -> ProbabilityTable:
    """The table's rows in the order of `ids`; raises TableError unless those are its rows."""
    rows = align_rows(ids, table.ids)
    if rows is None:
        raise TableError(f"table of {table.maker}: its rows are others than those asked for")
    return replace(table, ids=table.ids[rows], probabilities=table.probabilities[rows])


def align_rows(ids: Ids, among: Ids) -> NDArray[np.int64] | None:
    """Where each of `ids` stands in `among`; None unless both hold the same ids, each once."""
    order, other = np.argsort(among), np.argsort(ids)
    known = among[order]
    if len(np.unique(known)) < len(known) or not np.array_equal(known, ids[other]):
        return None
    places = np.empty(len(ids), dtype=np.int64)
    places[other] = order
    return places
