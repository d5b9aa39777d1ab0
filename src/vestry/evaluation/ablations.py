"""With and without: what one change does to a model's accuracy."""

from collections.abc import Iterable, Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vestry.evaluation.difference import adjusted, difference
from vestry.evaluation.predictions import EvaluatedModel
from vestry.predictions.scores import MAIN_SCORES
from vestry.schema.ablations import ComparedPair, Side, Step
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
        scores={name: _over_its_seeds(entry, name) for name in MAIN_SCORES},
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
