"""A model or a committee's rule, ready to be timed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.committees.committee import Committee
from vestry.data.dataset import Dataset
from vestry.predictions.table import load_table
from vestry.tasks.stored_members import stored_predict
from vestry.tasks.timed_rounds import Work, seconds_of

BATCHES = (1024, 256, 64, 16)
RULE_ROWS = 1000
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
        """A stored member, warmed up; raises MemberError where there is none.

        threads: on which it predicts; budget: seconds that a batch may take.
        """
        predict = stored_predict(folder, threads)

        def one(number: int) -> object:
            place = number % len(images)
            return predict(images[place : place + 1])

        seconds = min(seconds_of(one, number) for number in range(3))
        size = next((size for size in BATCHES if size * seconds <= budget), BATCHES[-1])
        batch = np.resize(images, (size, *images.shape[1:]))
        return cls(one, lambda _: predict(batch), size, seconds, own_files(folder))


def own_files(folder: Path) -> dict[str, int]:
    """Bytes of the files that a stored model needs to predict; a trunk's name is its content's."""
    return {
        path.name if path.name.startswith("trunk-") else f"{folder.name}/{path.name}": size
        for pattern in ("*.onnx", "*.safetensors")
        for path in folder.glob(pattern)
        if (size := path.stat().st_size)
    }


def together(each: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """A trunk that several members share is counted once."""
    return {name: size for files in each for name, size in files.items()}


def timed_rule(
    name: str, entry: Mapping[str, Any], folders: Mapping[str, Path], dataset: Dataset
) -> TimedModel:
    """The committee's own work: its members' probabilities of one image, and of many, made one."""
    tables = [load_table(folders[member] / "validation.npz") for member in entry["members"]]
    stacked = np.stack([table.probabilities[:RULE_ROWS] for table in tables]).astype(np.float64)
    committee = Committee(name, entry["rule"], entry["options"])
    fitted = committee.fitted(stacked, dataset.validation.labels[:RULE_ROWS], {})
    first = stacked[:, :1]

    def one(_: int) -> object:
        return fitted.combine(first)

    def batch(_: int) -> object:
        return fitted.combine(stacked)

    return TimedModel(one, batch, stacked.shape[1], seconds_of(one, 0), {})
