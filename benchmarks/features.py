"""What features before an SVM gain over pixels where rows are few: `vestry try`'s own candidate.

    python benchmarks/features.py SOURCE [--rows 100 500 2000] [--draws 4]

Each draw takes as many training rows of every class; accuracy is that on 1,000 other training rows,
so that no test row is looked at. Prints a line for each number of rows: means over draws and their
spread, and seconds of a fit.
"""

import argparse
import time
import tomllib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import SVC

from vestry.data.dataset import load_dataset
from vestry.data.image_set import ImageSet
from vestry.data.paths import DataPaths
from vestry.data.settings import DataSettings
from vestry.members.estimators.features.feature_step import FeatureStep
from vestry.members.estimators.features.learnt_features import learn_features
from vestry.members.estimators.kind import EstimatorSettings
from vestry.pipeline.tryout.candidates import candidates

HELD_OUT = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("--rows", type=int, nargs="+", default=[100, 500, 2000])
    parser.add_argument("--draws", type=int, default=4)
    parser.add_argument("--size", type=int, help="side that pictures are resized to")
    asked = parser.parse_args()
    size = {"image_size": (asked.size, asked.size)} if asked.size else {}
    settings = DataSettings(source=asked.source, validation={"fraction": 0.01}, **size)
    rows = load_dataset(settings, DataPaths.of()).training
    for count in asked.rows:
        chosen = tried(rows.image_shape, count)
        for name, steps in {"pixels": tried_steps([{"pixels": True}]), "features": chosen}.items():
            fits = (scored(rows, count, draw, steps) for draw in range(asked.draws))
            found, seconds = zip(*fits, strict=True)
            print(
                f"{asked.source} {count:>6,} {name:<9} {100 * np.mean(found):.1f}% "
                f"+- {100 * np.std(found):.1f}  {np.mean(seconds):.1f} s",
                flush=True,
            )


def tried(shape: tuple[int, ...], rows: int) -> Iterable[FeatureStep]:
    """The steps that `vestry try` has for so many images of this shape."""
    (body,) = (each.body for each in candidates(shape, rows)[0] if each.family == "kernel")
    return tried_steps(tomllib.loads(body)["features"])


def tried_steps(tables: list[dict[str, object]]) -> Iterable[FeatureStep]:
    settings = EstimatorSettings(estimator="sklearn.svm.SVC", features=tables)
    return settings.features or ()


def scored(
    rows: ImageSet, count: int, draw: int, steps: Iterable[FeatureStep]
) -> tuple[float, float]:
    """Accuracy on rows held out, and seconds of the fit."""
    learnt, held_out = parts(rows.labels, count, draw)
    started = time.perf_counter()
    made, features = learn_features(tuple(steps), rows.images[learnt], 0)
    model = SVC(C=10).fit(features, rows.labels[learnt])
    seconds = time.perf_counter() - started
    given = model.predict(made.apply(rows.images[held_out]))
    return float((given == rows.labels[held_out]).mean()), seconds


def parts(labels: NDArray[np.int64], count: int, draw: int) -> tuple[NDArray[np.int64], ...]:
    """As many rows of each class, and others."""
    random, classes = np.random.default_rng(draw), np.unique(labels)
    learnt = np.concatenate(
        [random.permutation(np.flatnonzero(labels == c))[: count // len(classes)] for c in classes]
    )
    others = np.setdiff1d(np.arange(len(labels)), learnt)
    return learnt, np.random.default_rng(99).permutation(others)[:HELD_OUT]


if __name__ == "__main__":
    main()
