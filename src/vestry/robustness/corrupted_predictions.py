"""What one model predicts for corrupted test images, severity by severity; it sees no labels."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.robustness.corruption import Images, Severity, corrupted, severities, versions
from vestry.robustness.settings import LEAST_ROWS, RobustnessSettings

_STEPS = (10, 15, 20, 30, 50, 70)
KEPT_BYTES = 256_000_000
MOST_TURNS, MEASURING_SECONDS = 4, 0.5

Predict = Callable[[Images], NDArray[np.float32]]
Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, eq=False)
class CorruptedPredictions:
    """A model's probabilities for corrupted images.

    ids: (rows,) of the test images, in the order in which they were drawn. probabilities:
    (versions, rows, classes) float32: of the images as they are, then of each of `severities()`.
    facts: JSON-able: `rows`, `asked`, `there` (test images in all), `seed`, `seconds` (allowed),
    `milliseconds_per_image` and `reason` (null, or why there are fewer rows than were asked for).
    """

    ids: NDArray[np.str_]
    probabilities: NDArray[np.float32]
    facts: dict[str, Any]

    def __len__(self) -> int:
        return len(self.ids)


class CorruptedImages:
    """Corrupted versions of the same images, kept for the next model where there is room."""

    def __init__(self, images: Images, ids: NDArray[np.str_], seed: int) -> None:
        self.images, self.ids, self.seed = images, ids, seed
        self.kept: dict[str, Images] = {}
        self.is_small = images.nbytes * len(versions()) <= KEPT_BYTES

    def __len__(self) -> int:
        return len(self.ids)

    def version(self, severity: Severity, rows: int) -> Images:
        """The first `rows` images as `severity` leaves them."""
        kept = self.kept.get(severity.name)
        if kept is None or len(kept) < rows:
            kept = corrupted(self.images[:rows], self.ids[:rows], severity, self.seed)
            if self.is_small:
                self.kept[severity.name] = kept
        return kept[:rows]


def predict_corrupted(
    predict: Predict, images: CorruptedImages, settings: RobustnessSettings, report: Report
) -> tuple[NDArray[np.float32], dict[str, Any]]:
    """The model's (versions, rows, classes) probabilities, and `rows`, `milliseconds_per_image` and
    `reason` as in `CorruptedPredictions`.

    How many rows there are follows from how fast the model is here, which is measured first.
    """
    each = _seconds_per_image(predict, images.images)
    rows = affordable(len(images), settings.seconds, each)
    tables = [predict(images.images[:rows])]
    started = time.perf_counter()
    for number, severity in enumerate(severities(), 1):
        tables.append(predict(images.version(severity, rows)))
        report(_progress(number, rows, time.perf_counter() - started))
    facts = {
        "rows": rows,
        "milliseconds_per_image": 1000 * each,
        "reason": _shortened(rows, len(images), settings.seconds, each),
    }
    return np.stack(tables).astype(np.float32), facts


def _seconds_per_image(predict: Predict, images: Images) -> float:
    """The least of several turns: the first ones of a network still allocate and warm up."""
    few, total = images[:LEAST_ROWS], 0.0
    turns: list[float] = []
    while len(turns) < MOST_TURNS and total < MEASURING_SECONDS:
        started = time.perf_counter()
        predict(few)
        turns.append(time.perf_counter() - started)
        total += turns[-1]
    return min(turns) / max(1, len(few))


def affordable(rows: int, seconds: float, each: float) -> int:
    """How many of `rows` images go through all versions in `seconds` (0: no limit).

    Rounded down to 200, 300, 500, 700, 1,000, 1,500, 2,000, ..., so that a slightly faster or
    slower moment seldom gives another number.
    """
    fit = seconds / (len(versions()) * each) if seconds else rows
    if fit >= rows:
        return rows
    return min(rows, max([LEAST_ROWS, *(step for step in _steps(rows) if step <= fit)]))


def _steps(most: int) -> Sequence[int]:
    powers = range(len(str(most)))
    return [step * 10**power // 10 for power in powers for step in _STEPS if step * 10**power // 10]


def _shortened(rows: int, asked: int, seconds: float, each: float) -> str | None:
    if rows == asked:
        return None
    return (
        f"at {1000 * each:.3g} ms an image, {asked:,} images in {len(versions())} versions take "
        f"longer than the {seconds:g} s that the study allows"
    )


def _progress(number: int, rows: int, seconds: float) -> dict[str, Any]:
    done, total = number * rows, len(severities()) * rows
    speed = done / max(seconds, 1e-9)
    return {
        "event": "images",
        "through": "the corruptions",
        "done": done,
        "total": total,
        "images_per_second": speed,
        "seconds_left": (total - done) / speed,
    }
