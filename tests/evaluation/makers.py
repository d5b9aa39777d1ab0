"""Makers with random answers, for tests of what compares them."""

import numpy as np

from vestry.evaluation.comparison import evaluate, over_seeds
from vestry.evaluation.predictions import Predictions, evaluated_models
from vestry.predictions.table import ProbabilityTable

CLASSES = ("a", "b", "c", "d")


def table(truth, skill, rng, split="test", maker="m"):
    """Random probabilities that lean to the truth by `skill`."""
    scores = rng.normal(size=(len(truth), len(CLASSES)))
    scores[np.arange(len(truth)), truth] += skill
    values = np.exp(scores)
    values = (values / values.sum(axis=1, keepdims=True)).astype(np.float32)
    ids = np.array([f"{split}/{i}" for i in range(len(truth))])
    return ProbabilityTable(ids, CLASSES, values, maker, split)


def mean_of(tables, maker):
    first = tables[0]
    values = np.mean([t.probabilities for t in tables], axis=0).astype(np.float32)
    return ProbabilityTable(first.ids, first.classes, values, maker, first.split)


def small_run(skills, rows=300, seed=0, seeds=1, committee=()):
    """Results and evidence of members (name: skill) and perhaps a committee, by the mean."""
    rng = np.random.default_rng(seed)
    truths = {split: rng.integers(0, len(CLASSES), rows) for split in ("validation", "test")}
    tables = {
        name: {split: table(truth, skill, rng, split, name) for split, truth in truths.items()}
        for name, skill in skills.items()
    }
    members = {name: entry(tables[name], truths) for name in skills}
    for name, skill in skills.items() if seeds > 1 else ():
        others = [
            evaluate({s: table(t, skill, rng, s, name) for s, t in truths.items()}, truths)
            for _ in range(seeds - 1)
        ]
        members[name]["over_seeds"] = over_seeds(
            [members[name]["scores"], *(other["scores"] for other in others)]
        )
    committees = {}
    if committee:
        tables["Committee"] = {
            split: mean_of([tables[name][split] for name in committee], "Committee")
            for split in truths
        }
        committees["Committee"] = entry(tables["Committee"], truths) | {
            "members": list(committee),
            "rule": "mean",
        }
    truths["training"] = rng.integers(0, len(CLASSES), rows)
    results = {
        "data": {
            "used": "random",
            "classes": list(CLASSES),
            "splits": {
                split: {"rows": rows, "class_counts": np.bincount(t, minlength=4).tolist()}
                for split, t in truths.items()
            },
            "samples": {"seed": 3},
        },
        "votes": {"seed": 5},
        "members": members,
        "committees": committees,
        "ranking": sorted(
            ({"name": n} for n in members | committees),
            key=lambda row: (
                -(members | committees)[row["name"]]["scores"]["validation"]["accuracy"]
            ),
        ),
    }
    return results, Predictions(tables, truths)


def entry(tables, truths):
    facts = {"fit_seconds": 2.0, "parameters": 10, "over_seeds": None, "reported": {}}
    return evaluate(tables, truths) | facts | {"mean_of_members": None}


def makers_of(run):
    results, evidence = run
    entries = results["members"] | results["committees"]
    return evaluated_models(entries, evidence.tested, evidence.truth)
