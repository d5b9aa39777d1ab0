"""What the recommendation costs in accuracy, in simulated studies whose truth is known.

For ladders of ten models, .80 to .89 right, the dearer the better: the mean shortfall of what is
recommended behind the best, beside that of whoever is first on validation rows and of the rule that
took models that are not told apart for equal. And how often the cheapest of five equal ones is
taken. With `--run`, the same of a stored run's own tables, its validation rows thinned out; its
study needs one seed a model. Prints tables in Markdown.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from functools import cache
from math import sqrt
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from vestry.data.dataset import load_dataset
from vestry.data.paths import DataPaths
from vestry.evaluation.candidates import Candidate
from vestry.evaluation.choice import chosen
from vestry.evaluation.decision_settings import DecisionSettings
from vestry.evaluation.paired_tests import holm, mcnemar
from vestry.predictions.table import load_table
from vestry.schema.results import Results
from vestry.study.reader import read_study

Rights = NDArray[np.bool_]
Rule = Callable[[list[Candidate]], Candidate]
LADDER = tuple(0.80 + 0.01 * step for step in range(10))
ROWS = (50, 100, 300, 1000, 10_000)
SHARED = 0.8
"""Of what makes an image hard, the part that all models have in common: two neighbours on the
ladder then differ on 10% to 14% of the images."""
EQUAL, DISCORDANT = 0.89, 0.06
_OLD_LEVEL, _OLD_TOLERANCE = 0.05, 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000, help="simulated studies of each kind")
    parser.add_argument("--run", type=Path, help="a stored run to thin out, and nothing else")
    asked = parser.parse_args()
    start = time.perf_counter()
    if asked.run:
        thinned(asked.run, asked.studies)
    else:
        ladders(asked.studies)
    print(f"\n{time.perf_counter() - start:.0f} s")


def ladders(studies: int) -> None:
    for words, shared in (("independent", 0.0), ("shared", SHARED)):
        print(f"\nladder, errors {words}: points behind the best, mean of {studies:,} studies\n")
        print("| rows | first by validation | before | now |\n|--:|--:|--:|--:|")
        for rows in ROWS:
            lost = shortfalls(rows, shared, studies, seed=rows)
            print(f"| {rows:,} | " + " | ".join(f"{100 * each:.2f}" for each in lost) + " |")
        print(
            "\nwithout \u201ctoo few\u201d: how often, and how often over a point behind the best\n"
        )
        print("| rows | said | of all studies wrong |\n|--:|--:|--:|")
        for rows in ROWS:
            said, wrong = claimed(rows, shared, studies // 4, seed=rows + 1)
            print(f"| {rows:,} | {said:.0%} | {wrong:.1%} |")
    print("\nfive equal models, costs doubling: how often the cheapest is taken\n")
    print("| rows | now |\n|--:|--:|")
    for rows in ROWS:
        print(f"| {rows:,} | {cheapest_taken(rows, studies, seed=rows):.0%} |")


def shortfalls(rows: int, shared: float, studies: int, seed: int) -> tuple[float, float, float]:
    """Mean of the best's true accuracy less that of what is taken: the first by validation, what
    was recommended before, what is now."""
    rules: tuple[Rule, ...] = (first, not_told_apart, recommended)
    lost = np.zeros(len(rules))
    for rights in simulated(LADDER, rows, shared, studies, seed):
        everyone = ladder_of(rights)
        lost += [max(LADDER) - LADDER[int(rule(everyone).name)] for rule in rules]
    found = (lost / studies).tolist()
    return found[0], found[1], found[2]


def claimed(rows: int, shared: float, studies: int, seed: int) -> tuple[float, float]:
    """Shares of studies that do not say "too few", and of those among all that then take a model
    over a point behind the best."""
    said = wrong = 0
    for rights in simulated(LADDER, rows, shared, studies, seed):
        choice = chosen(ladder_of(rights), DecisionSettings())
        assert choice is not None
        if choice.shown != "too_few":
            said += 1
            wrong += max(LADDER) - LADDER[int(choice.taken.name)] > 0.01 + 1e-9
    return said / studies, wrong / studies


def cheapest_taken(rows: int, studies: int, seed: int) -> float:
    """Of five equal models that differ on 6% of the images, the share of studies in which the
    cheapest is taken."""
    shared = _shared_for(EQUAL, DISCORDANT)
    taken = [
        recommended(ladder_of(rights)).name == "0"
        for rights in simulated((EQUAL,) * 5, rows, shared, studies, seed)
    ]
    return float(np.mean(taken))


def simulated(
    accuracies: tuple[float, ...], rows: int, shared: float, studies: int, seed: int
) -> Iterator[Rights]:
    """(models, rows) whether each is right, study by study.

    shared: the part in 0..1 of an image's hardness that is the same for all models.
    """
    rng = np.random.default_rng(seed)
    limits = np.array([[NormalDist().inv_cdf(each)] for each in accuracies])
    for _ in range(studies):
        hard = sqrt(shared) * rng.standard_normal(rows)
        own = sqrt(1 - shared) * rng.standard_normal((len(accuracies), rows))
        yield hard + own < limits


@cache
def _shared_for(accuracy: float, discordant: float) -> float:
    """The shared part of hardness with which two equal models differ on so many images."""
    low, high = 0.0, 1.0
    rows = 200_000
    for _ in range(12):
        middle = (low + high) / 2
        one, other = next(simulated((accuracy,) * 2, rows, middle, 1, seed=0))
        low, high = (middle, high) if (one != other).mean() > discordant else (low, middle)
    return (low + high) / 2


def ladder_of(rights: Rights) -> list[Candidate]:
    """Models by their places, each twice as dear as the one before, as the ranking orders them."""
    order = sorted(range(len(rights)), key=lambda model: -rights[model].sum())
    return [
        Candidate(
            name=str(model),
            place=place,
            accuracy=float(rights[model].mean()),
            lowest=("", 0.0),
            latency=2.0**model * 2,
            bytes=2.0**model * 2e6,
            parameters=None,
            explains=False,
            rights=rights[model][None],
        )
        for place, model in enumerate(order)
    ]


# A stored run.


def thinned(run: Path, draws: int) -> None:
    """Test accuracy of what each rule takes, where fewer validation rows had been there to see."""
    stored = Stored(run)
    print(f"\n{run.name}: test accuracy of what is taken, mean of {draws:,} draws\n")
    print("| validation rows | first by validation | before | now |\n|--:|--:|--:|--:|")
    for rows in (size for size in ROWS if size < stored.rights.shape[1]):
        found = stored.taken(rows, draws)
        print(f"| {rows:,} | " + " | ".join(f"{100 * each:.1f}" for each in found) + " |")


class Stored:
    """A run's models: rights: (models, validation rows). tested: test accuracies, by model."""

    def __init__(self, run: Path) -> None:
        results = Results.model_validate_json((run / "results.json").read_text())
        models = {f"members/{name}": entry for name, entry in results.members.items()}
        models |= {f"committees/{name}": entry for name, entry in results.committees.items()}
        data = load_dataset(read_study(run / "study.toml").study.data, DataPaths.of(None))
        tables = [load_table(run / path / "validation.npz") for path in models]
        self.rights = np.array([table.labels == data.validation.labels for table in tables])
        self.entries = list(models.values())
        self.tested = np.array([entry.scores.test.accuracy for entry in self.entries])

    def taken(self, rows: int, draws: int) -> list[float]:
        rng, total = np.random.default_rng(rows), np.zeros(3)
        for _ in range(draws):
            some = rng.choice(self.rights.shape[1], rows, replace=False)
            everyone = self.candidates(self.rights[:, some])
            rules: tuple[Rule, ...] = (first, not_told_apart, recommended)
            total += [self.tested[int(rule(everyone).name)] for rule in rules]
        return list((total / draws).tolist())

    def candidates(self, rights: Rights) -> list[Candidate]:
        order = sorted(range(len(rights)), key=lambda model: -rights[model].sum())
        return [self._candidate(model, place, rights[model]) for place, model in enumerate(order)]

    def _candidate(self, model: int, place: int, right: Rights) -> Candidate:
        entry = self.entries[model]
        cost = entry.cost
        return Candidate(
            name=str(model),
            place=place,
            accuracy=float(right.mean()),
            lowest=("", 0.0),
            latency=cost.latency.median_ms if cost and cost.latency else None,
            bytes=cost.bytes if cost else None,
            parameters=entry.parameters,
            explains=False,
            rights=right[None],
        )


# Rules.


def first(candidates: list[Candidate]) -> Candidate:
    return candidates[0]


def recommended(candidates: list[Candidate]) -> Candidate:
    choice = chosen(candidates, DecisionSettings())
    assert choice is not None
    return choice.taken


def not_told_apart(candidates: list[Candidate]) -> Candidate:
    """As it was: the quickest of the first and of those that McNemar's test does not tell from it,
    costs within a tenth being equal."""
    best, *others = candidates
    right = best.right
    tests = [
        mcnemar(int((right & ~each.right).sum()), int((each.right & ~right).sum())).p
        for each in others
    ]
    level = [best, *(c for c, p in zip(others, holm(tests), strict=True) if p >= _OLD_LEVEL)]
    limit = min(each.latency or 0.0 for each in level) * (1 + _OLD_TOLERANCE)
    return next(each for each in level if (each.latency or 0.0) <= limit)


if __name__ == "__main__":
    main()
