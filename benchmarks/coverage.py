"""Whether intervals hold the truth as often as they say, in simulated test sets of known truth.

Cells: 50 to 1,000 images; accuracies from 0.65 to 0.995; 2, 10 and 50 classes, as many images of
each or 20 of the commonest to one of the rarest; labels fixed (so many of each class) or drawn. In
each cell two models that miss the same hard images, one surer, one less sure than it is right. The
truth is the score on endlessly many images with the same shares of the classes.

Prints a line a cell and, at the end, a table in Markdown of the lowest and highest share of samples
whose interval holds the truth, among those that have one. "Before" are Wilson's interval, Agresti
and Min's, and percentiles of a bootstrap, class by class. Several seeds and folds are simulated
where they are compared: `benchmarks/false_alarms.py`.
"""

import argparse
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray
from statsmodels.stats.proportion import proportion_confint

from vestry.evaluation.intervals import Interval, holds, paired_difference, share_interval
from vestry.evaluation.score_intervals import overconfidence, score_interval
from vestry.predictions.scores import SCORES

Labels = NDArray[np.int64]
Floats = NDArray[np.float64]
ROWS = (50, 100, 300, 1000)
ACCURACIES = (0.65, 0.93, 0.985, 0.995)
CLASSES = (2, 10, 50)
RATIOS = (1, 20)
SHOWN = ("f1_macro", "recall_macro", "precision_macro", "f1_weighted", "log_loss", "brier", "ece")
SURE = (1.5, 0.7)
"""How much surer than it is right each of the two models is."""
LEANS = (1.0, 0.95)
"""The second is a little worse."""
_SHARED = 0.8
_TRUE_ROWS = 100_000
_RESAMPLES = 300


@dataclass(frozen=True)
class Cell:
    rows: int
    accuracy: float
    classes: int
    ratio: int
    labels: str

    @property
    def words(self) -> str:
        balance = "balanced" if self.ratio == 1 else f"1:{self.ratio}"
        return f"n {self.rows}, {self.accuracy:g}, {self.classes} classes, {balance}, {self.labels}"


def cells(labels: str = "fixed") -> Iterator[Cell]:
    for classes, ratio, rows, accuracy in product(CLASSES, RATIOS, ROWS, ACCURACIES):
        yield Cell(rows, accuracy, classes, ratio, labels if ratio > 1 else "fixed")


@dataclass
class Held:
    """Of one figure in one cell: samples, those with an interval, those that it holds, widths."""

    samples: int = 0
    shown: int = 0
    held: int = 0
    width: float = 0.0
    reference: float = 0.0

    def add(self, interval: Interval | None, true: float, reference: float = 0.0) -> None:
        self.samples += 1
        if interval is not None:
            self.shown += 1
            self.held += holds(interval, true)
            self.width += interval[1] - interval[0]
            self.reference += reference

    @property
    def coverage(self) -> float:
        return self.held / self.shown if self.shown else float("nan")


@dataclass
class Found:
    """By figure, now and before."""

    now: dict[str, Held] = field(default_factory=dict)
    before: dict[str, Held] = field(default_factory=dict)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=2000, help="simulated test sets a cell")
    parser.add_argument("--before", type=int, default=200, help="of these, with a bootstrap, too")
    parser.add_argument("--labels", choices=["fixed", "drawn"], default="drawn")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    start, found = time.perf_counter(), {}
    for number, cell in enumerate(cells(given.labels)):
        found[cell] = coverage(cell, given.samples, given.before, 1000 * given.seed + number)
        print(f"{cell.words}: {_line(found[cell])}", flush=True)
    print(f"\n{given.samples:,} samples a cell, {given.before:,} before\n")
    print(table(found))
    print(f"\n{time.perf_counter() - start:.0f} s")


def _line(found: Found) -> str:
    return "; ".join(_figure(name, found) for name in found.now)


def _figure(name: str, found: Found) -> str:
    now, before = found.now[name], found.before.get(name)
    width = f", width {now.width / now.shown:.4f}" if now.shown else ""
    ratio = f", {now.width / now.reference:.2f} Clopper-Pearson" if now.reference else ""
    was = f", before {before.coverage:.3f}" if before else ""
    return f"{name} {now.coverage:.3f} ({now.shown / now.samples:.0%} shown{width}{ratio}{was})"


def table(found: Mapping[Cell, Found], enough: float = 0.1) -> str:
    """Lowest and highest coverage of each figure, over cells in which some samples have it."""
    lines = ["| figure | cells | lowest | highest | before, lowest |", "|---|--:|--:|--:|--:|"]
    for name in next(iter(found.values())).now:
        each = [one.now[name] for one in found.values()]
        some = [one.coverage for one in each if one.shown > enough * one.samples]
        before = [one.before[name].coverage for one in found.values() if name in one.before]
        lowest = f"{min(before):.1%}" if before else ""
        ends = f"{min(some):.1%} | {max(some):.1%}" if some else "|"
        lines.append(f"| {name} | {len(some)} of {len(each)} | {ends} | {lowest} |")
    return "\n".join(lines)


def coverage(cell: Cell, samples: int, before: int, seed: int) -> Found:
    """Of each figure, how often its interval holds the truth."""
    rng, true, found = np.random.default_rng(seed), truths(cell), Found()
    for sample in range(samples):
        truth = labels_of(cell, rng)
        tables = simulated(cell, truth, rng)
        right = [values.argmax(axis=1) == truth for values in tables]
        _difference(found, right, true[0]["accuracy"] - true[1]["accuracy"])
        for values, its in zip(tables, true, strict=True):
            _own(found, values, truth, its)
            if sample < before:
                _bootstrapped(found, values, truth, its, rng)
    return found


def _difference(found: Found, right: list[NDArray[np.bool_]], true: float) -> None:
    one, other = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
    rows = len(right[0])
    found.now.setdefault("difference", Held()).add(paired_difference(one, other, rows), true)
    total, gap = rows + 2, (one - other) / (rows + 2)
    half = 1.96 * sqrt(one + other + 1 - (one - other) ** 2 / total) / total
    found.before.setdefault("difference", Held()).add((gap - half, gap + half), true)


def _own(found: Found, values: Floats, truth: Labels, true: Mapping[str, float]) -> None:
    labels, classes = values.argmax(axis=1), values.shape[1]
    confusion = np.bincount(truth * classes + labels, minlength=classes**2).reshape(classes, -1)
    counts = {
        "accuracy": (int(confusion.trace()), len(truth)),
        "recall, commonest": (int(confusion[0, 0]), int(confusion[0].sum())),
        "recall, rarest": (int(confusion[-1, -1]), int(confusion[-1].sum())),
        "precision, commonest": (int(confusion[0, 0]), int(confusion[:, 0].sum())),
        "precision, rarest": (int(confusion[-1, -1]), int(confusion[:, -1].sum())),
    }
    for name, (count, of) in counts.items():
        least, most = _clopper_pearson(count, of) if of else (0.0, 0.0)
        interval = share_interval(count, of) if of else None
        found.now.setdefault(name, Held()).add(interval, true[name], most - least)
        wilson = _wilson(count, of) if of else None
        found.before.setdefault(name, Held()).add(wilson, true[name])
    gap = overconfidence(values.max(axis=1), labels == truth)[1]
    found.now.setdefault("confidence less accuracy", Held()).add(gap, true["gap"])
    for name in SHOWN:
        interval = score_interval(SCORES[name], values, truth)
        found.now.setdefault(name, Held()).add(interval, true[name])


@cache
def _clopper_pearson(count: int, of: int) -> Interval:
    return tuple(proportion_confint(count, of, method="beta"))


@cache
def _wilson(count: int, of: int) -> Interval:
    return tuple(proportion_confint(count, of, method="wilson"))


# Test sets and models.


def shares(cell: Cell) -> Floats:
    """Of the classes, the commonest first."""
    falling = cell.ratio ** -(np.arange(cell.classes) / (cell.classes - 1))
    return falling / falling.sum()


def labels_of(cell: Cell, rng: np.random.Generator) -> Labels:
    """Drawn, or the whole numbers that are nearest to the shares."""
    if cell.labels == "drawn":
        return rng.choice(cell.classes, cell.rows, p=shares(cell))
    exact = cell.rows * shares(cell)
    counts = np.floor(exact).astype(np.int64)
    counts[np.argsort(counts - exact)[: cell.rows - counts.sum()]] += 1
    return np.repeat(np.arange(cell.classes), counts)


def simulated(cell: Cell, truth: Labels, rng: np.random.Generator) -> list[Floats]:
    """(rows, classes) of each model; most of the noise is in the images."""
    lean, prior = lean_for(cell.accuracy, cell.classes, cell.ratio), _prior(cell)
    common = rng.standard_normal((len(truth), cell.classes))
    tables = []
    for sure, part in zip(SURE, LEANS, strict=True):
        noise = _SHARED * common + sqrt(1 - _SHARED**2) * rng.standard_normal(common.shape)
        noise[np.arange(len(truth)), truth] += part * lean
        logits = sure * (part * lean * noise + prior)
        values = np.exp(logits - logits.max(axis=1, keepdims=True))
        tables.append(values / values.sum(axis=1, keepdims=True))
    return tables


def _prior(cell: Cell) -> Floats:
    """A model that knows the classes' shares; none where always the commonest would be better."""
    most = shares(cell)[0]
    return (
        np.log(shares(cell)) if cell.accuracy > most + 0.5 * (1 - most) else np.zeros(cell.classes)
    )


@cache
def lean_for(accuracy: float, classes: int, ratio: int) -> float:
    """How far a model leans to the truth that is right so often."""
    cell = Cell(0, accuracy, classes, ratio, "drawn")
    rng = np.random.default_rng(0)
    truth = rng.choice(classes, 40_000, p=shares(cell))
    noise, prior = rng.standard_normal((len(truth), classes)), _prior(cell)
    low, high = 0.01, 12.0
    while log(high) - log(low) > 0.001:
        lean = (low + high) / 2
        logits = lean * noise + prior
        logits[np.arange(len(truth)), truth] += lean**2
        right = (logits.argmax(axis=1) == truth).mean()
        low, high = (lean, high) if right < accuracy else (low, lean)
    return low


def truths(cell: Cell) -> list[dict[str, float]]:
    """Every figure of both models: class by class on many images, weighted by the shares."""
    return list(_truths(cell.accuracy, cell.classes, cell.ratio))


@cache
def _truths(accuracy: float, classes: int, ratio: int) -> tuple[dict[str, float], ...]:
    cell = Cell(0, accuracy, classes, ratio, "fixed")
    each, weight = _TRUE_ROWS // min(classes, 40), shares(cell)
    truth = np.repeat(np.arange(classes), each)
    tables = simulated(cell, truth, np.random.default_rng(7))
    return tuple(_true(values, truth, weight) for values in tables)


def _true(values: Floats, truth: Labels, weight: Floats) -> dict[str, float]:
    classes = len(weight)
    labels = values.argmax(axis=1)
    cells = np.bincount(truth * classes + labels, minlength=classes**2).reshape(classes, -1)
    joint = weight[:, None] * cells / cells.sum(axis=1, keepdims=True)
    hit, claimed = joint.diagonal(), joint.sum(axis=0)
    recall, precision = hit / weight, hit / claimed
    f1 = 2 * hit / (claimed + weight)
    a_row = weight[truth] / np.bincount(truth)[truth]
    mine = values[np.arange(len(truth)), truth]
    return {
        "accuracy": float(hit.sum()),
        "recall, commonest": float(recall[0]),
        "recall, rarest": float(recall[-1]),
        "precision, commonest": float(precision[0]),
        "precision, rarest": float(precision[-1]),
        "recall_macro": float(recall.mean()),
        "precision_macro": float(precision.mean()),
        "f1_macro": float(f1.mean()),
        "f1_weighted": float(weight @ f1),
        "log_loss": float(-a_row @ np.log(mine.clip(1e-16))),
        "brier": float(a_row @ ((values**2).sum(axis=1) - 2 * mine + 1)),
        "gap": float(a_row @ values.max(axis=1) - hit.sum()),
        "ece": _true_error(values.max(axis=1), labels == truth, a_row),
    }


def _true_error(
    confidence: Floats, right: NDArray[np.bool_], weight: Floats, bins: int = 15
) -> float:
    """In bins of equal weight."""
    order = np.argsort(confidence)
    place = np.minimum((weight[order].cumsum() * bins).astype(int), bins - 1)
    gaps = np.bincount(place, (weight * (confidence - right))[order], bins)
    return float(np.abs(gaps).sum())


# Before: percentiles of resamples that keep the number of rows of each class.


def _bootstrapped(
    found: Found, values: Floats, truth: Labels, true: Mapping[str, float], rng: np.random.Generator
) -> None:
    for name, each in resampled(values, truth, drawn(truth, rng)).items():
        low, high = np.quantile(each, [0.025, 0.975])
        found.before.setdefault(name, Held()).add((float(low), float(high)), true[name])


def drawn(truth: Labels, rng: np.random.Generator) -> Labels:
    """(resamples, rows) places of rows."""
    order = np.argsort(truth, kind="stable")
    support = np.bincount(truth)
    start = np.repeat(support.cumsum() - support, support)
    size = np.repeat(support, support)
    return np.asarray(order[(rng.random((_RESAMPLES, len(truth))) * size).astype(int) + start])


def resampled(values: Floats, truth: Labels, places: Labels) -> dict[str, Floats]:
    """(resamples,) by score."""
    classes, labels = values.shape[1], values.argmax(axis=1)
    number = np.arange(len(places))[:, None] * classes

    def counted(place: Labels, weight: Floats) -> Floats:
        flat = np.bincount((number + place).ravel(), weight.ravel(), len(places) * classes)
        return flat.reshape(len(places), classes)

    ones, right = np.ones(places.shape), (labels == truth)[places].astype(float)
    support, claimed = counted(truth[places], ones), counted(labels[places], ones)
    hit = counted(truth[places], right)
    present = support > 0
    kinds = {
        "recall_macro": hit / np.maximum(support, 1),
        "precision_macro": hit / np.maximum(claimed, 1),
        "f1_macro": 2 * hit / np.maximum(support + claimed, 1),
    }
    mine = values[np.arange(len(truth)), truth]
    briers = (values**2).sum(axis=1) - 2 * mine + 1
    confidence = values.max(axis=1)
    bins = np.array_split(np.argsort(confidence), 15)
    bin_of = np.empty(len(truth), dtype=np.int64)
    for place, rows in enumerate(bins):
        bin_of[rows] = place
    gaps = np.zeros((len(places), 15))
    flat = (np.arange(len(places))[:, None] * 15 + bin_of[places]).ravel()
    gaps = np.bincount(flat, (confidence - (labels == truth))[places].ravel(), gaps.size)
    return {
        **{name: (each * present).sum(1) / present.sum(1) for name, each in kinds.items()},
        "log_loss": -np.log(mine.clip(1e-16))[places].mean(axis=1),
        "brier": briers[places].mean(axis=1),
        "ece": np.abs(gaps.reshape(-1, 15)).sum(axis=1) / len(truth),
    }


if __name__ == "__main__":
    main()
