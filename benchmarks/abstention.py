"""Whether thresholds and sets keep their promises, in simulated studies whose truth is known.

Prints two tables: how often the true accuracy of what a threshold answers is what was asked, and
how much it answers, beside an oracle that knows the truth; and how often sets hold the right class,
and how large they are.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from vestry.evaluation.abstention import answered
from vestry.evaluation.conformal import set_threshold
from vestry.evaluation.selective_threshold import fewest_rows, guaranteed_place
from vestry.predictions.prediction_sets import prediction_sets
from vestry.predictions.table import ProbabilityTable

FRESH = 100_000
CONFIDENCE = 0.95
MODELS = {
    "weak": (2.4, 1.6, 0.0, None),
    "good": (3.2, 2.0, 0.0, None),
    "very good": (4.2, 3.0, 0.0, None),
    "1% wrong labels": (4.6, 2.5, 0.01, None),
    "five confidences": (3.6, 2.0, 0.0, 5),
    "one confidence": (4.6, 2.5, 0.0, 1),
}
"""How far a model leans to the truth, how sharp its softmax is, which share of labels is wrong
whatever it says, and to how many values its confidence is rounded."""
Counts = NDArray[np.int64]
Rule = Callable[[Counts, Counts, float], int | None]


@dataclass(frozen=True, eq=False)
class Simulated:
    probabilities: NDArray[np.float64]
    truth: Counts

    @property
    def answered(self) -> tuple[NDArray[np.float64], Counts, Counts]:
        """Thresholds, the strictest first, rows that each takes, and wrong ones among them."""
        ids = np.arange(len(self.truth)).astype(np.str_)
        names = tuple(map(str, range(self.probabilities.shape[1])))
        table = ProbabilityTable(
            ids, names, self.probabilities.astype(np.float32), "m", "validation"
        )
        found = answered(table, self.truth)
        return found.thresholds, found.answered, found.wrong


def simulated(rng: np.random.Generator, rows: int, model: str, classes: int = 10) -> Simulated:
    lean, sharp, noise, values = MODELS[model]
    truth = rng.integers(0, classes, rows)
    scores = rng.normal(size=(rows, classes))
    scores[np.arange(rows), truth] += lean
    shares = np.exp(sharp * (scores - scores.max(axis=1, keepdims=True)))
    shares /= shares.sum(axis=1, keepdims=True)
    flipped = rng.random(rows) < noise
    truth[flipped] = (truth[flipped] + 1) % classes
    return Simulated(shares if values is None else rounded(shares, values), truth)


def rounded(shares: NDArray[np.float64], values: int) -> NDArray[np.float64]:
    """The same answers, with one of so many confidences each."""
    count, classes = shares.shape
    top, low = shares.argmax(axis=1), 1.5 / classes
    steps = np.floor(np.clip((shares.max(axis=1) - low) / (1 - low), 0, 0.999) * values)
    sure = low + (1 - low) * (steps + 0.5) / values
    found = np.repeat((1 - sure)[:, None] / (classes - 1), classes, axis=1)
    found[np.arange(count), top] = sure
    return found


def by_point_estimate(answers: Counts, wrong: Counts, accuracy: float) -> int | None:
    """The rule before: the laxest threshold that reaches it on validation rows."""
    reached = np.flatnonzero((answers - wrong) / answers >= accuracy)
    return int(reached[-1]) if len(reached) else None


def in_sequence(answers: Counts, wrong: Counts, accuracy: float) -> int | None:
    """Another candidate: fixed-sequence testing from the fewest rows that prove anything."""
    start = int(np.searchsorted(answers, fewest_rows(accuracy, CONFIDENCE)))
    chance = binom.cdf(wrong[start:], answers[start:], 1 - accuracy)
    failed = np.flatnonzero(chance > 1 - CONFIDENCE)
    passed = int(failed[0]) if len(failed) else len(chance)
    return start + passed - 1 if passed else None


def guaranteed(answers: Counts, wrong: Counts, accuracy: float) -> int | None:
    return guaranteed_place(answers, wrong, accuracy, CONFIDENCE)


RULES: dict[str, Rule] = {
    "before": by_point_estimate,
    "sequence": in_sequence,
    "now": guaranteed,
}


def thresholds(studies: int, rng: np.random.Generator) -> Iterator[str]:
    """A row a cell: kept (of all studies), none (no threshold given), and the share answered."""
    head = "".join(f"{name + ': kept, none, answered':>32}" for name in RULES)
    yield f"{'model':<18}{'right':>6}{'asked':>6}{'n':>7}{'oracle':>9}{'one test':>9}{head}"
    for model in MODELS:
        fresh = Fresh.of(simulated(rng, FRESH, model))
        for accuracy in (0.9, 0.95, 0.98):
            for rows in (100, 300, 1000, 5000):
                yield threshold_row(model, fresh, accuracy, rows, studies, rng)


@dataclass(frozen=True, eq=False)
class Fresh:
    """The truth: what each threshold answers of 100,000 rows."""

    thresholds: NDArray[np.float64]
    answered: Counts
    wrong: Counts

    @classmethod
    def of(cls, rows: Simulated) -> "Fresh":
        return cls(*rows.answered)

    def at(self, threshold: float) -> tuple[float, float]:
        """The share answered and the accuracy there; 0 and 1 of nothing."""
        place = int(np.searchsorted(-self.thresholds, -threshold, side="right")) - 1
        if place < 0:
            return 0.0, 1.0
        count = self.answered[place]
        return count / self.answered[-1], 1 - self.wrong[place] / count

    def oracle(self, accuracy: float) -> float:
        """The largest share that can be answered with this accuracy."""
        reached = np.flatnonzero(self.wrong <= (1 - accuracy) * self.answered)
        return float(self.answered[reached[-1]] / self.answered[-1]) if len(reached) else 0.0

    def one_test(self, accuracy: float, rows: int) -> float:
        """The largest share that one exact test passes in half of the studies, at a threshold that
        somebody who knows the truth has chosen: with these rows nobody can promise more."""
        share, risk = self.answered / self.answered[-1], self.wrong / self.answered
        count = np.maximum(1, (share * rows).astype(np.int64))
        most = binom.ppf(1 - CONFIDENCE, count, 1 - accuracy) - 1
        passed = np.flatnonzero((most >= 0) & (binom.cdf(most, count, risk) >= 0.5))
        return float(share[passed[-1]]) if len(passed) else 0.0


def threshold_row(
    model: str, fresh: Fresh, accuracy: float, rows: int, studies: int, rng: np.random.Generator
) -> str:
    found: dict[str, list[tuple[bool, bool, float]]] = {name: [] for name in RULES}
    for _ in range(studies):
        limits, answers, wrong = simulated(rng, rows, model).answered
        for name, rule in RULES.items():
            place = rule(answers, wrong, accuracy)
            if place is None:
                found[name].append((True, True, 0.0))
                continue
            everything = place == len(limits) - 1
            share, true = fresh.at(0.0 if everything else float(limits[place]))
            found[name].append((true >= accuracy, False, share))
    cells = "".join(
        f"{kept:>16.1%}{none:>8.0%}{share:>8.1%}"
        for kept, none, share in (np.mean(each, axis=0) for each in found.values())
    )
    right = 1 - fresh.wrong[-1] / fresh.answered[-1]
    ends = f"{fresh.oracle(accuracy):>9.1%}{fresh.one_test(accuracy, rows):>9.1%}"
    return f"{model:<18}{right:>6.1%}{accuracy:>6.0%}{rows:>7,}{ends}{cells}"


Scores = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def summed(shares: NDArray[np.float64], penalty: float = 0.0) -> NDArray[np.float64]:
    """APS: 1 less the sum of probabilities down to each class; RAPS with a penalty a rank."""
    order = np.argsort(-shares, axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(shares.shape[1])[None], axis=1)
    total = np.cumsum(np.take_along_axis(shares, order, axis=1), axis=1)
    return 1 - np.take_along_axis(total, rank, axis=1) - penalty * np.maximum(0, rank - 1)


SCORES: dict[str, Scores] = {
    "1 - p": lambda shares: shares,
    "APS": summed,
    "RAPS": lambda shares: summed(shares, 0.05),
}


def sets(studies: int, rng: np.random.Generator) -> Iterator[str]:
    """A row a cell: coverage of the rule, of the sets as given, their size, and the size with a
    threshold that knows the truth."""
    head = "".join(f"{name + ': rule, given, size, best':>38}" for name in SCORES)
    yield f"{'model':<18}{'classes':>8}{'asked':>6}{'n':>6}{head}"
    for model in list(MODELS)[:3]:
        for classes in (2, 10, 50):
            fresh = simulated(rng, 20_000, model, classes)
            for coverage in (0.9, 0.95):
                for rows in (50, 300, 1000):
                    cells = "".join(
                        set_cell(model, score, fresh, coverage, rows, studies, rng)
                        for score in SCORES.values()
                    )
                    yield f"{model:<18}{classes:>8}{coverage:>6.0%}{rows:>6,}{cells}"


def set_cell(
    model: str,
    score: Scores,
    fresh: Simulated,
    coverage: float,
    rows: int,
    studies: int,
    rng: np.random.Generator,
) -> str:
    high = score(fresh.probabilities)
    own = high[np.arange(len(high)), fresh.truth]
    classes = high.shape[1]
    best = filled(high, fresh, float(np.quantile(own, 1 - coverage))).sum(axis=1).mean()
    found = []
    for _ in range(studies):
        drawn = simulated(rng, rows, model, classes)
        values = score(drawn.probabilities)[np.arange(rows), drawn.truth]
        limit = set_threshold(values, coverage)
        some = rng.integers(0, len(high), 2000)
        part = Simulated(fresh.probabilities[some], fresh.truth[some])
        held = filled(high[some], part, limit)
        given = held[np.arange(len(some)), part.truth]
        found.append(((own[some] >= limit).mean(), given.mean(), held.sum(axis=1).mean()))
    rule, given_share, size = np.mean(found, axis=0)
    return f"{rule:>15.1%}{given_share:>8.1%}{size:>7.2f}{best:>8.2f}"


def filled(high: NDArray[np.float64], rows: Simulated, limit: float) -> NDArray[np.bool_]:
    """The sets, and the most probable class where there would be none."""
    top = prediction_sets(rows.probabilities.astype(np.float32), [2.0] * high.shape[1])
    return (high >= limit) | top


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000, help="simulated studies of each kind")
    studies = parser.parse_args().studies
    start = time.perf_counter()
    print(f"{studies:,} simulated studies a row; confidence {CONFIDENCE:.0%}\n")
    for line in thresholds(studies, np.random.default_rng(2024)):
        print(line, flush=True)
    print()
    for line in sets(max(1, studies // 5), np.random.default_rng(2025)):
        print(line, flush=True)
    print(f"\n{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
