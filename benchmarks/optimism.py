"""How much of a validation figure is due to choosing by it, and what is left after correction.

Simulated validation rows whose truth is known: networks at their best epoch, searches, both at
once, and the best of several models that are equally good. Prints one table: the mean of the
validation accuracy less the true one, as it is and as it is corrected, in points; then how good the
first of a ranking is where some models are flattered and others are not.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.optimism import Choice, carried_over, optimism

ROWS = (60, 200, 600)
EPOCHS, TRIALS, MODELS = 20, 16, 5
HARD = 1.0
"""Deviation of what makes a row hard for every model alike, in units of a model's margin."""
OWN = 0.8
"""Deviation of what makes a row hard for one fit alone, its epoch and its seed included."""
HALF = OWN / 2**0.5

Floats = NDArray[np.float64]
Right = NDArray[np.bool_]
Kind = Callable[[np.random.Generator, int], "Chosen"]


@dataclass(frozen=True)
class Chosen:
    """A choice by validation rows: its accuracy there, its true one, and the optimism found.

    ease: how far the mean of all that was chosen among lies above its truth, which is chance that
    has nothing to do with the choice; it is taken off, so that fewer studies do.
    """

    shown: float
    true: float
    found: float
    ease: float

    @property
    def gaps(self) -> tuple[float, float]:
        before = self.shown - self.true - self.ease
        return before, before - self.found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000, help="simulated choices of each kind")
    studies = parser.parse_args().studies
    start = time.perf_counter()
    print(f"{studies:,} choices of each kind; validation accuracy less the truth, points")
    print("as it is -> less the optimism found\n")
    print(f"{'chosen':<46}" + "".join(f"{f'{rows} rows':>20}" for rows in ROWS))
    for name, kind in KINDS.items():
        cells = [mean_gaps(kind, rows, studies, seed=rows) for rows in ROWS]
        shown = "".join(f"{before:>+10.2f} ->{left:>+7.2f}" for before, left in cells)
        print(f"{name:<46}{shown}", flush=True)
    print(
        "\nfirst of six models, three of them at their best epoch: its true accuracy less that of"
    )
    print(f"{'the best of the six, points':<46}" + "".join(f"{f'{r} rows':>20}" for r in ROWS))
    lost = [shortfalls(rows, studies, seed=1 + rows) for rows in ROWS]
    for place, order in enumerate(("by validation accuracy", "by validation accuracy, corrected")):
        print(f"{order:<46}" + "".join(f"{each[place]:>+20.2f}" for each in lost))
    print(f"\n{time.perf_counter() - start:.0f} s")


def mean_gaps(kind: Kind, rows: int, studies: int, seed: int) -> tuple[float, float]:
    """(before, after) correction, in points."""
    rng = np.random.default_rng(seed)
    before, after = np.mean([kind(rng, rows).gaps for _ in range(studies)], axis=0)
    return 100 * float(before), 100 * float(after)


# Margins, above 0 where a model is right on a row.


def truth(levels: Floats) -> Floats:
    """True accuracies of models of these mean margins."""
    spread = (HARD**2 + OWN**2) ** 0.5
    return np.array([NormalDist().cdf(level / spread) for level in levels])


def hard_rows(rng: np.random.Generator, rows: int) -> Floats:
    return rng.normal(0, HARD, (rows, 1))


def best_of(right: Right, levels: Floats, by: Floats | None = None) -> Chosen:
    """The best of (rows, candidates)."""
    best = int((right if by is None else by).mean(axis=0).argmax())
    true = truth(levels)
    shown = right.mean(axis=0)
    found = optimism(Choice(right, best, by))
    return Chosen(shown[best], true[best], found, float(np.mean(shown - true)))


# Networks: a fit's own luck on a row, and an epoch's, half of the variance each.


def curve(level: float) -> Floats:
    """(epochs,) mean margins of a network that learns fast, then slowly, to `level`."""
    return level * (1 - np.exp(-(np.arange(EPOCHS) + 1) / 4))


def margins(rng: np.random.Generator, hard: Floats, level: float) -> Floats:
    """(rows, epochs) of one fit."""
    fit, epoch = (rng.normal(0, HALF, (len(hard), count)) for count in (1, EPOCHS))
    return hard + curve(level) + fit + epoch


def early_stopping(by_loss: bool) -> Kind:
    def chosen(rng: np.random.Generator, rows: int) -> Chosen:
        found = margins(rng, hard_rows(rng, rows), 1.2)
        by = -np.logaddexp(0, -2 * found) if by_loss else None
        return best_of(found > 0, curve(1.2), by)

    return chosen


def several(levels: Floats) -> Kind:
    """The best of fits of these mean margins; as they are, or a search that takes the trial."""

    def chosen(rng: np.random.Generator, rows: int) -> Chosen:
        own = rng.normal(0, OWN, (rows, len(levels)))
        return best_of(hard_rows(rng, rows) + levels + own > 0, levels)

    return chosen


def fitted_again(levels: Floats) -> Kind:
    """A search whose best settings are fitted with another seed: half of the luck is new."""

    def chosen(rng: np.random.Generator, rows: int) -> Chosen:
        settings = hard_rows(rng, rows) + levels + rng.normal(0, HALF, (rows, len(levels)))
        trials, again = (settings + rng.normal(0, HALF, settings.shape) > 0 for _ in range(2))
        best, true = int(trials.mean(axis=0).argmax()), truth(levels)
        share = carried_over(again[:, best], trials, best)
        ease = float(np.mean(again.mean(axis=0) - true))
        found = share * optimism(Choice(trials, best))
        return Chosen(again[:, best].mean(), true[best], found, ease)

    return chosen


def stopped_trials(levels: Floats) -> Kind:
    """A search whose trials are networks at their best epoch."""

    def chosen(rng: np.random.Generator, rows: int) -> Chosen:
        hard = hard_rows(rng, rows)
        right = np.concatenate([margins(rng, hard, level) > 0 for level in levels], axis=1)
        true = np.concatenate([truth(curve(level)) for level in levels])
        shown = right.mean(axis=0)
        best = int(shown.argmax())
        found = optimism(Choice(right, best, counts=[EPOCHS] * len(levels)))
        return Chosen(shown[best], true[best], found, float(np.mean(shown - true)))

    return chosen


RISING = np.linspace(0.6, 1.2, TRIALS)
KINDS: dict[str, Kind] = {
    f"the best of {EPOCHS} epochs, by accuracy": early_stopping(by_loss=False),
    f"the best of {EPOCHS} epochs, by log loss": early_stopping(by_loss=True),
    f"the best of {TRIALS} trials, equally good": several(np.full(TRIALS, 0.9)),
    f"the best of {TRIALS} trials, 68% to 83%": several(RISING),
    "the same, fitted again with another seed": fitted_again(RISING),
    "the same, each trial at its best epoch": stopped_trials(RISING),
    f"the best of {MODELS} equally good models": several(np.full(MODELS, 1.2)),
}


# Whether the ranking should go by the corrected figure.


def shortfalls(rows: int, studies: int, seed: int) -> tuple[float, float]:
    """Mean true accuracy of the first less that of the best, in points: as it is, corrected."""
    rng = np.random.default_rng(seed)
    lost = []
    for _ in range(studies):
        hard, levels = hard_rows(rng, rows), rng.uniform(0.9, 1.3, 6)
        models = [best_of(margins(rng, hard, level) > 0, curve(level)) for level in levels[:3]]
        plain = hard + levels[3:] + rng.normal(0, OWN, (rows, 3)) > 0
        models += [
            best_of(plain[:, [place]], levels[[3 + place]]) for place in range(plain.shape[1])
        ]
        lost.append(_lost(models))
    raw, corrected = 100 * np.mean(lost, axis=0)
    return float(raw), float(corrected)


def _lost(models: Sequence[Chosen]) -> tuple[float, float]:
    best = max(model.true for model in models)
    raw = max(models, key=lambda model: model.shown)
    corrected = max(models, key=lambda model: model.shown - model.found)
    return raw.true - best, corrected.true - best


if __name__ == "__main__":
    main()
