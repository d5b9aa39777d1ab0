"""How often equal models are called different, and unequal ones are found, over images and seeds.

Prints five tables. False alarms: the share of simulated studies with any difference where there is
none, in each family of tests as a run makes them, beside what each step was judged by before (Welch
over the seeds alone, unadjusted); likewise of models that seeds do not move alike. Power: of pairs
that differ, the share that is found with as many rows as are said to be needed, all pairs adjusted
together. Differences that are shown: with what all models of a study say of seeds, beside each
one's own seeds. Coverage: the interval of an accuracy over seeds, its width beside Clopper and
Pearson's for one seed.
"""

import argparse
import time
from collections.abc import Sequence
from itertools import combinations
from math import sqrt
from statistics import NormalDist, fmean, variance

import numpy as np
from scipy.stats import beta, t

from equal_models import Rights, equal_models
from vestry.evaluation.ablations import size_pairs
from vestry.evaluation.difference import Answers, adjusted, difference, over_seeds
from vestry.evaluation.intervals import paired_difference
from vestry.evaluation.paired_tests import LEVEL, rows_needed, strictest
from vestry.evaluation.seed_pool import SeedPool, seed_pool
from vestry.evaluation.two_way import TwoWay, mean_accuracy, mean_difference

SEED = 20_26
ALARMS = [
    *[((seeds,) * models, 1000, 0.9, 0.01) for models in (2, 5, 12) for seeds in (2, 3, 5, 10)],
    *[((1,) * models, 1000, 0.9, 0.0) for models in (2, 5, 12)],
    ((1, 5), 1000, 0.9, 0.01),
    ((1, 3, 5, 10), 1000, 0.9, 0.01),
    ((3,) * 12, 1000, 0.9, 0.03),
    ((2,) * 12, 1000, 0.9, 0.02),
    ((3,) * 12, 10_000, 0.9, 0.005),
    ((3,) * 5, 100, 0.95, 0.005),
    ((5,) * 12, 300, 0.985, 0.003),
]
"""Seeds of each model, images, accuracy, and how far that varies over seeds."""
UNLIKE = [
    *[
        ((seeds,) * models, (0.03,) + (0.0075,) * (models - 1))
        for models in (2, 5, 12)
        for seeds in (2, 3, 5, 10)
    ],
    *[
        ((seeds,) * models, (0.01,) * (models - models // 2) + (None,) * (models // 2))
        for models in (2, 5, 12)
        for seeds in (2, 3, 5, 10)
    ],
    ((2,) * 6, (0.03, 0.03, *(0.0075,) * 4)),
    ((10, 3, 3, 3, 3), (0.0075, 0.03, 0.0075, 0.0075, 0.0075)),
    ((1, 3, 3, 3, 3), (0.01, 0.01, 0.01, None, None)),
    ((1, 1, 3, 3, 5), (None, 0.01, 0.01, 0.01, 0.03)),
]
"""Seeds of each model, and how far each one's accuracy varies over them: one four times as far as
the others, or half of them not at all (None)."""
LADDER = (0.90, 0.91, 0.92, 0.94)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000, help="simulated studies of each kind")
    parser.add_argument("--intervals", type=int, default=2000, help="simulations of an interval")
    given = parser.parse_args()
    start = time.perf_counter()
    rng = np.random.default_rng(SEED)
    alarms(rng, given.studies)
    unlike(rng, given.studies)
    power(rng, given.studies)
    seen(rng, given.studies)
    coverage(rng, given.intervals)
    print(f"\n{time.perf_counter() - start:.0f} s")


def alarms(rng: np.random.Generator, studies: int) -> None:
    heads = ("seeds", "images", "accuracy", "over seeds", "before", "pairs", "steps", "curves")
    print(f"any false alarm in {studies:,} studies of equal models")
    print("".join(f"{head:>14}" for head in heads))
    for seeds, rows, accuracy, spread in ALARMS:
        found = np.mean(
            [
                study_alarms(answers(equal_models(rng, seeds, rows, accuracy, spread)))
                for _ in range(studies)
            ],
            axis=0,
        )
        every = f"{len(seeds)} x {seeds[0]}" if len(set(seeds)) == 1 else "+".join(map(str, seeds))
        cells = [every, f"{rows:,}", f"{accuracy}", f"{spread}", *(f"{a:.1%}" for a in found)]
        print("".join(f"{cell:>14}" for cell in cells), flush=True)


def unlike(rng: np.random.Generator, studies: int) -> None:
    print("\nany false alarm among all pairs of models that seeds do not move alike, 3,000 images")
    for seeds, spreads in UNLIKE:
        alarms = 0
        for _ in range(studies):
            models = answers(equal_models(rng, seeds, 3000, 0.9, spreads))
            alarms += any_of_all(models)
        every = f"{len(seeds)} x {seeds[0]}" if len(set(seeds)) == 1 else "+".join(map(str, seeds))
        moved = ", ".join("none" if spread is None else f"{spread}" for spread in spreads[:2])
        last = "none" if spreads[-1] is None else f"{spreads[-1]}"
        print(f"{every:>14}{f'{moved} .. {last}':>28}{alarms / studies:>10.1%}", flush=True)


def answers(models: Sequence[Rights]) -> list[Answers]:
    """With what is known of seeds from all of them."""
    pool = seed_pool(models)
    return [Answers(rights, pool) for rights in models]


def any_of_all(models: Sequence[Answers]) -> bool:
    """Holm finds something where its first step does: the smallest p, at the strictest level."""
    level = strictest(len(models) * (len(models) - 1) // 2)
    return any(abs(found.centre) > found.half(level) for found in _pairs(models))


def _pairs(models: Sequence[Answers]) -> list[TwoWay]:
    return [over_seeds(*pair) for pair in combinations(models, 2)]


def seen(rng: np.random.Generator, studies: int) -> None:
    """How large a difference has to be, at the strictest level of all pairs."""
    print("\nthe smallest difference of two that is shown among all pairs, points, median")
    print("".join(f"{head:>14}" for head in ("models", "seeds", "images", "own seeds", "the pool")))
    for models in (2, 5, 12):
        level = strictest(models * (models - 1) // 2)
        for seeds in (2, 3, 5, 10):
            for rows in (500, 10_000):
                cells = [f"{models}", f"{seeds}", f"{rows:,}"]
                halves = [
                    _halves(answers(equal_models(rng, (seeds,) * models, rows, 0.9, 0.01)), level)
                    for _ in range(studies // 4)
                ]
                cells += [f"{100 * half:.1f}" for half in np.median(halves, axis=0)]
                print("".join(f"{cell:>14}" for cell in cells), flush=True)


def _halves(models: Sequence[Answers], level: float) -> tuple[float, float]:
    """Of the first two, by their own seeds and by the pool."""
    one, other = models[:2]
    alone = mean_difference(one.rights, other.rights, pool=SeedPool())
    return alone.half(level), over_seeds(one, other).half(level)


def study_alarms(models: Sequence[Answers]) -> list[bool]:
    """Whether anything is found: before, among all pairs, among steps, and between curves of which
    each model has a point."""
    pairs = adjusted([difference(*pair) for pair in combinations(models, 2)])
    steps = adjusted([difference(other, models[0]) for other in models[1:]])
    curves = size_pairs({str(place): {10: model.rights} for place, model in enumerate(models)})
    return [
        any(_before(models[0].rights, other.rights) for other in models[1:]),
        min(each.p_holm or 0.0 for each in pairs) < LEVEL,
        min(each.p_holm or 0.0 for each in steps) < LEVEL,
        min(pair.difference.p_holm or 0.0 for pair in curves) < LEVEL,
    ]


def _before(one: Rights, other: Rights) -> bool:
    """An interval of the step that leaves out 0: over seeds alone where both have several."""
    if min(len(one), len(other)) < 2:
        first, second = one[0], other[0]
        counts = int((first & ~second).sum()), int((second & ~first).sum())
        low, high = paired_difference(*counts, one.shape[1])
        return low > 0 or high < 0
    ours, theirs = one.mean(axis=1).tolist(), other.mean(axis=1).tolist()
    parts = [variance(values) / len(values) for values in (ours, theirs)]
    if not sum(parts):
        return False
    freedom = sum(parts) ** 2 / sum(
        part**2 / (len(values) - 1) for part, values in zip(parts, (ours, theirs), strict=True)
    )
    half = float(t.ppf(0.975, freedom)) * sqrt(sum(parts))
    return abs(fmean(ours) - fmean(theirs)) > half


def power(rng: np.random.Generator, studies: int) -> None:
    """Of every two of a ladder of models, whose shares are those of a million images."""
    print("\nfound with the rows that are said to be needed (0.80 is stated), all pairs adjusted")
    population = [ladder_model(rng, 1_000_000, LADDER)]
    tests = len(LADDER) * (len(LADDER) - 1) // 2
    print("".join(f"{head:>14}" for head in ("pair", "rows before", "found", "rows now", "found")))
    for one, other in combinations(range(len(LADDER)), 2):
        ours, theirs = population[0][one], population[0][other]
        counts = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
        cells = [f"{LADDER[one]}, {LADDER[other]}"]
        for level in (LEVEL, strictest(tests)):
            rows = rows_needed(*counts, 1_000_000, level) or 0
            share = np.mean([found(rng, rows, one, other) for _ in range(studies)])
            cells += [f"{rows:,}", f"{share:.2f}"]
        print("".join(f"{cell:>14}" for cell in cells), flush=True)


def ladder_model(rng: np.random.Generator, rows: int, ladder: Sequence[float]) -> list[np.ndarray]:
    """(rows,) of each model, right on its share of images; half of what is hard is hard for all."""
    common = rng.normal(size=rows)
    return [
        sqrt(0.5) * common + sqrt(0.5) * rng.normal(size=rows) < NormalDist().inv_cdf(share)
        for share in ladder
    ]


def found(rng: np.random.Generator, rows: int, one: int, other: int) -> bool:
    models = [Answers(right[None]) for right in ladder_model(rng, rows, LADDER)]
    pairs = list(combinations(range(len(LADDER)), 2))
    tests = adjusted([difference(models[a], models[b]) for a, b in pairs])
    return (tests[pairs.index((one, other))].p_holm or 0.0) < LEVEL


def coverage(rng: np.random.Generator, draws: int) -> None:
    print(f"\n95% interval of an accuracy over seeds, {draws:,} draws: holds, width")
    heads = ("seeds", "images", "over seeds", "0.65", "0.93", "0.985", "0.995")
    print("".join(f"{head:>14}" for head in heads))
    for seeds in (3, 5, 10):
        for rows in (50, 100, 300, 1000):
            for spread in (0.0, 0.003):
                cells = [f"{seeds}", f"{rows:,}", f"{spread}"]
                cells += [
                    _held(rng, draws, seeds, rows, accuracy, spread)
                    for accuracy in (0.65, 0.93, 0.985, 0.995)
                ]
                print("".join(f"{cell:>14}" for cell in cells), flush=True)


def _held(
    rng: np.random.Generator, draws: int, seeds: int, rows: int, accuracy: float, spread: float
) -> str:
    held, width, usual = 0, 0.0, 0.0
    for _ in range(draws):
        (rights,) = equal_models(rng, (seeds,), rows, accuracy, spread)
        low, high = mean_accuracy(rights).interval()
        low, high = max(0.0, low), min(1.0, high)
        held += low <= accuracy <= high
        width += high - low
        usual += _clopper_pearson(int(rights[0].sum()), rows)
    return f"{held / draws:.1%} {width / usual:.2f}"


def _clopper_pearson(right: int, rows: int) -> float:
    """The width of the interval."""
    low = beta.ppf(0.025, right, rows - right + 1) if right else 0.0
    high = beta.ppf(0.975, right + 1, rows - right) if right < rows else 1.0
    return float(high - low)


if __name__ == "__main__":
    main()
