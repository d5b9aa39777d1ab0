"""What issue 3 adds to the made-up run: searches, folds, learning curves, augmentation, backbones.

Numbers are drawn from seeds and fit together as a real run's do; nothing is trained.
"""

from typing import Any

import example
import numpy as np
from numpy.typing import NDArray

Images = dict[str, NDArray[Any]]
SPACE: dict[str, Any] = {
    "layers #1.conv": {"choose": [64, 16, 32]},
    "layers #1.kernel": {"choose": [3, 5]},
    "layers #4.dense": {"choose": [64, 128, 256]},
    "layers #5.dropout": {"between": [0.0, 0.5]},
    "learning_rate": {"between": [1e-4, 1e-2], "log": True},
}
SIZES = [5, 10, 20, 50, 100, 500]


def build(plan: example.Plan | None = None) -> tuple[dict[str, Any], Images]:
    """An example with everything: Model-1 searched for, Model-2 cross-validated, and so on."""
    results, images = example.build(plan)
    members = results["members"]
    names = list(members)
    add_search(members[names[-3]])
    add_search(members[names[-2]], trials=60, space=wide_space(), score="log_loss")
    add_cross_validation(members[names[-1]], results)
    add_cross_validation(members[names[0]], results, repeats=2, reported=None)
    add_learning_curve(members[names[-3]], start=0.70, end=0.86)
    add_learning_curve(members[names[-2]], start=0.55, end=0.88)
    add_backbone(members[names[-1]])
    return results, add_augmentation(names[-2], results, images)


def wide_space() -> dict[str, Any]:
    """Nine values, one of them with a name that is long, one of words."""
    return SPACE | {
        "early_stopping.a_patience_with_an_exceedingly_long_name.of_epochs": {"between": [1, 9]},
        "optimizer": {"choose": ["adam", "sgd", "adagrad"]},
        "batch_size": {"choose": [16, 32, 64, 128, 256, 512]},
        "augmentation.horizontal_flip": {"choose": [False, True]},
    }


def add_search(
    entry: dict[str, Any],
    trials: int = 20,
    space: dict[str, Any] | None = None,
    score: str = "accuracy",
    states: tuple[str, ...] = ("complete", "complete", "pruned", "complete", "complete"),
) -> None:
    """Trials in turn of `states`; the eighth, if there is one, fails."""
    space = SPACE if space is None else space
    rng = np.random.default_rng(5)
    rows = [trial(number, space, score, states, rng) for number in range(trials)]
    if trials > 7:
        rows[7] |= {"state": "failed", "score": None, "validation_loss": None, "reason": "NaN loss"}
    ended = [row for row in rows if row["state"] == "complete"]
    sign = -1 if score == "log_loss" else 1
    best = max(ended, key=lambda row: sign * row["score"], default=None)
    at_edge = best is not None and "layers #1.conv" in space
    if best and at_edge:
        best["values"]["layers #1.conv"] = 64
    entry["search"] = {
        "sampler": "random", "pruning": True, "trials_asked": trials, "epochs": 5, "rows": 2400,
        "score": score, "seed": 0, "space": space, "trials": rows,
        "best": best and {key: best[key] for key in ("number", "values", "score")},
        "edges": [{"parameter": "layers #1.conv", "value": 64, "side": "high"}] if at_edge else [],
        "seconds": 31.2 * trials,
    }  # fmt: skip


def trial(
    number: int,
    space: dict[str, Any],
    score: str,
    states: tuple[str, ...],
    rng: np.random.Generator,
) -> dict[str, Any]:
    values = {key: drawn(ways, rng) for key, ways in space.items()}
    gone_wrong = number % 17 == 4
    loss = 2.3 if gone_wrong else float(0.25 + 0.2 * rng.beta(1.5, 3))
    accuracy = 0.1 if gone_wrong else float(1.01 - 0.4 * loss + 0.01 * rng.normal())
    state = states[number % len(states)]
    scored = state == "complete" or (state == "pruned" and number % 2 == 0)
    return {
        "number": number, "state": state, "values": values,
        "score": (loss if score == "log_loss" else accuracy) if scored else None,
        "validation_loss": None if state == "failed" else loss,
        "epochs_run": 5 if state == "complete" else 2, "seconds": 31.2,
        "reason": "out of memory" if state == "failed" else None,
    }  # fmt: skip


def drawn(ways: dict[str, Any], rng: np.random.Generator) -> Any:
    if "choose" in ways:
        return ways["choose"][int(rng.integers(len(ways["choose"])))]
    low, high = ways["between"]
    if ways.get("log"):
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return (
        int(rng.integers(low, high + 1)) if isinstance(low, int) else float(rng.uniform(low, high))
    )


def add_cross_validation(
    entry: dict[str, Any],
    results: dict[str, Any],
    folds: int = 5,
    repeats: int = 1,
    reported: dict[str, float] | None = {"accuracy": 0.8771, "deviation": 0.0033},  # noqa: B006
    reported_on: str | None = "test",
) -> None:
    rng = np.random.default_rng(6)
    rows = results["data"]["splits"]["training"]["rows"]
    test = entry["scores"]["test"]

    def spread(value: float) -> dict[str, Any]:
        values = value + 0.004 * rng.normal(size=folds * repeats)
        deviation = float(values.std(ddof=1)) if len(values) > 1 else None
        return {"mean": float(values.mean()), "deviation": deviation, "values": values.tolist()}

    scores = {name: spread(test[name]) for name in ("accuracy", "log_loss", "f1_macro")}
    accuracy = scores["accuracy"]["mean"]
    entry["cross_validation"] = {
        "folds": folds, "repeats": repeats, "stratified": True, "seed": 0, "rows": rows,
        "fold_rows": [rows // folds] * folds * repeats, "scores": scores,
        "fit_seconds": [12.1] * folds * repeats,
        "out_of_fold": {
            "scores": test | {"accuracy": accuracy},
            "intervals": {"accuracy": example.wilson(accuracy, rows)},
        },
        "validation_rows": results["data"]["splits"]["validation"]["rows"],
        "reported": reported or {}, "reported_on": reported_on,
    }  # fmt: skip


def add_learning_curve(
    entry: dict[str, Any],
    start: float,
    end: float,
    sizes: list[int] | None = None,
    seeds: int = 3,
) -> None:
    sizes = SIZES if sizes is None else sizes
    rng = np.random.default_rng(int(1000 * start))
    share = np.log(np.array(sizes) / sizes[0]) / max(np.log(sizes[-1] / sizes[0]), 1e-9)
    means = start + (end - start) * share

    def spreads(values: NDArray[np.float64]) -> list[dict[str, Any]]:
        found = []
        for place, mean in enumerate(values):
            each = mean + 0.02 / (1 + place) * rng.normal(size=seeds)
            deviation = float(each.std(ddof=1)) if seeds > 1 else None
            found.append(
                {"mean": float(each.mean()), "deviation": deviation, "values": each.tolist()}
            )
        return found

    entry["learning_curve"] = {
        "images_per_class": sizes,
        "training_rows": [10 * size for size in sizes],
        "validation": {"accuracy": spreads(means + 0.005)},
        "test": {"accuracy": spreads(means), "log_loss": spreads(1.5 - means)},
    }


def add_augmentation(name: str, results: dict[str, Any], images: Images) -> Images:
    """The member's card, and its pictures: a training image moved a little further each time."""
    image, label = results["data"]["samples"]["ids"][0], results["data"]["samples"]["labels"][0]
    variants = [f"augmented/{name}/{number:02}" for number in range(16)]
    results["members"][name]["augmentation"] = {
        "settings": {"horizontal_flip": True}, "words": [
            "horizontal flip", "rotation up to 10 degrees", "shift up to 2 pixels",
        ], "image": image, "label": label, "variants": variants,
    }  # fmt: skip
    source = images["images"][images["ids"].tolist().index(image)]
    made = np.array([np.roll(source[:, :: (-1) ** n], n % 5 - 2, axis=n % 2) for n in range(16)])
    return {
        "ids": np.array([*images["ids"].tolist(), *variants]),
        "images": np.concatenate([images["images"], made]),
    }


def add_backbone(entry: dict[str, Any], weights: str = "random") -> None:
    entry["backbone"] = {
        "name": "vgg16", "weights": weights, "asked": "imagenet",
        "why_replaced": "no network, and no file vgg16.pth in the cache" if weights == "random"
        else None,
        "parameters": 14_714_688, "features": 512, "feature_shape": [1, 1, 512],
        "image_size": [32, 32], "normalisation": "ImageNet means and deviations, by channel",
        "sha256": "ab" * 32, "precision": "fp32", "precision_error": None, "trials": {},
        "seconds": 104.2, "images_through": 70_000, "images_found": 0,
    }  # fmt: skip
    entry["trainable_parameters"] = 133_898
