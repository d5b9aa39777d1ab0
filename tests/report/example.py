"""A made-up run that keeps the contract of docs/results.md, for the report's tests.

Its numbers are computed from seeded random probability tables, so that they fit together as those
of a real run do; nothing is trained.
"""

import copy
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from analysis_example import with_analysis
from numpy.typing import NDArray

from vestry.evaluation.shown_images import shown_ids
from vestry.schema.base import FORMAT
from vestry.schema.results import Results

FASHION = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
ALIKE = ((6, 0, 2.2), (6, 4, 1.8), (6, 2, 1.9), (2, 4, 2.0), (3, 4, 0.9), (7, 9, 1.3), (5, 7, 1.0))
IDS_KEPT = 40
COMMITTEE = "Committee"


@dataclass
class Plan:
    """What the example should look like.

    strengths: member name to how well it separates the classes; networks: who has a history.
    seeds: of members, and of the committee. shares: of rows by class, which are equal without any.
    decision: settings of the study's `[decision]`.
    """

    strengths: dict[str, float] = field(
        default_factory=lambda: {
            "Linear": 3.2, "Forest": 3.5, "Model-1": 3.75, "Model-2": 2.95, "Model-3": 3.05,
        }
    )  # fmt: skip
    networks: tuple[str, ...] = ("Model-1", "Model-2", "Model-3")
    committee: tuple[str, ...] = ("Model-1", "Model-2", "Model-3")
    classes: tuple[str, ...] = FASHION
    rows: dict[str, int] = field(
        default_factory=lambda: {"training": 3000, "validation": 1000, "test": 1000}
    )
    image_shape: tuple[int, ...] = (8, 8)
    reported: dict[str, dict[str, float]] = field(default_factory=dict)
    seeds: dict[str, int] = field(default_factory=dict)
    shares: tuple[float, ...] = ()
    decision: dict[str, Any] = field(default_factory=dict)
    columns: int = 15
    samples: int = 75
    votes: int = 8
    seed: int = 7


def study_b() -> Plan:
    """Fashion-MNIST size, with the figures that a report gave for committee and members."""
    keys = ("log_loss", "accuracy", "precision_micro_at_half", "recall_micro_at_half")
    given = {
        "Model-1": (0.3093, 0.9017, 0.9090, 0.8965),
        "Model-2": (0.5277, 0.8048, 0.8609, 0.7516),
        "Model-3": (0.4954, 0.8162, 0.8804, 0.7496),
        COMMITTEE: (0.4441, 0.8409, 0.8835, 0.7992),
    }
    return Plan(
        rows={"training": 48_000, "validation": 12_000, "test": 10_000},
        image_shape=(28, 28),
        reported={name: dict(zip(keys, row, strict=True)) for name, row in given.items()},
        seeds={"Forest": 3},
    )


def typed(results: dict[str, Any]) -> Results:
    """As the page gets them."""
    return Results.model_validate(results)


MADE: dict[str, tuple[dict[str, Any], dict[str, NDArray[Any]]]] = {}
"""Runs that were made before: comparing ten models takes longer than drawing their page."""


def build(plan: Plan | None = None) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The results, and the arrays of `figures/images.npz`; the caller may change them."""
    plan = plan or Plan()
    if repr(plan) not in MADE:
        MADE[repr(plan)] = made(plan)
    return copy.deepcopy(MADE[repr(plan)])


def made(plan: Plan) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    rng = np.random.default_rng(plan.seed)
    labels = {split: rng.permutation(class_of_rows(plan, n)) for split, n in plan.rows.items()}
    noise = {s: rng.normal(size=(plan.rows[s], len(plan.classes))) for s in ("validation", "test")}
    tables = {
        name: split_tables(plan, rng, labels, noise, strength)
        for name, strength in plan.strengths.items()
    }
    members = {name: member(plan, name, tables[name], labels, rng) for name in plan.strengths}
    committees = {}
    if plan.committee:
        tables[COMMITTEE] = {
            split: np.mean([tables[name][split] for name in plan.committee], axis=0)
            for split in ("validation", "test")
        }
        committees[COMMITTEE] = committee(plan, tables[COMMITTEE], labels, members)
        if (seeds := plan.seeds.get(COMMITTEE, 1)) > 1:
            own = committees[COMMITTEE]
            own |= with_seeds(own["scores"], seeds, rng)
    kinds = {**dict.fromkeys(members, "member"), **dict.fromkeys(committees, "committee")}
    everyone = {**members, **committees}
    results = {
        "format": FORMAT,
        "title": "A committee of three CNNs",
        "about": "Numbers that nobody trained for.",
        "created": "2026-01-02T03:04:05+00:00",
        "study": {"file": "studies/example.toml", "hash": "0" * 64, "text": 'title = "Example"\n'},
        "notices": [],
        "data": data_facts(plan, labels, rng),
        "members": members,
        "committees": committees,
        "failures": [],
        "ranking": sorted(
            (ranked(name, kinds[name], entry) for name, entry in everyone.items()),
            key=lambda row: -row["validation_accuracy"],
        ),
        "votes": votes(plan, tables, labels["test"], rng),
        "first_rows": first_rows(plan, tables, labels["test"]),
        "environment": {
            "versions": {"vestry": "0.1.0", "python": "3.12.1", "torch": "2.13.0"},
            "python": "3.12.1", "system": "Linux x86_64", "processor": "An ordinary processor",
            "cores": 2, "cores_used": 2, "memory_bytes": None,
        },
        "seconds": {"total": 161.2, "data": 1.31, "members": 158.0, "committees": 0.2},
    }  # fmt: skip
    results |= dict.fromkeys(("exploration", "robustness", "explanations"))
    results["test_looks"] = {
        "test": "0" * 64, "count": 1, "comparisons": 1, "studies": 1, "of_this_study": 1,
        "first": "2026-01-02T03:04:05+00:00", "last": "2026-01-02T03:04:05+00:00",
        "accuracy": results["ranking"][0]["test_accuracy"], "luck": 0.0,
    }  # fmt: skip
    results = with_analysis(results, tables, labels, decision=plan.decision)
    return results, pictures(plan, results, labels)


def class_of_rows(plan: Plan, rows: int) -> NDArray[np.int64]:
    if not plan.shares:
        return np.arange(rows) % len(plan.classes)
    ends = np.cumsum(plan.shares)
    return np.searchsorted(ends / ends[-1], (np.arange(rows) + 0.5) / rows)


def split_tables(
    plan: Plan,
    rng: np.random.Generator,
    labels: dict[str, NDArray[np.int64]],
    noise: dict[str, NDArray[np.float64]],
    strength: float,
) -> dict[str, NDArray[np.float64]]:
    """Softmax of scores that lean to the truth and to classes that look like it.

    Most of the noise is every model's: some images are hard for all.
    """
    lean = strength * np.eye(len(plan.classes))
    for one, other, weight in ALIKE:
        if max(one, other) < len(plan.classes):
            lean[one, other] += weight
            lean[other, one] += 0.6 * weight
    tables = {}
    for split in ("validation", "test"):
        own = rng.normal(size=noise[split].shape)
        scores = lean[labels[split]] + 0.85 * noise[split] + 0.5 * own
        weights = np.exp(1.4 * (scores - scores.max(axis=1, keepdims=True)))
        tables[split] = weights / weights.sum(axis=1, keepdims=True)
    return tables


def scores(
    table: NDArray[np.float64], truth: NDArray[np.int64], classes: tuple[str, ...]
) -> dict[str, Any]:
    k = len(classes)
    counts = np.bincount(truth * k + table.argmax(axis=1), minlength=k * k).reshape(k, k)
    right, support, said = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    per_class = {
        "precision": right / np.maximum(said, 1),
        "recall": right / np.maximum(support, 1),
        "f1": 2 * right / np.maximum(said + support, 1),
    }
    true_probability = table[np.arange(len(truth)), truth]
    found: dict[str, Any] = {
        "accuracy": float(right.sum() / len(truth)),
        "log_loss": float(-np.log(np.clip(true_probability, 1e-12, 1)).mean()),
        "precision_micro_at_half": float((true_probability > 0.5).sum() / (table > 0.5).sum()),
        "recall_micro_at_half": float((true_probability > 0.5).mean()),
        "brier": float(((table - np.eye(k)[truth]) ** 2).sum(axis=1).mean()),
        "ece": 0.02,
        "confusion": counts.tolist(),
    }
    for name, values in per_class.items():
        found[f"{name}_macro"] = float(values.mean())
        found[f"{name}_weighted"] = float((values * support).sum() / support.sum())
    found["per_class"] = {
        c: {name: float(values[i]) for name, values in per_class.items()}
        | {"support": int(support[i])}
        for i, c in enumerate(classes)
    }
    return found


def wilson(accuracy: float, rows: int) -> list[float]:
    z = 1.959963984540054
    centre = (accuracy + z * z / (2 * rows)) / (1 + z * z / rows)
    root = math.sqrt(accuracy * (1 - accuracy) / rows + z * z / (4 * rows * rows))
    half = z * root / (1 + z * z / rows)
    return [centre - half, centre + half]


def scored(
    plan: Plan, tables: dict[str, NDArray[np.float64]], labels: dict[str, NDArray[np.int64]]
) -> dict[str, Any]:
    """The keys that members and committees share."""
    found = {split: scores(tables[split], labels[split], plan.classes) for split in tables}
    return {
        "scores": found,
        "intervals": {
            split: {"accuracy": wilson(found[split]["accuracy"], plan.rows[split])}
            for split in found
        },
        "mistakes": mistakes(tables["test"], labels["test"]),
        "seeds": [{"seed": 0, "scores": {split: numbers(own) for split, own in found.items()}}],
        "over_seeds": None,
        "notes": [],
    }


def member(
    plan: Plan,
    name: str,
    tables: dict[str, NDArray[np.float64]],
    labels: dict[str, NDArray[np.int64]],
    rng: np.random.Generator,
) -> dict[str, Any]:
    is_network = name in plan.networks
    entry = scored(plan, tables, labels)
    seeds = plan.seeds.get(name, 1)
    return entry | {
        "kind": "layers" if is_network else "estimator",
        "definition": ["conv 32 3×3 stride 2 → 13 × 13 × 32, 320 parameters", "dense 256 → 256"]
        if is_network
        else ["sklearn.ensemble.RandomForestClassifier", "n_estimators = 100"],
        "parameters": 298_058 if is_network else None,
        "trainable_parameters": 297_610 if is_network else None,
        "fit_seconds": 12.3 if is_network else 0.61,
        **(with_seeds(entry["scores"], seeds, rng) if seeds > 1 else {}),
        "reported": plan.reported.get(name, {}),
        "history": history(rng, entry["scores"]) if is_network else None,
        "training": {
            "epochs": 20, "epochs_run": 11, "stopped_early": True, "best_epoch": 6,
            "restored_best": False, "batch_size": 32, "optimizer": "adam", "learning_rate": 0.001,
            "precision": {"conv 1": "bf16"}, "patience": None, "trials": {},
        } if is_network else None,
        "fitted_on": "validation and test tables from a fit on the training rows",
        "warnings": [] if is_network else ["stopped at 200 iterations, unconverged"],
        "stored": f"members/{name}/weights.safetensors" if is_network else None,
        "threads": 2, "note": "", "milliseconds_per_image": 0.01,
        **dict.fromkeys(("backbone", "augmentation", "search", "cross_validation")),
        "learning_curve": None,
    }  # fmt: skip


def with_seeds(found: dict[str, Any], seeds: int, rng: np.random.Generator) -> dict[str, Any]:
    """The scores as means over seeds, some of which are made up around the first one's."""

    def spread(value: float) -> dict[str, Any]:
        values = np.clip(value + 0.004 * np.r_[0, rng.normal(size=seeds - 1)], 0, 1)
        return {
            "mean": float(values.mean()),
            "deviation": float(values.std(ddof=1)),
            "values": values.tolist(),
        }

    names = ("accuracy", "log_loss", "f1_macro")
    over = {split: {name: spread(found[split][name]) for name in names} for split in found}
    first = {split: numbers(own) for split, own in found.items()}
    return {
        "scores": {
            split: own | {name: over[split][name]["mean"] for name in names}
            for split, own in found.items()
        },
        "seeds": [
            {
                "seed": seed,
                "scores": {
                    split: first[split]
                    | {name: over[split][name]["values"][seed] for name in names}
                    for split in found
                },
            }
            for seed in range(seeds)
        ],
        "over_seeds": over,
    }


def numbers(found: dict[str, Any]) -> dict[str, float]:
    return {name: value for name, value in found.items() if isinstance(value, float)}


def history(rng: np.random.Generator, found: dict[str, Any]) -> dict[str, list[float]]:
    epochs = np.arange(1, 12)
    columns: dict[str, list[float]] = {
        "epoch": epochs.tolist(),
        "learning_rate": [0.001] * 10 + [0.0009],
    }
    end = found["validation"]
    for split, gain in (("train", 0.012), ("validation", 0.0)):
        for metric in (
            "accuracy", "precision_macro", "recall_macro",
            "precision_micro_at_half", "recall_micro_at_half",
        ):  # fmt: skip
            rise = end[metric] + gain * (epochs - 5) / 4 - 0.1 * np.exp(-(epochs - 1) / 2.2)
            columns[f"{split}_{metric}"] = np.clip(
                rise + rng.normal(size=11) * 0.002, 0, 1
            ).tolist()
    columns["train_loss"] = (0.22 + 0.35 * np.exp(-(epochs - 1) / 3)).tolist()
    rising = 0.004 * (epochs - 6) ** 2 * (epochs > 6)
    columns["validation_loss"] = (0.28 + 0.2 * np.exp(-(epochs - 1) / 2) + rising).tolist()
    columns["seconds"] = [1.1] * 11
    columns["images_per_second"] = [43_000.0] * 11
    return columns


def committee(
    plan: Plan,
    tables: dict[str, NDArray[np.float64]],
    labels: dict[str, NDArray[np.int64]],
    members: dict[str, Any],
) -> dict[str, Any]:
    own = [members[name] for name in plan.committee]
    names = ("accuracy", "log_loss", "precision_micro_at_half", "recall_micro_at_half")
    return scored(plan, tables, labels) | {
        "rule": "mean",
        "options": {},
        "fitted_on": None,
        "learnt": {},
        "note": "",
        "milliseconds_per_image": 0.01 * len(own),
        "members": list(plan.committee),
        "asked": list(plan.committee),
        "parameters": sum(entry["parameters"] or 0 for entry in own),
        "fit_seconds": sum(entry["fit_seconds"] for entry in own),
        "reported": plan.reported.get(COMMITTEE, {}),
        "mean_of_members": {
            split: {n: float(np.mean([entry["scores"][split][n] for entry in own])) for n in names}
            for split in ("validation", "test")
        },
    }


def mistakes(table: NDArray[np.float64], truth: NDArray[np.int64]) -> dict[str, Any]:
    said = table.argmax(axis=1)
    wrong = np.flatnonzero(said != truth)
    cells = []
    for t, p in sorted({(int(truth[row]), int(said[row])) for row in wrong}):
        rows = [row for row in wrong if truth[row] == t and said[row] == p]
        cells.append(
            {
                "truth": t,
                "predicted": p,
                "count": len(rows),
                "ids": [f"test-{row}" for row in rows[:IDS_KEPT]],
                "confidences": [round(float(table[row, p]), 4) for row in rows[:IDS_KEPT]],
            }
        )
    hardest = wrong[np.argsort(-table[wrong].max(axis=1), kind="stable")][:12]
    return {
        "cells": cells,
        "hardest": [
            {
                "id": f"test-{row}",
                "truth": int(truth[row]),
                "predicted": int(said[row]),
                "confidence": float(table[row].max()),
                "truth_probability": float(table[row, truth[row]]),
            }
            for row in hardest
        ],
    }


def ranked(name: str, kind: str, entry: dict[str, Any]) -> dict[str, Any]:
    accuracy = {split: entry["scores"][split]["accuracy"] for split in ("validation", "test")}
    return {
        "name": name,
        "kind": kind,
        "validation_accuracy": accuracy["validation"],
        "test_accuracy": accuracy["test"],
    }


def data_facts(
    plan: Plan, labels: dict[str, NDArray[np.int64]], rng: np.random.Generator
) -> dict[str, Any]:
    shown = rng.choice(plan.rows["training"], size=plan.samples, replace=False)
    rules = ("the first 80%", "the last 20% of the training rows", "all test rows")
    return {
        "asked": "fashion-mnist",
        "used": "fashion-mnist",
        "fell_back": None,
        "licence": "MIT, Zalando SE",
        "notes": [],
        "fingerprint": "ab" * 32,
        "classes": list(plan.classes),
        "image_shape": list(plan.image_shape),
        "splits": {
            split: {
                "rows": plan.rows[split],
                "class_counts": np.bincount(labels[split], minlength=len(plan.classes)).tolist(),
                "pixel_range": [0, 255],
                "pixel_mean": 72.94,
                "pixel_deviation": 90.02,
                "rule": rule,
            }
            for split, rule in zip(plan.rows, rules, strict=True)
        },
        "samples": {
            "seed": 0,
            "columns": plan.columns,
            "ids": [f"train-{row}" for row in shown],
            "labels": labels["training"][shown].tolist(),
        },
    }


def votes(
    plan: Plan,
    tables: dict[str, dict[str, NDArray[np.float64]]],
    truth: NDArray[np.int64],
    rng: np.random.Generator,
) -> dict[str, Any]:
    def cast(row: NDArray[np.float64]) -> dict[str, Any]:
        order = np.argsort(-row, kind="stable")[:3]
        top = [[int(i), float(row[i])] for i in order]
        return {"label": top[0][0], "confidence": top[0][1], "top": top}

    return {
        "seed": 0,
        "images": [
            {
                "id": f"test-{row}",
                "truth": int(truth[row]),
                "votes": {name: cast(table["test"][row]) for name, table in tables.items()},
            }
            for row in rng.choice(len(truth), size=plan.votes, replace=False)
        ],
    }


def first_rows(
    plan: Plan, tables: dict[str, dict[str, NDArray[np.float64]]], truth: NDArray[np.int64]
) -> dict[str, Any]:
    return {
        "ids": [f"test-{row}" for row in range(5)],
        "truth": truth[:5].tolist(),
        "probabilities": {name: table["test"][:5].tolist() for name, table in tables.items()},
    }


def pictures(
    plan: Plan, results: dict[str, Any], labels: dict[str, NDArray[np.int64]]
) -> dict[str, NDArray[Any]]:
    """An image of the right class for every id that the results name."""
    names = shown_ids(typed(results))
    splits = {"train": "training", "validation": "validation", "test": "test"}
    classes = []
    for name in names:
        split, _, row = name.partition("-")
        classes.append(int(labels[splits[split]][int(row)]))
    return {"ids": np.array(names), "images": draw_images(plan, np.array(classes))}


def draw_images(plan: Plan, classes: NDArray[np.int64]) -> NDArray[np.uint8]:
    found = fashion_images() if plan.image_shape == (28, 28) else None
    rng = np.random.default_rng(plan.seed)
    if found is None or len(plan.classes) > 10:
        noise = rng.integers(0, 256, size=(len(classes), *plan.image_shape), dtype=np.uint8)
        return noise // 2 + (classes * 97 % 120).astype(np.uint8).reshape(
            -1, *[1] * len(plan.image_shape)
        )
    images, truth = found
    by_class = [np.flatnonzero(truth == label) for label in range(10)]
    return np.array([images[rng.choice(by_class[label])] for label in classes])


def fashion_images() -> tuple[NDArray[np.uint8], NDArray[np.int64]] | None:
    """Fashion-MNIST test images where the data is at hand, for pages that people look at."""
    import gzip

    folder = os.environ.get("VESTRY_DATA")
    if not folder or not (Path(folder) / "fashion-mnist").is_dir():
        return None
    read = []
    for name, header in (("t10k-images-idx3-ubyte.gz", 16), ("t10k-labels-idx1-ubyte.gz", 8)):
        with gzip.open(Path(folder) / "fashion-mnist" / name) as file:
            read.append(np.frombuffer(file.read(), np.uint8, offset=header))
    return read[0].reshape(-1, 28, 28), read[1].astype(np.int64)


def write(folder: Path, results: dict[str, Any], images: dict[str, NDArray[Any]]) -> Path:
    """Put the two files where a run keeps them."""
    import json

    (folder / "figures").mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")
    np.savez_compressed(folder / "figures" / "images.npz", **images)
    return folder
