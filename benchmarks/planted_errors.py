"""What is found of planted errors: 100 labels flipped among the training rows, 20 test images that
are training images shifted by one pixel or with noise of two grey levels.

A study of two cross-validated networks is run on Fashion-MNIST with the errors in it, as any study
is; then the doubted labels and the findings of its run are held against what was planted. Doubted
labels that were not planted are no mistakes of the method: Fashion-MNIST has wrong labels of its
own. Everything is drawn with --seed.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.audit.spectrum import SHIFTS
from vestry.data.image_set import ImageSet, Source
from vestry.data.paths import DataPaths
from vestry.data.source import load_source
from vestry.evaluation.label_issues import label_issues
from vestry.pipeline.run_study import run_study
from vestry.predictions.table import ProbabilityTable, load_table
from vestry.storage.run_folder import RunFolder, read_json
from vestry.study.reader import read_study

FLIPS, MOST_DOUBTED, REPEATS, NOISE = 100, 150, 20, 2.0
STUDY = """
title = "Planted errors"

[data]
source = "npz:planted.npz"
training_rows = {{ count = {rows}, take = "first" }}
validation = {{ fraction = 0.2, take = "last" }}

[exploration]
tsne = false

[robustness]
skip = true

[explanation]
skip = true

[training]
epochs = 12
batch_size = 64
schedule = {{ cosine = true }}

[[model]]
name = "CNN"
layers = [
    {{ conv = 32, kernel = 3 }}, {{ pool = 2 }}, {{ conv = 64, kernel = 3 }}, {{ pool = 2 }},
    {{ flatten = true }}, {{ dense = 64 }}, {{ dropout = 0.5 }},
]
cross_validation = {{ folds = 4 }}

[[model]]
name = "Dense network"
layers = [{{ flatten = true }}, {{ dense = 256 }}, {{ dropout = 0.3 }}, {{ dense = 128 }}]
cross_validation = {{ folds = 4 }}
"""


@dataclass(frozen=True, eq=False)
class Planted:
    """flipped: ids of training rows; repeated: kind by id of test rows."""

    source: Source
    flipped: set[str]
    repeated: dict[str, str]


def main() -> None:
    options = arguments()
    places = DataPaths.of(data=options.data)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        planted = plant(load_source("fashion-mnist", places), options.rows, options.seed)
        save(planted.source, folder / "planted.npz")
        # A planted test set is nobody's: looks at it are not counted among the user's own.
        places = replace(places, base=folder, looks=folder / "looks")
        started = time.perf_counter()
        results = run(folder, places, options)
        seconds = time.perf_counter() - started
        report(results, out_of_fold(folder / "run", results), planted, seconds)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder that holds fashion-mnist/")
    parser.add_argument(
        "--rows", type=int, default=15_000, help="of training and validation (default 15000)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="cores")
    return parser.parse_args()


def plant(source: Source, rows: int, seed: int) -> Planted:
    """Flips among the first four fifths of `rows`, which are the training rows, and repeats of
    some of these at the end of the test rows."""
    random = np.random.default_rng(seed)
    train, test = source.train, source.test
    assert test is not None
    chosen = random.choice(rows * 4 // 5, FLIPS + REPEATS, replace=False)
    flips, copied = chosen[:FLIPS], chosen[FLIPS:]
    labels = train.labels.copy()
    others = random.integers(1, len(train.classes), FLIPS)
    labels[flips] = (labels[flips] + others) % len(train.classes)
    copies = [repeat(train.images[row], number, random) for number, row in enumerate(copied)]
    ids = [f"test/{len(test) + number:05d}" for number in range(REPEATS)]
    return Planted(
        replace(
            source,
            train=replace(train, labels=labels),
            test=ImageSet(
                np.concatenate([test.images, [image for image, _ in copies]]),
                np.concatenate([test.labels, train.labels[copied]]),
                test.classes,
                np.concatenate([test.ids, ids]),
            ),
        ),
        set(train.ids[flips].tolist()),
        {name: kind for name, (_, kind) in zip(ids, copies, strict=True)},
    )


def repeat(
    image: NDArray[np.uint8], number: int, random: np.random.Generator
) -> tuple[NDArray[np.uint8], str]:
    """An image shifted by a pixel to one of eight sides, or with noise, in turns; and which."""
    if number % 2:
        noisy = image + random.normal(0, NOISE, image.shape)
        return np.clip(np.rint(noisy), 0, 255).astype(np.uint8), "noise"
    down, across = SHIFTS[number // 2 % len(SHIFTS)]
    padded = np.pad(image, 1)  # what comes in at the border is black
    height, width = image.shape
    return padded[1 - down : 1 - down + height, 1 - across : 1 - across + width], "shift"


def save(source: Source, path: Path) -> None:
    assert source.test is not None
    np.savez(
        path,
        images=source.train.images,
        labels=source.train.labels,
        test_images=source.test.images,
        test_labels=source.test.labels,
        classes=np.array(source.train.classes),
    )


def run(folder: Path, places: DataPaths, options: argparse.Namespace) -> dict[str, Any]:
    path = folder / "planted.toml"
    path.write_text(STUDY.format(rows=options.rows))
    study, place = read_study(path), RunFolder(folder / "run")
    run_study(study, places, place, options.threads, lambda event: None)  # noqa: ARG005
    return read_json(folder / "run" / "results.json")


def out_of_fold(run: Path, results: Mapping[str, Any]) -> dict[str, ProbabilityTable]:
    return {
        name: load_table(run / "members" / name / "out_of_fold.npz") for name in results["members"]
    }


def report(
    results: Mapping[str, Any],
    tables: Mapping[str, ProbabilityTable],
    planted: Planted,
    seconds: float,
) -> None:
    first = next(iter(tables.values()))
    train = planted.source.train
    label_of = dict(zip(train.ids.tolist(), train.labels.tolist(), strict=True))
    truth = np.array([label_of[name] for name in first.ids.tolist()])
    found = label_issues(tables, truth, "out-of-fold")
    worst = found.doubted_ids[:MOST_DOUBTED].tolist()
    near = next(
        entry
        for entry in results["exploration"]["findings"]
        if entry["kind"] == "near_duplicates" and entry["splits"] == ["training", "test"]
    )
    told = set(near["ids"])
    shown = {
        "training rows": len(truth),
        "accuracy of the panel, out-of-fold": round(
            float((found.mean.argmax(1) == truth).mean()), 4
        ),
        "labels flipped": len(planted.flipped),
        f"of these among the {MOST_DOUBTED} most doubted": len(planted.flipped & set(worst)),
        "of these among all doubted": len(planted.flipped & set(found.doubted_ids.tolist())),
        "labels doubted in all": len(found.rows),
    }
    for kind in ("shift", "noise"):
        ids = {name for name, its in planted.repeated.items() if its == kind}
        shown |= {f"test images planted ({kind})": len(ids), f"found ({kind})": len(ids & told)}
    shown |= {
        "other near-duplicates found": len(told - set(planted.repeated)),
        "seconds": round(seconds),
    }
    for words, value in shown.items():
        print(f"{words:<42} {value:>8,}")
    print(json.dumps(shown))


if __name__ == "__main__":
    main()
