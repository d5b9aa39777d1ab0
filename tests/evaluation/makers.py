"""Models with random answers, for tests of what compares them."""

from dataclasses import replace

import numpy as np

from as_written import as_written
from vestry.evaluation import analysis
from vestry.evaluation.comparison import evaluate_seeds
from vestry.evaluation.predictions import Predictions, ScoredRun, evaluated_models
from vestry.predictions.table import ProbabilityTable
from vestry.schema.cost import Cost
from vestry.schema.data import Data
from vestry.schema.exploration import Exploration, Finding
from vestry.schema.models import ScoredCommittee, ScoredMember

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
    every = {
        name: [
            tables[name],
            *(
                {split: table(truth, skill, rng, split, name) for split, truth in truths.items()}
                for _ in range(seeds - 1)
            ),
        ]
        for name, skill in skills.items()
    }
    members = {name: entry(every[name], truths) for name in skills}
    committees = {}
    if committee:
        every["Committee"] = [
            {
                split: mean_of([every[name][place][split] for name in committee], "Committee")
                for split in truths
            }
            for place in range(seeds)
        ]
        tables["Committee"] = every["Committee"][0]
        committees["Committee"] = committee_entry(every["Committee"], truths, list(committee))
    truths["training"] = rng.integers(0, len(CLASSES), rows)
    results = {
        "data": data_of(truths),
        "votes": {"seed": 5},
        "members": members,
        "committees": committees,
    }
    return results, Predictions(tables, truths, seeds=every)


def entry(every, truths):
    """A member's, as it is compared with others."""
    absent = ("training", "backbone", "history", "augmentation", "search", "cross_validation")
    return as_written(vars(evaluate_seeds(dict(enumerate(every)), truths))) | {
        **dict.fromkeys((*absent, "learning_curve", "stored")),
        "kind": "estimator", "definition": ["sklearn.svm.SVC(C=1.0)"], "fitted_on": "training rows",
        "fit_seconds": 2.0, "parameters": 10, "trainable_parameters": 10, "threads": 1,
        "milliseconds_per_image": 0.1, "reported": {}, "warnings": [], "notes": [],
        "note": "",
    }  # fmt: skip


def committee_entry(every, truths, names):
    return as_written(vars(evaluate_seeds(dict(enumerate(every)), truths))) | {
        "rule": "mean", "options": {}, "members": names, "asked": names,
        "fitted_on": None, "learnt": {},
        "parameters": 20, "fit_seconds": 4.0, "milliseconds_per_image": 0.2, "reported": {},
        "notes": [], "note": "", "mean_of_members": {"validation": {}, "test": {}},
    }  # fmt: skip


def data_of(truths):
    def split(labels):
        counts = np.bincount(labels, minlength=len(CLASSES)).tolist()
        return {
            "rows": len(labels), "class_counts": counts, "pixel_range": (0, 255),
            "pixel_mean": 70.0, "pixel_deviation": 90.0, "rule": "drawn at random",
        }  # fmt: skip

    return {
        "asked": "random", "used": "random", "fell_back": None, "licence": None, "notes": [],
        "fingerprint": "0" * 64, "classes": list(CLASSES), "image_shape": [4, 4],
        "splits": {name: split(labels) for name, labels in truths.items()},
        "samples": {"seed": 3, "columns": 1, "ids": [], "labels": []},
    }  # fmt: skip


def finding(kind, splits, count=0, of=300, ids=None):
    """Of the look at the data."""
    return Finding(
        kind=kind, splits=list(splits), severity="low", count=count, of=of, facts={},
        groups_found=0, groups=[], ids=ids,
    )  # fmt: skip


def with_validation_accuracy(model, accuracy):
    """The same model as if it had that accuracy on validation rows."""
    scores = model.entry.scores
    validation = scores.validation.model_copy(update={"accuracy": accuracy})
    changed = scores.model_copy(update={"validation": validation})
    return replace(model, entry=model.entry.model_copy(update={"scores": changed}))


def makers_of(run):
    results, evidence = run
    entries = scored_entries(results)
    everyone = entries["members"] | entries["committees"]
    return evaluated_models(everyone, evidence)


def analysed(results, evidence, costs=None, **settings):
    """costs: `members` and `committees`, each by name; None of a model was not measured."""
    run = scored_run(results)
    if costs is not None:
        found = {
            kind: {name: Cost.model_validate(cost) for name, cost in each.items() if cost}
            for kind, each in costs.items()
        }
        run = run.with_costs(found)
    return analysis.analysed(run, evidence, **settings)


def scored_run(results):
    look, failures = results.get("exploration"), results.get("failures", [])
    return ScoredRun(
        data=Data.model_validate(results["data"]),
        votes_seed=results["votes"]["seed"],
        exploration=look and Exploration.model_construct(**look),
        look_failed=any(failed["name"] == "exploration" for failed in failures),
        **scored_entries(results),
    )


def scored_entries(results):
    kinds = {"members": ScoredMember, "committees": ScoredCommittee}
    return {
        key: {name: kind.model_validate(entry) for name, entry in results[key].items()}
        for key, kind in kinds.items()
    }
