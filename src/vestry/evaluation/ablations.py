"""With and without: what one change to a model is worth."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vestry.evaluation.difference import difference
from vestry.evaluation.predictions import EvaluatedModel

Results = dict[str, Any]
_SCORES = ("accuracy", "log_loss", "f1_macro")


class PairSettings(BaseModel):
    """One `[[pair]]` of a study: two makers that differ in one thing."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    what: str = Field(min_length=1, description='what the two differ in, such as "batch norm"')
    without: str = Field(description="the member or committee without it")
    with_: str = Field(alias="with", description="the one with it")

    @model_validator(mode="after")
    def two_makers(self) -> "PairSettings":
        if self.without == self.with_:
            raise ValueError(f"{self.with_!r} cannot be compared with itself")
        return self

    @property
    def makers(self) -> tuple[str, str]:
        return self.without, self.with_


def compared_pairs(
    settings: Iterable[PairSettings], makers: Mapping[str, EvaluatedModel]
) -> list[Results]:
    """Every pair of the study, in its order; `missing` names makers that came to nothing."""
    return [_compared(entry, makers) for entry in settings]


def _compared(entry: PairSettings, makers: Mapping[str, EvaluatedModel]) -> Results:
    missing = [name for name in entry.makers if name not in makers]
    found: Results = {"what": entry.what, "missing": missing}
    if missing:
        return found | {"without": None, "with": None, "difference": None}
    without, with_ = (makers[name] for name in entry.makers)
    return found | {
        "without": _side(without),
        "with": _side(with_),
        "difference": difference(with_, without),
    }


def _side(maker: EvaluatedModel) -> Results:
    """One maker's test scores over its seeds, and what it cost with the first of them."""
    entry = maker.entry
    training = entry.get("training") or {}
    return {
        "name": maker.name,
        "scores": {name: _over_its_seeds(entry, name) for name in _SCORES},
        "epochs_run": training.get("epochs_run"),
        "fit_seconds": entry["fit_seconds"],
        "parameters": entry["parameters"],
    }


def _over_its_seeds(entry: Results, name: str) -> Results:
    """Mean, deviation and values of a test score; deviation is None for a single seed."""
    several = entry.get("over_seeds")
    if several:
        return dict(several["test"][name])
    value = entry["scores"]["test"][name]
    return {"mean": value, "deviation": None, "values": [value]}


# What each member of a study changes against the study's first.


def ablation_steps(members: Sequence[EvaluatedModel]) -> list[dict[str, Any]]:
    """For every member but the first: its test accuracy less the first's, with an interval.

    members: in the study's order. Empty where there is only one.
    """
    return [
        {
            "name": member.name,
            "against": members[0].name,
            "difference": difference(member, members[0]),
        }
        for member in members[1:]
    ]
