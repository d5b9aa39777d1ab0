"""Whether the margin tests of scores that are no counts of images keep their level.

Two models of one in ten positive rows: how often one of two equal ones is shown to be behind
(two-sided, 5%), and how often one that is exactly the margin behind is shown to be within it
(one-sided, 5%). Prints a table in Markdown.
"""

import argparse
import time

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.candidates import Candidate
from vestry.evaluation.chosen_by import ChosenBy, chosen_by
from vestry.evaluation.decision_tests import beside
from vestry.evaluation.paired_tests import LEVEL
from vestry.evaluation.predictions import Predictions
from vestry.predictions.choosing import ChoosingScore, SensitivityAt, choosing_score
from vestry.predictions.table import Labels, ProbabilityTable
from vestry.schema.decision import BestBeside

CLASSES = ("ill", "well")
SCORES = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss", "roc_auc")
AT = SensitivityAt(sensitivity_at_specificity=0.9)
ROWS = (100, 300, 1000)
SKILLED, WORSE = 1.6, 1.3
_TRUTH_ROWS = 400_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000, help="simulated studies a cell")
    studies = parser.parse_args().studies
    start = time.perf_counter()
    print("| score | rows | equal, shown behind | at the margin, shown within |\n|---|--:|--:|--:|")
    for asked in (*SCORES, AT):
        score = choosing_score(asked, CLASSES, np.array([0, 1, 1]))
        for rows in ROWS:
            for seeds in (1, 3):
                behind, within = alarms(score, rows, studies, seeds)
                print(f"| {score.name}, {seeds} | {rows:,} | {behind:.1%} | {within:.1%} |")
    print(f"\n{time.perf_counter() - start:.0f} s")


def alarms(
    score: ChoosingScore, rows: int, studies: int, seeds: int = 1, first: int = 1
) -> tuple[float, float]:
    """Shares of studies with a false claim. first: seed of the first study."""
    margin = true_difference(score)
    behind = within = 0
    for study in range(studies):
        rng = np.random.default_rng([first, rows, study])
        equal = _test(score, rng, rows, (SKILLED, SKILLED), seeds, 0.0)
        behind += equal.p_holm < LEVEL
        apart = _test(score, rng, rows, (SKILLED, WORSE), seeds, margin)
        within += apart.p_within_holm < LEVEL
    return behind / studies, within / studies


def true_difference(score: ChoosingScore) -> float:
    """Of the two, on so many rows that chance has no part in it, more being better."""
    rng = np.random.default_rng(0)
    truth = _labels(_TRUTH_ROWS)
    hard = rng.standard_normal(_TRUTH_ROWS)
    good, bad = (
        score.better_of(_values(rng, truth, hard, s, 0.0), truth) for s in (SKILLED, WORSE)
    )
    return good - bad


def _test(
    score: ChoosingScore,
    rng: np.random.Generator,
    rows: int,
    skills: tuple[float, float],
    seeds: int,
    within: float,
) -> BestBeside:
    truth, hard = _labels(rows), rng.standard_normal(rows)
    tables = {}
    for name, skill in zip("ab", skills, strict=True):
        moved = 0.15 * rng.standard_normal(seeds) if seeds > 1 else np.zeros(1)
        tables[name] = [
            {"validation": _table(_values(rng, truth, hard, skill, move), name)} for move in moved
        ]
    first = {name: every[0] for name, every in tables.items()}
    truths = {"validation": truth, "test": truth, "training": truth}
    for every in tables.values():
        for one in every:
            one["test"] = one["validation"]
    by = chosen_by(score, list("ab"), Predictions(first, truths, seeds=tables))
    best, other = (_candidate(name, by) for name in "ab")
    return beside(best, [other], (), within)[0]


def _candidate(name: str, by: ChosenBy) -> Candidate:
    return Candidate(
        name=name, place=0, accuracy=0.0, lowest=("", 0.0), latency=None, bytes=None,
        parameters=None, explains=False, rights=np.ones((1, 1), bool),
        by_score=by.of(name, "validation"),
    )  # fmt: skip


def _labels(rows: int) -> Labels:
    return (np.arange(rows) % 10 > 0).astype(np.int64)


def _values(
    rng: np.random.Generator, truth: Labels, hard: NDArray[np.float64], skill: float, move: float
) -> NDArray[np.float64]:
    """Probabilities whose errors are partly those of every other model."""
    noise = 0.8 * hard + 0.6 * rng.standard_normal(len(truth))
    logit = (skill + move) * (2 * truth - 1) + noise + 1.0
    positive = 1 / (1 + np.exp(-1.5 * logit))
    return np.column_stack([1 - positive, positive])


def _table(values: NDArray[np.float64], name: str) -> ProbabilityTable:
    ids = np.arange(len(values)).astype(str)
    return ProbabilityTable(ids, CLASSES, values.astype(np.float32), name, "validation")


if __name__ == "__main__":
    main()
