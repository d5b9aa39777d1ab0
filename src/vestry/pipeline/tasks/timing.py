"""A model or a committee's rule, ready to be timed."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.committees.committee import Committee
from vestry.data.dataset import Dataset
from vestry.pipeline.tasks.fit import TIMED_ROWS
from vestry.pipeline.tasks.stored_models import stored_predict
from vestry.predictions.table import load_table

# Pieces of work timed side by side: they take turns, so that whatever slows the machine hits all.


Work = Callable[[int], object]
"""Called with the number of its round."""
Times = dict[int, float]
"""Seconds by the number of the round."""

FEWEST_ROUNDS = 12


def strides(seconds: Mapping[str, float], rounds: int, budget: float) -> dict[str, int]:
    """How often each work takes part: in every round, every second, every fourth and so on.

    seconds: what each takes, about. budget: seconds that they share in equal parts. Powers of two,
    so that two works have every round in common that the rarer one takes part in. None takes part
    in fewer than twelve rounds.
    """
    share = budget / max(1, len(seconds))
    return {name: _stride(2 * each, rounds, share) for name, each in seconds.items()}


def _stride(seconds: float, rounds: int, budget: float) -> int:
    found = 1
    while rounds // found * seconds > budget and rounds // (2 * found) >= FEWEST_ROUNDS:
        found *= 2
    return found


def timed(works: Mapping[str, Work], rounds: int, every: Mapping[str, int]) -> dict[str, Times]:
    """Seconds of each work in each of the rounds that it takes part in.

    every: its stride; those that have none take part in every round.
    """
    times: dict[str, Times] = {name: {} for name in works}
    for number in range(rounds):
        for name in _turned(list(works), number):
            if number % every.get(name, 1) == 0:
                times[name][number] = _seconds_of(works[name], number)
    return times


def _turned(names: list[str], number: int) -> list[str]:
    """The names in another order each round, so that none always follows the same one."""
    start = number % max(1, len(names))
    return names[start:] + names[:start]


def _seconds_of(work: Work, number: int) -> float:
    work(number)
    started = time.perf_counter()
    work(number)
    return time.perf_counter() - started


def summed(parts: Sequence[Times]) -> Times:
    """What all parts took together, in the rounds that all of them took part in."""
    common = set(parts[0]).intersection(*parts[1:])
    return {number: sum(part[number] for part in parts) for number in sorted(common)}


_BATCHES = (1024, 256, 64, 16)
"""Validation rows that a committee's rule is fitted on here; its speed does not depend on them."""


@dataclass(frozen=True)
class TimedModel:
    """What can be timed. one, batch: predict one image of a round's number, and all of a batch of
    `size`. seconds: what one image takes, about. files: bytes by the name of each file.
    """

    one: Work
    batch: Work
    size: int
    seconds: float
    files: Mapping[str, int]

    @classmethod
    def loaded(
        cls, folder: Path, images: NDArray[np.uint8], threads: int, budget: float
    ) -> "TimedModel":
        """A stored model, warmed up; raises MemberError where there is none.

        threads: on which it predicts; budget: seconds that a batch may take.
        """
        predict = stored_predict(folder, threads)

        def one(number: int) -> object:
            place = number % len(images)
            return predict(images[place : place + 1])

        seconds = min(_seconds_of(one, number) for number in range(3))
        size = next((size for size in _BATCHES if size * seconds <= budget), _BATCHES[-1])
        batch = np.resize(images, (size, *images.shape[1:]))
        return cls(one, lambda _: predict(batch), size, seconds, own_files(folder))


_SHARED = re.compile(r".+-[0-9a-f]{16}\.(safetensors|onnx)")
"""A file that is named by a digest of its content is the same wherever it lies."""


def own_files(folder: Path) -> dict[str, int]:
    """Bytes of the files that a stored model needs to predict; some are named by their content."""
    return {
        path.name if _SHARED.fullmatch(path.name) else f"{folder.name}/{path.name}": size
        for pattern in ("*.onnx", "*.safetensors")
        for path in folder.glob(pattern)
        if (size := path.stat().st_size)
    }


def together(each: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """A file that several models share, such as a backbone, is counted once."""
    return {name: size for files in each for name, size in files.items()}


def timed_rule(
    name: str, entry: Mapping[str, Any], folders: Mapping[str, Path], dataset: Dataset
) -> TimedModel:
    """The committee's own work: its members' probabilities of one image, and of many, made one."""
    split = "fitted" if dataset.folds else "validation"
    tables = [load_table(folders[member] / f"{split}.npz") for member in entry["members"]]
    stacked = np.stack([table.probabilities[:TIMED_ROWS] for table in tables]).astype(np.float64)
    committee = Committee(name, entry["rule"], entry["options"])
    fitted = committee.fitted(stacked, dataset.validation.labels[:TIMED_ROWS], {})
    first = stacked[:, :1]

    def one(_: int) -> object:
        return fitted.combine(first)

    def batch(_: int) -> object:
        return fitted.combine(stacked)

    return TimedModel(one, batch, stacked.shape[1], _seconds_of(one, 0), {})
