"""Which intervals were tried for scores that are no shares: how often each holds the truth.

Cells and models are those of `coverage.py`. Candidates: percentiles of a bootstrap, class by class;
Student's with the variance of what each row adds; the same on a logarithmic scale of what is
missing to a perfect score; Hall's transformation for skewness (1992); and the one that is used, a
count of faults with one more than was seen. Prints a table in Markdown: the share of samples whose
interval holds the truth, and the mean width.
"""

import argparse
from collections.abc import Callable
from math import exp, sqrt

import numpy as np

from coverage import Cell, Floats, Held, drawn, labels_of, resampled, simulated, truths
from vestry.evaluation.intervals import Interval, t_quantile
from vestry.evaluation.score_intervals import score_interval
from vestry.predictions.scores import SCORES, Score
from vestry.predictions.sums import along, slopes, sums_of_rows

CELLS = (
    Cell(50, 0.93, 10, 1, "fixed"),
    Cell(100, 0.93, 10, 1, "fixed"),
    Cell(100, 0.985, 10, 1, "fixed"),
    Cell(300, 0.985, 10, 1, "fixed"),
    Cell(300, 0.995, 2, 1, "fixed"),
    Cell(1000, 0.93, 10, 20, "drawn"),
)
SHOWN = ("log_loss", "brier", "f1_macro")
_TOO_SURE = 0
"""The first of the two models: the harder one."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=500, help="simulated test sets a cell")
    samples = parser.parse_args().samples
    names = (*_CANDIDATES, "percentiles", "used")
    print("| cell | score | " + " | ".join(names) + " |\n|---|---" + "|--:" * len(names) + "|")
    for number, cell in enumerate(CELLS):
        for score, found in candidates(cell, samples, seed=number).items():
            cells = [_words(each) for each in found]
            print(f"| {cell.words} | {score} | " + " | ".join(cells) + " |", flush=True)


def _words(each: Held) -> str:
    return f"{each.coverage:.1%} ({each.width / each.shown:.3f})" if each.shown else "none"


def candidates(cell: Cell, samples: int, seed: int) -> dict[str, list[Held]]:
    """By score, of every candidate in order; judged on samples in which the one used is printed."""
    rng, true = np.random.default_rng(seed), truths(cell)[_TOO_SURE]
    found = {name: [Held() for _ in range(len(_CANDIDATES) + 2)] for name in SHOWN}
    for _ in range(samples):
        truth = labels_of(cell, rng)
        values = simulated(cell, truth, rng)[_TOO_SURE]
        again = resampled(values, truth, drawn(truth, rng))
        for name, held in found.items():
            used = score_interval(SCORES[name], values, truth)
            if used is None:
                continue
            low, high = np.quantile(again[name], [0.025, 0.975])
            score, each = SCORES[name], _each(SCORES[name], values, truth)
            missing = abs((score.faultless or 0.0) - score.of(values, truth))
            tried = [candidate(missing, each) for candidate in _CANDIDATES.values()]
            back = [_of_score(interval, score) for interval in tried]
            for one, interval in zip(held, [*back, (low, high), used], strict=True):
                one.add(interval, true[name])
    return found


def _each(score: Score, values: Floats, truth: np.ndarray) -> Floats:
    """What each row adds to what is missing, about 0."""
    slope = slopes(score.value, sums_of_rows(values, truth, score.facts), score.facts)
    added = -score.sign * along(slope, values, truth)
    return np.asarray(added - added.mean()) * len(truth)


def _of_score(interval: Interval, score: Score) -> Interval:
    best = score.faultless or 0.0
    low, high = sorted(best - score.sign * end for end in interval)
    return low, high


def _half(each: Floats) -> float:
    return t_quantile(0.95, len(each) - 1) * float(each.std(ddof=1)) / sqrt(len(each))


def _student(missing: float, each: Floats) -> Interval:
    return missing - _half(each), missing + _half(each)


def _logarithmic(missing: float, each: Floats) -> Interval:
    factor = exp(min(50.0, _half(each) / missing)) if missing else 1.0
    return missing / factor, missing * factor


def _hall(missing: float, each: Floats) -> Interval:
    deviation, rows = float(each.std()), len(each)
    if not deviation:
        return missing, missing
    skew = float((each**3).mean()) / deviation**3 / sqrt(rows)
    if abs(skew) < 1e-6:
        return _student(missing, each)
    t = t_quantile(0.95, rows - 1)
    ends = [(np.cbrt(1 + skew * (side - skew / 6)) - 1) * 3 / skew for side in (t, -t)]
    error = float(each.std(ddof=1)) / sqrt(rows)
    return missing - error * float(ends[0]), missing - error * float(ends[1])


_CANDIDATES: dict[str, Callable[[float, Floats], Interval]] = {
    "Student": _student,
    "logarithmic": _logarithmic,
    "Hall": _hall,
}


if __name__ == "__main__":
    main()
