"""With and without: what one change does to a model's accuracy, at each number of training images
that two learning curves share.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from vestry.evaluation.difference import Answers, adjusted, difference
from vestry.evaluation.predictions import EvaluatedModel
from vestry.evaluation.seed_pool import seed_pool
from vestry.predictions.scores import MAIN_SCORES
from vestry.schema.ablations import ComparedPair, Side, SizePair, Step
from vestry.schema.base import Spread
from vestry.schema.models import ScoredMember, ScoredModel
from vestry.schema.significance import Difference


class PairSettings(BaseModel):
    """One `[[pair]]` of a study: two models that differ in one thing."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    what: str = Field(min_length=1, description='what the two differ in, such as "batch norm"')
    without: str = Field(description="the member or committee without it")
    with_: str = Field(alias="with", description="the one with it")

    @model_validator(mode="after")
    def two_models(self) -> "PairSettings":
        if self.without == self.with_:
            raise ValueError(f"{self.with_!r} cannot be compared with itself")
        return self

    @property
    def models(self) -> tuple[str, str]:
        return self.without, self.with_


def compared_pairs(
    settings: Iterable[PairSettings], models: Mapping[str, EvaluatedModel]
) -> list[ComparedPair]:
    """Every pair of the study, in its order; their tests are one family."""
    settings = list(settings)
    known = [entry for entry in settings if not _missing(entry, models)]
    found = adjusted([difference(models[e.with_], models[e.without]) for e in known])
    differences = iter(found)
    return [
        _compared(entry, models, None if _missing(entry, models) else next(differences))
        for entry in settings
    ]


def _missing(entry: PairSettings, models: Mapping[str, EvaluatedModel]) -> list[str]:
    return [name for name in entry.models if name not in models]


def _compared(
    entry: PairSettings, models: Mapping[str, EvaluatedModel], found: Difference | None
) -> ComparedPair:
    return ComparedPair(
        what=entry.what,
        missing=_missing(entry, models),
        without=_side(models[entry.without]) if found else None,
        with_=_side(models[entry.with_]) if found else None,
        difference=found,
    )


def _side(model: EvaluatedModel) -> Side:
    """One model's test scores over its seeds, and what it cost with the first of them."""
    entry = model.entry
    training = entry.training if isinstance(entry, ScoredMember) else None
    return Side(
        name=model.name,
        scores={
            name: _over_its_seeds(entry, name)
            for name in MAIN_SCORES
            if name in entry.scores.test.numbers
        },
        epochs_run=training.epochs_run if training else None,
        fit_seconds=entry.fit_seconds,
        parameters=entry.parameters,
    )


def _over_its_seeds(entry: ScoredModel, name: str) -> Spread:
    value = entry.scores.test.number(name)
    one = Spread(mean=value, deviation=None, values=[value])
    return entry.spread("test", name) or one


def ablation_steps(members: Sequence[EvaluatedModel]) -> list[Step]:
    """For every member but the first: its test accuracy less the first's; one family of tests.

    members: in the study's order. Empty where there is only one.
    """
    found = adjusted([difference(member, members[0]) for member in members[1:]])
    return [
        Step(name=member.name, against=members[0].name, difference=each)
        for member, each in zip(members[1:], found, strict=True)
    ]


# Learning curves held against each other.


Sizes = Mapping[int, NDArray[np.bool_]]
"""By images a class: (seeds, n) whether each seed's model is right on each test image."""


def size_pairs(curves: Mapping[str, Sizes]) -> list[SizePair]:
    """Every two members at every size that both have, by rising size; one family of tests."""
    pairs = [
        (size, one, other)
        for size in sorted({size for sizes in curves.values() for size in sizes})
        for one, other in combinations([name for name in curves if size in curves[name]], 2)
    ]
    pools = {
        size: seed_pool([sizes[size] for sizes in curves.values() if size in sizes])
        for size in {size for size, _, _ in pairs}
    }
    found = adjusted(
        [
            difference(*(Answers(curves[name][size], pools[size]) for name in (one, other)))
            for size, one, other in pairs
        ]
    )
    return [
        SizePair(images_per_class=size, one=one, other=other, difference=each)
        for (size, one, other), each in zip(pairs, found, strict=True)
    ]
