"""The parity gate over picture files: read from disk as `vestry predict` reads them.

That a graph answers rows alike says nothing of how a picture becomes a row. Where the run was made
from files, its test files go through the very path that a user's pictures will take.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.data.dataset import Dataset
from vestry.errors import ModelError
from vestry.export.bundle import Bundle
from vestry.export.parity import Tell, certified
from vestry.run.export_source import Reference
from vestry.serve.image_inputs import picture
from vestry.serve.predictor import Predictor


class _PictureFiles:
    """Files as the images that a model takes of them; read when a slice is asked for.

    wanted: (n, ...) what training made of them. Raises ModelError where a file gives another.
    """

    def __init__(self, paths: Sequence[Path], bundle: Bundle, wanted: NDArray[np.uint8]) -> None:
        self.paths, self.bundle, self.wanted = paths, bundle, wanted

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, rows: slice, /) -> NDArray[np.uint8]:
        images = [self.image(path) for path in self.paths[rows]]
        for path, image, wanted in zip(self.paths[rows], images, self.wanted[rows], strict=True):
            if not np.array_equal(image, wanted):
                raise ModelError(
                    f"parity: {path} is not prepared as it was for the run; nothing was written. "
                    "If the file has changed meanwhile, run the study again"
                )
        return np.stack(images)

    def image(self, path: Path) -> NDArray[np.uint8]:
        return picture(str(path), path).prepared(self.bundle, None).image


def held_against_files(
    predictor: Predictor, dataset: Dataset, rows: Reference, tell: Tell
) -> dict[str, Any] | None:
    """What was measured on every test row that is a file; None where the source has no files.

    rows: the run's own answers, those for the test rows first. All of them are read: loading the
    run's data has just read them and all others. Raises ModelError where a file is prepared or
    answered otherwise than in the run, DataError where one can no longer be read.
    """
    test = dataset.test
    places = [row for row, name in enumerate(test.ids.tolist()) if name in dataset.pictures]
    if not places:
        return None
    paths = [dataset.pictures[name] for name in test.ids[places].tolist()]
    files = _PictureFiles(paths, predictor.bundle, test.images[places])
    found = certified(predictor, files, rows.expected[places], tell, "test files")
    return {key: found[key] for key in ("rows", "labels_equal", "largest_gap")}
