"""How often a difference is seen where there is none, in simulated studies of equal models.

Prints one table: how often the paired test sees a difference between two equal models, and how
often anything is seen among ten of them.
"""

import argparse
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.paired_tests import holm, mcnemar

LEVEL = 0.05

Labels = NDArray[np.int64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000, help="simulated studies of each kind")
    studies = parser.parse_args().studies
    start = time.perf_counter()
    print(f"{studies:,} simulated studies of each kind\n")
    print(f"paired tests at {LEVEL}, models equal in truth that miss the same hard images")
    print(f"{'images':<20}{'discordant':>17}{'two models':>17}{'any of 45 pairs':>17}")
    for rows, spread in ((200, 0.4), (1000, 0.4), (1000, 1.0), (10_000, 0.4)):
        discordant, pair, family = false_alarms(studies, rows, spread)
        print(f"{rows:<20,}{discordant:>17.1%}{pair:>17.1%}{family:>17.1%}")
    print(f"\n{time.perf_counter() - start:.0f} s")


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
