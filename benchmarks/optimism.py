"""How much of a validation figure is due to choosing by it, and what is left after correction.

Simulated validation rows whose truth is known: a network stopped at its best epoch, a search, both
at once, and the best of several models that are equally good. Prints one table: the mean of the
validation accuracy less the true accuracy, as it is and as it is corrected, in points; then which
model the ranking puts first where some are flattered and others not.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.optimism import optimism

ROWS = (60, 200, 600)
EPOCHS, TRIALS, MODELS = 20, 16, 5
DIFFICULTY = 1.0
"""Deviation of what makes a row hard for every model alike."""
OWN = 0.8
"""Deviation of what makes it hard for one fit, or one epoch, alone."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Chosen:
    """A choice by validation rows: its accuracy there, its true one, and the optimism found."""

    shown: float
    true: float
    found: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000, help="simulated choices of each kind")
    studies = parser.parse_args().studies
    start = time.perf_counter()
    print(f"{studies:,} choices of each kind; validation accuracy less the truth, points\n")
    print(f"{'chosen':<44}" + "".join(f"{f'{rows} rows':>22}" for rows in ROWS))
    for name, chosen in KINDS.items():
        cells = [gaps(chosen, rows, studies, seed=rows) for rows in ROWS]
        print(
            f"{name:<44}" + "".join(f"{before:>+11.2f} -> {left:>+7.2f}" for before, left in cells)
        )
    print("\nfirst of six models, three of them flattered: true accuracy less the best's, points")
    print(f"{'order':<44}" + "".join(f"{f'{rows} rows':>22}" for rows in ROWS))
    ordered = [shortfalls(rows, studies, seed=1 + rows) for rows in ROWS]
    for place, name in enumerate(("by validation accuracy", "by the corrected one")):
        print(f"{name:<44}" + "".join(f"{found[place]:>+22.2f}" for found in ordered))
    print(f"\n{time.perf_counter() - start:.0f} s")


def gaps(chosen: Callable[[np.random.Generator, int], Chosen], rows: int, studies: int, seed: int):
    """(before, after) correction, means over studies in points."""
    rng = np.random.default_rng(seed)
    found = [chosen(rng, rows) for _ in range(studies)]
    before = np.mean([each.shown - each.true for each in found])
    after = np.mean([each.shown - each.found - each.true for each in found])
    return 100 * float(before), 100 * float(after)


# Margins, above 0 where a model is right: of a row, of one fit on it, of one epoch of that fit.


def curve(level: float, epochs: int = EPOCHS) -> Floats:
    """(epochs,) mean margins of a network that learns fast, then slowly to `level`."""
    return level * (1 - np.exp(-(np.arange(epochs) + 1) / 4))


def network(rng: np.random.Generator, hard: Floats, level: float) -> tuple[Floats, Floats]:
    """((rows, epochs) margins, (epochs,) true accuracies); epochs differ by half of `OWN`."""
    means = curve(level)
    part = OWN / sqrt(2)
    own = rng.normal(0, part, len(hard))[:, None] + rng.normal(0, part, (len(hard), len(means)))
    return hard[:, None] + means + own, truth(means)


def truth(means: Floats) -> Floats:
    deviation = sqrt(DIFFICULTY**2 + OWN**2)
    return np.array([NormalDist().cdf(mean / deviation) for mean in means])


def stopped(rng: np.random.Generator, hard: Floats, level: float, by_loss: bool = False):
    """(Chosen, (rows,) right) of a network at its best epoch."""
    margins, true = network(rng, hard, level)
    right = margins > 0
    by = -np.logaddexp(0, -2 * margins) if by_loss else None
    best = int(np.argmax((right if by is None else by).mean(axis=0)))
    found = optimism(right, by)
    return Chosen(right[:, best].mean(), true[best], found), right[:, best]


def drawn_rows(rng: np.random.Generator, rows: int) -> Floats:
    return rng.normal(0, DIFFICULTY, rows)


def early_stopping(rng: np.random.Generator, rows: int) -> Chosen:
    return stopped(rng, drawn_rows(rng, rows), 1.2)[0]


def early_stopping_by_loss(rng: np.random.Generator, rows: int) -> Chosen:
    return stopped(rng, drawn_rows(rng, rows), 1.2, by_loss=True)[0]


def several(levels: Floats) -> Callable[[np.random.Generator, int], Chosen]:
    """The best of fits of these mean margins."""

    def chosen(rng: np.random.Generator, rows: int) -> Chosen:
        hard = drawn_rows(rng, rows)
        right = hard[:, None] + levels + rng.normal(0, OWN, (rows, len(levels))) > 0
        best = int(np.argmax(right.mean(axis=0)))
        return Chosen(right[:, best].mean(), truth(levels)[best], optimism(right))

    return chosen


def search_of_networks(rng: np.random.Generator, rows: int) -> Chosen:
    """A search whose trials are stopped at their best epoch: both corrections added."""
    hard = drawn_rows(rng, rows)
    trials = [stopped(rng, hard, level) for level in np.linspace(0.9, 1.2, TRIALS)]
    right = np.stack([each for _, each in trials], axis=1)
    best = trials[int(np.argmax(right.mean(axis=0)))][0]
    return Chosen(best.shown, best.true, best.found + optimism(right))


KINDS: dict[str, Callable[[np.random.Generator, int], Chosen]] = {
    f"the best of {EPOCHS} epochs, by accuracy": early_stopping,
    f"the best of {EPOCHS} epochs, by log loss": early_stopping_by_loss,
    f"the best of {TRIALS} trials, equally good": several(np.full(TRIALS, 0.9)),
    f"the best of {TRIALS} trials, 68% to 83%": several(np.linspace(0.6, 1.2, TRIALS)),
    f"{TRIALS} trials, each at its best epoch": search_of_networks,
    f"the best of {MODELS} equally good models": several(np.full(MODELS, 1.2)),
}


# Whether the ranking should go by the corrected figure.


def shortfalls(rows: int, studies: int, seed: int) -> tuple[float, float]:
    """Mean true accuracy of the first less that of the best, in points: as it is, corrected."""
    rng = np.random.default_rng(seed)
    lost = []
    for _ in range(studies):
        hard, levels = drawn_rows(rng, rows), rng.uniform(0.9, 1.3, 6)
        found = [stopped(rng, hard, level)[0] for level in levels[:3]]
        plain = several_alone(rng, hard, levels[3:])
        each = [*found, *plain]
        best = max(one.true for one in each)
        raw = max(each, key=lambda one: one.shown)
        corrected = max(each, key=lambda one: one.shown - one.found)
        lost.append((raw.true - best, corrected.true - best))
    raw_mean, corrected_mean = 100 * np.mean(lost, axis=0)
    return float(raw_mean), float(corrected_mean)


def several_alone(rng: np.random.Generator, hard: Floats, levels: Floats) -> list[Chosen]:
    """Models that nothing was chosen for."""
    right = hard[:, None] + levels + rng.normal(0, OWN, (len(hard), len(levels))) > 0
    return [Chosen(right[:, place].mean(), true, 0.0) for place, true in enumerate(truth(levels))]


if __name__ == "__main__":
    main()
