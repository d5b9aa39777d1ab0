"""Pages of whole made-up studies, for whatever is measured of a page in a browser.

Nothing is trained; what the figures are made of goes through the same evaluation as a run's.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import example
import example_search
import numpy as np
from example_explanations import add_explanations
from numpy.typing import NDArray

from made_corruptions import made_predictions, made_truth
from vestry.audit.exploration import explore
from vestry.audit.settings import ExplorationSettings
from vestry.data.image_set import ImageSet
from vestry.evaluation.robustness import robustness
from vestry.evaluation.shown_images import exploration_ids
from vestry.report.page import write_report
from vestry.schema.exploration import Exploration
from vestry.storage.run_folder import RunFolder

Arrays = dict[str, NDArray[Any]]
Made = tuple[dict[str, Any], Arrays]
CNNS = ("Model-1", "Model-2", "Model-3")
DEFAULT = {
    "Linear model": 2.9, "Random forest": 3.1, "Dense network": 3.25, "Small CNN": 3.5,
    "CNN with dropout": 3.48,
}  # fmt: skip
NETWORKS = ("Dense network", "Small CNN", "CNN with dropout")
_ROWS = {"training": 6000, "validation": 2000, "test": 2000}
_ROBUST = 1000


def _default() -> Made:
    plan = example.Plan(
        strengths=DEFAULT,
        networks=NETWORKS,
        committee=NETWORKS,
        rows=_ROWS,
        image_shape=(28, 28),
        decision={"within": 0.02},
    )
    results, images = example.build(plan)
    return _with_everything(results | {"title": "A first look", "claims": [], "pairs": []}, images)


def _study_a() -> Made:
    """Four families, no committee, figures that a report gave and what it claimed of them."""
    given = {"Logistic Regression": 0.832, "Random Forest": 0.849, "SVC": 0.855, "CNN": 0.82}
    plan = example.Plan(
        strengths={"Logistic Regression": 2.6, "Random Forest": 3.0, "SVC": 3.1, "CNN": 2.95},
        networks=("CNN",),
        committee=(),
        rows={"training": 4000, "validation": 1000, "test": 1000},
        image_shape=(28, 28),
        reported={name: {"accuracy": value} for name, value in given.items()},
        seeds={"CNN": 3},
    )
    results, images = example.build(plan)
    return results | {"title": "Four model families compared"}, images


def _study_b() -> Made:
    """A committee of CNNs, with figures that a report gave for it and its members."""
    return example.build(example.study_b())


def _few_images() -> Made:
    """Three hundred images, tested and chosen by nested folds."""
    rows = dict.fromkeys(("training", "validation", "test"), 300)
    plan = example.Plan(
        strengths={"Linear": 2.1, "NB": 1.4, "Forest": 1.85},
        networks=(),
        committee=("Linear", "Forest"),
        rows=rows,
        image_shape=(24, 24),
    )
    results, images = example.build(plan)
    results["data"] |= {
        "chosen_by": "5 folds of all 300 training images",
        "tested_by": "5 nested folds",
    }
    first = results["ranking"][0]["name"]
    folds = [
        {"model": first, "validation_accuracy": 0.61 + 0.01 * n, "rows": 60, "right": 36 + n}
        for n in range(5)
    ]
    results["nested"] = {"folds": folds, "accuracy": 0.6333, "interval": [0.5641, 0.6987]}
    return results | {"title": "Signs", "claims": [], "pairs": []}, images


def _two_classes() -> Made:
    """Nine images of one class to one of the other."""
    plan = example.Plan(
        strengths={"Linear": 1.6, "Forest": 2.2, "Model-1": 2.6},
        networks=("Model-1",),
        committee=("Forest", "Model-1"),
        classes=("healthy", "ill"),
        shares=(0.9, 0.1),
        rows=_ROWS,
        image_shape=(28, 28),
    )
    return example.build(plan)


def _twelve_models() -> Made:
    """Long names, thirty classes, and everything that a page may have of so many."""
    names = [f"A member with a long name, {number}" for number in range(1, 12)]
    plan = example.Plan(
        strengths={name: 2.5 + 0.1 * number for number, name in enumerate(names)},
        networks=tuple(names[3:]),
        committee=tuple(names[5:9]),
        classes=tuple(f"Kind of thing {number}" for number in range(30)),
        rows={"training": 6000, "validation": 1500, "test": 1500},
        seeds={names[0]: 3},
    )
    return _with_everything(*example_search.build(plan))


def _hundred_classes() -> Made:
    plan = example.Plan(
        classes=tuple(f"kind {number}" for number in range(100)), rows=_ROWS, samples=200
    )
    return example.build(plan)


def _several_seeds() -> Made:
    plan = example.Plan(
        seeds=dict.fromkeys(("Linear", "Forest", *CNNS, example.COMMITTEE), 3),
        rows=_ROWS,
        image_shape=(28, 28),
    )
    return example.build(plan)


def _all_in_little() -> Made:
    """Everything that a page may have, of as few images, classes and trials as will do."""
    plan = example.Plan(
        strengths={"Linear": 1.2, "Model-1": 1.9, "Model-2": 1.6},
        networks=CNNS[:2],
        committee=CNNS[:2],
        classes=example.FASHION[:4],
        rows={"training": 600, "validation": 300, "test": 120},
        seeds={"Linear": 3},
        samples=12,
        votes=3,
    )
    results, images = example.build(plan)
    linear, first, second = results["members"].values()
    example_search.add_search(first, trials=9)
    example_search.add_cross_validation(linear, results)
    example_search.add_learning_curve(second, 0.55, 0.8, sizes=[5, 20, 100])
    example_search.add_backbone(second)
    return _with_everything(results, example_search.add_augmentation("Model-2", results, images))


def _fallback() -> Made:
    """Other images than the study asks for."""
    results, images = example.build(example.Plan(rows=_ROWS, image_shape=(28, 28)))
    why = "fashion-mnist could not be downloaded (no network)"
    results["data"] |= {"asked": "fashion-mnist", "used": "digits", "fell_back": why}
    said = f"This study asked for fashion-mnist and ran on digits: {why}"
    results["notices"] = [{"level": "warning", "text": said}]
    return results, images


def _leak() -> Made:
    """All test images are training images."""
    results, images = example.build(example.Plan(rows=_ROWS, image_shape=(28, 28)))
    count = results["data"]["splits"]["test"]["rows"]
    nothing_left = {"left_out": count, "rows": 0, "makers": None, "changed": []}
    results["leaks"]["shared"] = [{"splits": ["training", "test"], "count": count, "of": count}]
    results["leaks"]["without"] |= {"repeated": nothing_left, "both": nothing_left}
    return results, images


def _level() -> Made:
    """Two models that cannot be told apart, one of which costs less."""
    plan = example.Plan(
        strengths={"Linear": 2.2, "Model-1": 3.51, "Model-2": 3.5},
        networks=("Model-1", "Model-2"),
        committee=(),
        rows={"training": 9000, "validation": 6000, "test": 3000},
        image_shape=(28, 28),
    )
    return example.build(plan)


MEASURED: dict[str, Callable[[], Made]] = {
    "default": _default,
    "a": _study_a,
    "b": _study_b,
    "few images": _few_images,
    "two classes": _two_classes,
    "twelve models": _twelve_models,
    "hundred classes": _hundred_classes,
    "several seeds": _several_seeds,
}
"""The studies whose pages are measured."""

GLANCED_AT: dict[str, Callable[[], Made]] = {
    name: MEASURED[name] for name in ("default", "few images", "two classes")
} | {"fallback": _fallback, "leak": _leak, "level": _level}
"""Those whose first screen has to give the answer."""


IN_LITTLE: dict[str, Callable[[], Made]] = {"all in little": _all_in_little}
"""For measures that take long on a page of many words."""


@cache
def made_study(name: str) -> Made:
    """Results and the arrays of `figures/images.npz`; nobody changes them."""
    return (MEASURED | GLANCED_AT | IN_LITTLE)[name]()


def write_page(name: str, folder: Path) -> Path:
    """The study's page, drawn in a run's folder as `vestry report` draws it."""
    results, arrays = made_study(name)
    images = {key: arrays[key] for key in ("ids", "images")}
    run = RunFolder(example.write(folder, results, images))
    if "correlation" in arrays:
        np.savez_compressed(run.exploration, correlation=arrays["correlation"])
    if "map names" in arrays:
        np.savez_compressed(run.explanations, names=arrays["map names"], maps=arrays["maps"])
    return write_report(run)


def _with_everything(results: dict[str, Any], images: Arrays) -> Made:
    """With a look at the data, worse images and what members look at."""
    maps = add_explanations(results)
    _add_robustness(results)
    images |= {"map names": np.array(list(maps)), "maps": np.stack(list(maps.values()))}
    return results, _add_exploration(results, images)


def _add_robustness(results: dict[str, Any]) -> None:
    classes = tuple(results["data"]["classes"])
    truth = made_truth(_ROBUST, len(classes))
    names = list(results["members"])
    predictions = {
        name: made_predictions(
            truth, 0.86 + 0.005 * place, {"noise": 0.3 + 0.04 * place, "blur": 0.6}, seed=place
        )
        for place, name in enumerate(names)
    }
    found = robustness(predictions, {}, truth, classes, {})
    results["robustness"] = found.as_json() if found else None


def _add_exploration(results: dict[str, Any], images: Arrays) -> Arrays:
    """Looks at the images that the page has anyway, as if there were no others."""
    sets = {split: _rows(results, images, split) for split in ("training", "test")}
    found = explore(sets, ExplorationSettings(sample=200), lambda event: None)
    results["exploration"] = found.results.as_json()
    known = set(images["ids"].tolist()) | set(found.ids)
    assert known.issuperset(exploration_ids(Exploration.model_validate(results["exploration"])))
    return images | {
        "ids": np.array([*images["ids"].tolist(), *found.ids]),
        "images": np.concatenate([images["images"], found.images]),
        "correlation": found.correlation,
    }


def _rows(results: dict[str, Any], images: Arrays, split: str) -> ImageSet:
    """Of the pictures at hand those of a split, with labels by turns, but for a few repeated."""
    prefix = "train-" if split == "training" else "test-"
    rows = [row for row, name in enumerate(images["ids"].tolist()) if name.startswith(prefix)]
    classes = tuple(results["data"]["classes"])
    labels = np.arange(len(rows)) % len(classes)
    return ImageSet(images["images"][rows], labels, classes, images["ids"][rows])
