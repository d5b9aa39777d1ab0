"""The part of the made-up run that `vestry.evaluation.analysis` adds to it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from cost_example import made_up_costs
from numpy.typing import NDArray
from pydantic import TypeAdapter

from as_written import as_written
from vestry.evaluation.ablations import PairSettings
from vestry.evaluation.analysis import analysed
from vestry.evaluation.claims import Claims
from vestry.evaluation.decision_settings import DecisionSettings
from vestry.evaluation.predictions import Predictions, ScoredRun
from vestry.predictions.table import ProbabilityTable, Split
from vestry.schema.cost import Cost
from vestry.schema.data import Data
from vestry.schema.models import ScoredCommittee, ScoredMember

Tables = dict[str, dict[Split, NDArray[np.float64]]]


FLOOR = {"ms": 0.02, "mb": 0.01, "parameters": 0}
"""Made-up models are quick and small."""


def with_analysis(
    results: dict[str, Any],
    tables: Tables,
    labels: dict[str, NDArray[np.int64]],
    pairs: Sequence[dict[str, str]] | None = None,
    claims: Sequence[dict[str, Any]] | None = None,
    decision: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """`results` as a run would write them; by default with a pair and a claim of each form."""
    names = [*results["members"], *results["committees"]]
    classes = tuple(results["data"]["classes"])
    evidence = Predictions(
        {
            name: {split: table(name, split, values, classes) for split, values in each.items()}
            for name, each in tables.items()
        },
        labels,
    )
    chosen = pairs_of(names) if pairs is None else pairs
    said = claims_of(names, classes) if claims is None else claims
    costs = {
        kind: {name: Cost.model_validate(cost) for name, cost in each.items()}
        for kind, each in made_up_costs(results).items()
    }
    found = analysed(
        scored_run(results).with_costs(costs),
        evidence,
        [PairSettings(**entry) for entry in chosen],
        TypeAdapter(Claims).validate_python(list(said)),
        # A thousand validation images show a margin of five points, not of one.
        deciding=DecisionSettings(**({"within": 0.05, "cost_floor": FLOOR} | (decision or {}))),
    )
    return results | {key: as_written(part) for key, part in vars(found).items()}


def scored_run(results: dict[str, Any]) -> ScoredRun:
    members, committees = results["members"].items(), results["committees"].items()
    return ScoredRun(
        data=Data.model_validate(results["data"]),
        members={name: ScoredMember.model_validate(each) for name, each in members},
        committees={name: ScoredCommittee.model_validate(each) for name, each in committees},
        votes_seed=results["votes"]["seed"],
    )


def table(
    maker: str, split: Split, values: NDArray[np.float64], classes: tuple[str, ...]
) -> ProbabilityTable:
    ids = np.array([f"{split}-{row}" for row in range(len(values))])
    shares = (values / values.sum(axis=1, keepdims=True)).astype(np.float32)
    return ProbabilityTable(ids, classes, shares, maker, split)


def pairs_of(names: list[str]) -> list[dict[str, str]]:
    if len(names) < 2:
        return []
    return [
        {"what": "batch norm", "without": names[0], "with": names[1]},
        {"what": "a committee", "without": names[0], "with": names[-1]},
    ]


def claims_of(names: list[str], classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """One claim of each form, about the first and the last maker."""
    first, last = names[0], names[-1]
    figure = {"maker": first, "score": "accuracy"}
    ordered = [
        {"says": f"{last} is worse", "maker": last, "below": first},
        {"says": f"{last} is better", "maker": last, "above": first},
    ]
    return [
        *(ordered if last != first else []),
        {"says": "314 of them", "maker": first, "truth": classes[0], "predicted": classes[1],
         "count": 314},
        {"says": "class imbalance", "balanced": False},
        {"says": f"{first} is best", "best": first},
        {"says": "five figures", **figure, "values": [0.9317, 0.9353, 0.93]},
        {"says": "0.8438%", **figure, "printed": "0.8438%"},
        {"says": "0.87", **figure, "value": 0.87},
        {"says": "one figure, two names", **figure, "called": ["test", "validation"]},
        {"says": "one class", "maker": first, "class": classes[0], "score": "precision",
         "value": 0.5},
        {"says": "no seed", "remark": "It cannot be drawn again.", "here": "seeds"},
        {"says": "x_test", "remark": "That is no name for it.", "maker": first, "note": "Mind it."},
    ]  # fmt: skip
