"""What one model makes of test images that get worse, rung by rung; it sees no labels."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.robustness.settings import LEAST_ROWS, RobustnessSettings
from vestry.robustness.severities import CLEAN, RUNGS, Rung

VERSIONS = len(RUNGS) + 1
_STEPS = (10, 15, 20, 30, 50, 70)
KEPT_BYTES = 256_000_000
MOST_TURNS, MEASURING_SECONDS = 4, 0.5

Images = NDArray[np.uint8]
Predict = Callable[[Images], NDArray[np.float32]]
Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, eq=False)
class Ladder:
    """A model's answers.

    ids: (rows,) of the test images, in the order in which they were drawn. probabilities: (36,
    rows, classes) float32: of the images as they are, then of each of `RUNGS`.
    facts: JSON-able: `rows`, `asked`, `there` (test images in all), `seed`, `seconds` (allowed),
    `milliseconds_per_image` and `reason` (null, or why there are fewer rows than were asked for).
    """

    ids: NDArray[np.str_]
    probabilities: NDArray[np.float32]
    facts: dict[str, Any]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def versions(self) -> tuple[str, ...]:
        """What the first axis of `probabilities` stands for."""
        return (CLEAN, *(rung.name for rung in RUNGS))


class Alterations:
    """Altered versions of the same images, kept for the next model where there is room."""

    def __init__(self, images: Images, ids: NDArray[np.str_], seed: int) -> None:
        self.images, self.ids, self.seed = images, ids, seed
        self.kept: dict[str, Images] = {}
        self.is_small = images.nbytes * VERSIONS <= KEPT_BYTES

    def __len__(self) -> int:
        return len(self.ids)

    def version(self, rung: Rung, rows: int) -> Images:
        """The first `rows` images as `rung` leaves them."""
        from vestry.robustness.corruptions import altered  # noqa: PLC0415 - brings scipy

        kept = self.kept.get(rung.name)
        if kept is None or len(kept) < rows:
            kept = altered(self.images[:rows], self.ids[:rows], rung, self.seed)
            if self.is_small:
                self.kept[rung.name] = kept
        return kept[:rows]


def climb(
    predict: Predict, alterations: Alterations, settings: RobustnessSettings, report: Report
) -> tuple[NDArray[np.float32], dict[str, Any]]:
    """The model's (36, rows, classes) probabilities, and `rows`, `milliseconds_per_image` and
    `reason` as in `Ladder`.

    How many rows there are follows from how fast the model is here, which is measured first.
    """
    each = _seconds_per_image(predict, alterations.images)
    rows = affordable(len(alterations), settings.seconds, each)
    tables = [predict(alterations.images[:rows])]
    started = time.perf_counter()
    for number, rung in enumerate(RUNGS, 1):
        tables.append(predict(alterations.version(rung, rows)))
        report(_progress(number, rows, time.perf_counter() - started))
    facts = {
        "rows": rows,
        "milliseconds_per_image": 1000 * each,
        "reason": _shortened(rows, len(alterations), settings.seconds, each),
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
    fit = seconds / (VERSIONS * each) if seconds else rows
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
        f"at {1000 * each:.3g} ms an image, {asked:,} images in {VERSIONS} versions take longer "
        f"than the {seconds:g} s that the study allows"
    )


def _progress(number: int, rows: int, seconds: float) -> dict[str, Any]:
    done, total = number * rows, len(RUNGS) * rows
    speed = done / max(seconds, 1e-9)
    return {
        "event": "images",
        "through": "the alterations",
        "done": done,
        "total": total,
        "images_per_second": speed,
        "seconds_left": (total - done) / speed,
    }
