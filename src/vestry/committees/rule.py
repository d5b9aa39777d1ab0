"""What a committee rule is: several members' probabilities in, one set of probabilities out.

Everything that Vestry knows of a rule stands in the rule's own file in `vestry.committees.rules`:
its options in a study file, how it is fitted and applied, its way back from a card, its nodes in an
exported file, and its words on the page. To add one, add a file there.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from inspect import isabstract
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from vestry.predictions.choosing import choosing_score
from vestry.predictions.table import Labels
from vestry.schema.base import ScoreName
from vestry.system.registry import Registry

Stack = NDArray[np.float64]
Card = Mapping[str, Any]

FLOOR = 1e-7
"""Probabilities are raised to this before their logarithm is taken, so that one member's zero is
no veto; Keras's own epsilon."""


class Options(BaseModel):
    """What a study file may say of a rule; every key has a default and a description.

    later: keys that a rule came to have later. Unset they are None and left out of a study's
    digest, so that it stays what it was.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    later: ClassVar[frozenset[str]] = frozenset()


class Nodes(Protocol):
    """An ONNX graph that a rule adds its nodes to; each method gives the name of what it made."""

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str: ...
    def constant(self, value: NDArray[Any], word: str = "constant") -> str: ...
    def integers(self, *values: int) -> str: ...
    def number(self, value: float, kind: str = "float") -> str: ...
    def cast(self, value: str, kind: str) -> str: ...
    def reshape(self, value: str, *shape: int) -> str: ...


class Figures(NamedTuple):
    """What a rule learnt, for a sentence: `parts` are listed between `lead` and `tail`."""

    lead: str
    parts: list[str]
    tail: str = ""


class Rule(ABC):
    """How probabilities of several members become one set of probabilities.

    name: as study files and results write it. words: what it does, for the page. learns: whether
    `fit` looks at the rows at all; a rule that does not is the same whatever it is fitted on.
    options: what `__init__` takes from a study file. by_member: keys of the card under which stands
    a list with one number a member; say: that of these which says how much a member counts, where
    one of 0 has no say and need not be asked; for_computing: those that only who computes on needs,
    so that the results leave them out. refit_words: what is kept when it is fitted again without a
    member.
    """

    name: ClassVar[str]
    words: ClassVar[str]
    learns: ClassVar[bool] = False
    options: ClassVar[type[Options]] = Options
    by_member: ClassVar[tuple[str, ...]] = ()
    say: ClassVar[str | None] = None
    for_computing: ClassVar[tuple[str, ...]] = ()
    refit_words: ClassVar[str] = ""

    def fit(self, stacked: Stack, truth: Labels) -> Self:  # noqa: ARG002
        """Learn from (members, n, classes) probabilities and (n,) labels."""
        return self

    @abstractmethod
    def combine(self, stacked: Stack) -> Stack:
        """Turn (members, n, classes) into (n, classes), rows summing to 1."""

    def card(self) -> dict[str, Any]:
        """What was learnt, JSON-able; `notes` is a list of sentences."""
        return {}

    @classmethod
    def restored(cls, card: Card, classes: int) -> Self:  # noqa: ARG003
        """The fitted rule whose card it is, ready to combine."""
        return cls()

    @classmethod
    @abstractmethod
    def nodes(cls, graph: Nodes, stacked: str, card: Card, classes: int) -> str:
        """The rule as ONNX nodes: (n, classes) from (n, members, classes), both double.

        In double precision, as `combine` computes: members that agree to the last bits of a float
        must not change places by being added up. card: with `members`, their names.
        """

    @classmethod
    def how(cls, learnt: Card) -> str:  # noqa: ARG003
        """What it does, for the page. learnt: as the results have it; older ones lack keys."""
        return cls.words

    @classmethod
    def figures(cls, learnt: Card) -> Figures | None:  # noqa: ARG003
        """What it learnt, by members' names; None where there is nothing to say."""
        return None

    @classmethod
    def refit_options(cls, learnt: Card) -> dict[str, Any]:  # noqa: ARG003
        """Options that a fitted rule came to by trying; with them the next fit need not try again,
        and may be as rough as the rule's accuracy allows."""
        return {}

    @classmethod
    def most_rows(cls, members: int, classes: int, fits: int) -> int | None:  # noqa: ARG003
        """How many rows so many fits of so many members may learn from, where more take long."""
        return None


def _is_whole_rule(thing: Any) -> bool:
    """A rule that lacks a method, or a name or words, could not go all the way."""
    is_rule = isinstance(thing, type) and issubclass(thing, Rule) and not isabstract(thing)
    return is_rule and hasattr(thing, "name") and hasattr(thing, "words")


RULES: Registry[type[Rule]] = Registry("rule", "vestry.committees.rules", _is_whole_rule)


# Pieces of rules.


def log_losses(stacked: Stack, truth: Labels) -> NDArray[np.float64]:
    """(members,) mean negative log probability of the truth, floored."""
    given = stacked[:, np.arange(len(truth)), truth]
    return np.asarray(-np.log(np.maximum(given, FLOOR)).mean(axis=1))


def goodness(values: Stack, truth: Labels, by: ScoreName) -> float:
    """Of (n, classes) by a score, more being better."""
    return choosing_score(by).better_of(values, truth)


def weighted_mean(stacked: Stack, weights: NDArray[np.float64]) -> Stack:
    """(n, classes) for weights (members,) that sum to 1."""
    return np.asarray(np.einsum("m,mnk->nk", weights, stacked))


def mean_nodes(graph: Nodes, stacked: str) -> str:
    return graph.add("ReduceMean", stacked, graph.integers(1), keepdims=0)


def weighted_nodes(graph: Nodes, stacked: str, weights: Sequence[float]) -> str:
    column = np.array(weights, np.float64).reshape(1, -1, 1)
    scaled = graph.add("Mul", stacked, graph.constant(column, "weights"))
    return graph.add("ReduceSum", scaled, graph.integers(1), keepdims=0)


def log_nodes(graph: Nodes, values: str) -> str:
    """Floored logarithms of double values."""
    return graph.add("Log", graph.add("Max", values, graph.number(FLOOR, "double")))


def named_figures(values: Mapping[str, float]) -> list[str]:
    """ "A 0.41", "B 0.59"."""
    texts = {name: f"{value:.2f}".replace("-", "\u2212") for name, value in values.items()}
    return [f"{name} {text}" for name, text in texts.items()]


# Rows cut into folds by what they hold and not by where they stand.


Rows = NDArray[np.int64]


def canonical_order(stacked: Stack, truth: Labels) -> Rows:
    """(n,) rows sorted by label, then by probabilities: the same however they were ordered."""
    columns = np.concatenate(list(stacked), axis=1).T
    return np.lexsort((*columns[::-1], truth))


def folds(stacked: Stack, truth: Labels, count: int) -> Iterator[tuple[Rows, Rows]]:
    """`count` pairs of rows to fit on and rows held out; every fold has its share of each class.

    Row i of the canonical order is held out in fold i mod `count`, so that neither a seed nor the
    order of the rows decides.
    """
    order = canonical_order(stacked, truth)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order)) % count
    for fold in range(count):
        yield np.flatnonzero(place != fold), np.flatnonzero(place == fold)
