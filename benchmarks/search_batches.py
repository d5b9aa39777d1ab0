"""How much a guided search loses by drawing several trials at a time, on a made-up score.

Prints how far from the best score that there is the best of 40 trials comes, over seeds.

    python benchmarks/search_batches.py [--seeds 12] [--trials 40]
"""

import argparse
import math
import statistics
from typing import Any, Literal

from vestry.search.batches import Batches
from vestry.search.ending import Ending
from vestry.search.space import Between, Choice, SearchSettings

SPACE: dict[str, Choice] = {
    "x": Between(between=(0.0, 1.0)),
    "y": Between(between=(0.0, 1.0)),
    "rate": Between(between=(1e-4, 1e-1), log=True),
    "n": Between(between=(1, 6)),
}


def lacking(values: dict[str, Any]) -> float:
    """A smooth valley with one lowest point."""
    own = (values["x"] - 0.3) ** 2 + (values["y"] - 0.7) ** 2
    rate = math.log10(values["rate"]) + 2.5
    return float(own + 0.1 * rate**2 + 0.02 * (values["n"] - 4) ** 2)


def least(sampler: Literal["random", "tpe"], batch: int, seed: int, trials: int) -> float:
    """Of all trials."""
    batches = Batches(
        SPACE, SearchSettings(sampler=sampler, trials=trials, batch=batch, seed=seed), sign=1
    )
    while not batches.is_over:
        scores = {asked.number: -lacking(asked.values) for asked in batches.ask()}
        batches.tell({n: Ending("complete", s, {}, 1.0, 0, 0.0) for n, s in scores.items()})
    return min(-trial.score for trial in batches.trials() if trial.score is not None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--trials", type=int, default=40)
    given = parser.parse_args()
    cases: list[tuple[Literal["random", "tpe"], int]] = [("random", 1)]
    cases += [("tpe", batch) for batch in (1, 4, 8, 20)]
    for sampler, batch in cases:
        found = [least(sampler, batch, seed, given.trials) for seed in range(given.seeds)]
        error = statistics.stdev(found) / math.sqrt(len(found))
        print(f"{sampler}, {batch} at a time: {statistics.mean(found):.4f} (± {error:.4f})")


if __name__ == "__main__":
    main()
