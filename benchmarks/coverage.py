"""Whether the statistics keep their promises, in simulated studies whose truth is known.

Prints one table: how often 95% intervals hold the truth, how often the paired test sees a
difference between two equal models, and how often anything is seen among ten of them.
"""

import argparse
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.bootstrap import bootstrap
from vestry.evaluation.paired_tests import holm, mcnemar
from vestry.predictions.scores import score
from vestry.predictions.table import ProbabilityTable

CLASSES = tuple("abcdefghij")
ROWS = 1000
RESAMPLES = 500
"""A study takes 2,000; fewer only make the ends of an interval less steady."""
MODELS = {"good, too unsure": (3.2, 2.4), "weak, too sure": (2.2, 2.8)}
"""How far a model leans to the truth, and how sharp its softmax is."""
SHOWN: tuple[str, ...] = ("log_loss", "brier", "f1_macro", "precision_macro", "ece")
LEVEL = 0.05

Labels = NDArray[np.int64]
Tables = dict[str, ProbabilityTable]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000, help="simulated studies of each kind")
    studies = parser.parse_args().studies
    start = time.perf_counter()
    print(f"{studies:,} simulated studies of each kind\n")
    print(f"95% bootstrap intervals, {ROWS:,} images in 10 classes, {RESAMPLES} resamples")
    print(f"{'model':<20}" + "".join(f"{name:>17}" for name in SHOWN))
    for name, held in coverage(studies).items():
        print(f"{name:<20}" + "".join(f"{share:>17.1%}" for share in held))
    print(f"\npaired tests at {LEVEL}, models equal in truth that miss the same hard images")
    print(f"{'images':<20}{'discordant':>17}{'two models':>17}{'any of 45 pairs':>17}")
    for rows, spread in ((200, 0.4), (1000, 0.4), (1000, 1.0), (10_000, 0.4)):
        discordant, pair, family = false_alarms(studies, rows, spread)
        print(f"{rows:<20,}{discordant:>17.1%}{pair:>17.1%}{family:>17.1%}")
    print(f"\n{time.perf_counter() - start:.0f} s")
    print(f"2,000 resamples of ten models on 10,000 images: {resampling_seconds():.1f} s")


def resampling_seconds() -> float:
    """Of what a study of ten models on 10,000 images does."""
    tables, labels = simulated(np.random.default_rng(0), 10_000)
    ten = {f"{name}, {copy}": table for name, table in tables.items() for copy in range(5)}
    start = time.perf_counter()
    bootstrap(ten, labels)
    return time.perf_counter() - start


def coverage(studies: int) -> dict[str, list[float]]:
    """Of each model's intervals the share that holds the truth, by score."""
    true = truths()
    held = {name: np.zeros(len(SHOWN)) for name in MODELS}
    rng = np.random.default_rng(1)
    for study in range(studies):
        tables, labels = simulated(rng, ROWS)
        drawn = bootstrap(tables, labels, RESAMPLES, seed=study)
        for name in MODELS:
            for place, each in enumerate(SHOWN):
                low, high = drawn.interval(name, each)
                held[name][place] += low <= true[name][each] <= high
    return {name: (counts / studies).tolist() for name, counts in held.items()}


def truths(rows: int = 400_000) -> dict[str, dict[str, float]]:
    """Every score on so many images that chance has no part in it."""
    tables, labels = simulated(np.random.default_rng(0), rows)
    return {name: score(table.probabilities, labels, CLASSES) for name, table in tables.items()}


def simulated(rng: np.random.Generator, rows: int) -> tuple[Tables, Labels]:
    """Models that share most of their noise, on as many images of each class."""
    labels = np.arange(rows) % len(CLASSES)
    ids = np.arange(rows).astype(str)
    shared = rng.normal(size=(rows, len(CLASSES)))
    tables = {}
    for name, (lean, sharpness) in MODELS.items():
        values = 0.8 * shared + 0.6 * rng.normal(size=shared.shape)
        values[np.arange(rows), labels] += lean
        shares = np.exp(sharpness * (values - values.max(axis=1, keepdims=True)))
        shares /= shares.sum(axis=1, keepdims=True)
        tables[name] = ProbabilityTable(ids, CLASSES, shares.astype(np.float32), name, "test")
    return tables, labels


def false_alarms(studies: int, rows: int, spread: float) -> tuple[float, float, float]:
    """Share of discordant images; of pairs that are told apart, of ten models any of which are.

    The models are equal, so that every difference is chance. The second counts all 45 pairs of a
    study, each by its own p; the third adjusts them by Holm's procedure.
    """
    pairs, families, discordant = [], [], []
    for only in equal_models(studies, rows, spread):
        p = [
            mcnemar(int(only[one, other]), int(only[other, one])).p
            for one in range(10)
            for other in range(one)
        ]
        families.append(min(holm(p)) < LEVEL)
        pairs += [value < LEVEL for value in p]
        discordant.append((only[0, 1] + only[1, 0]) / rows)
    return float(np.mean(discordant)), float(np.mean(pairs)), float(np.mean(families))


def equal_models(studies: int, rows: int, spread: float) -> Iterator[Labels]:
    """(10, 10) counts of images that only the one, not the other is right on, study by study."""
    rng = np.random.default_rng(2)
    for _ in range(studies):
        hard = rng.standard_normal((rows, 1), np.float32)
        own = spread * rng.standard_normal((rows, 10), np.float32)
        right = (hard + own < 1.4 * np.sqrt(1 + spread**2)).astype(np.float32)
        yield np.rint(right.T @ (1 - right)).astype(np.int64)


if __name__ == "__main__":
    main()
