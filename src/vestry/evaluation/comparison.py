"""Makers side by side: their scores, what several seeds do to them, and who is ahead."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from vestry.evaluation.intervals import wilson
from vestry.evaluation.mistakes import mistakes
from vestry.predictions.scores import SCALAR_SCORES, Labels, score
from vestry.predictions.table import ProbabilityTable, Split

Scores = dict[str, Any]
Results = dict[str, Any]


def evaluate(tables: Mapping[Split, ProbabilityTable], truths: Mapping[str, Labels]) -> Results:
    """The part of a maker's results that follows from its tables, given by split."""
    scores = scored(tables, truths)
    return {
        "scores": scores,
        "intervals": {
            split: {"accuracy": wilson(scores[split]["accuracy"], len(table))}
            for split, table in tables.items()
        },
        "mistakes": mistakes(tables["test"], truths["test"]),
    }


def scored(
    tables: Mapping[Split, ProbabilityTable], truths: Mapping[str, Labels]
) -> dict[str, Scores]:
    """Every table's scores, by split."""
    return {
        split: score(table.probabilities, truths[split], table.classes)
        for split, table in tables.items()
    }


def over_seeds(each: list[dict[str, Scores]]) -> Results | None:
    """Mean and sample standard deviation of every score over seeds; None for a single seed."""
    if len(each) < 2:
        return None
    return {split: spread([scores[split] for scores in each]) for split in ("validation", "test")}


def spread(scores: list[Scores]) -> dict[str, dict[str, Any]]:
    """Mean, sample deviation (None for a single value) and values of every score."""
    columns = {name: [entry[name] for entry in scores] for name in SCALAR_SCORES}
    return {
        name: {
            "mean": float(np.mean(values)),
            "deviation": float(np.std(values, ddof=1)) if len(values) > 1 else None,
            "values": values,
        }
        for name, values in columns.items()
    }


def mean_of_members(members: list[Results]) -> Results:
    """Plain means of members' own scores: what a committee's scores are *not*."""
    return {
        split: {
            name: float(np.mean([member["scores"][split][name] for member in members]))
            for name in SCALAR_SCORES
        }
        for split in ("validation", "test")
    }


def ranking(members: dict[str, Results], committees: dict[str, Results]) -> list[Results]:
    """Makers by mean validation accuracy, the better log loss first among equals."""
    makers = [(name, "member", entry) for name, entry in members.items()]
    makers += [(name, "committee", entry) for name, entry in committees.items()]
    makers.sort(key=lambda maker: order(maker[2]))
    return [
        {
            "name": name,
            "kind": kind,
            "validation_accuracy": central(entry, "validation", "accuracy"),
            "test_accuracy": central(entry, "test", "accuracy"),
        }
        for name, kind, entry in makers
    ]


def order(entry: Results) -> tuple[float, float]:
    accuracy = central(entry, "validation", "accuracy")
    return -accuracy, central(entry, "validation", "log_loss")


def central(entry: Results, split: str, name: str) -> float:
    """The mean over seeds where there are several, else the one figure."""
    several = entry.get("over_seeds")
    return float(several[split][name]["mean"] if several else entry["scores"][split][name])
