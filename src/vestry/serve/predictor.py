"""A bundle ready to predict: raw images in, probabilities out. No HTTP, no torch."""

from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from vestry.errors import DataError
from vestry.export.bundle import (
    IMAGES,
    MEMBER_PROBABILITIES,
    PROBABILITIES,
    bundle_in,
)
from vestry.export.session import onnx_session
from vestry.storage.onnx_file import read_model_bytes

READY = Path(__file__).parent / "ready" / "committee.onnx"
"""The committee that comes with the package."""
_ROWS_AT_ONCE = 256
"""Of a large array; more would only take memory."""

Images = NDArray[np.uint8]
Probabilities = NDArray[np.float32]


class Predictor:
    """Predicts with one exported file.

    model: the file; the committee that comes with Vestry if none is given. threads: cores that one
    call may use. Raises ModelError where the file is missing, damaged, unsafe or was not exported
    by Vestry.

    >>> Predictor("shirt.onnx")(images)  # (n, height, width) uint8 -> (n, classes) float32
    """

    def __init__(self, model: str | Path | None = None, threads: int = 1) -> None:
        self.path = READY if model is None else Path(model)
        self._threads = threads
        self._load(read_model_bytes(self.path))

    @classmethod
    def of(cls, content: bytes, path: Path, threads: int = 1) -> Self:
        """With what was read from `path` before; ModelError as above."""
        made = cls.__new__(cls)
        made.path, made._threads = path, threads
        made._load(content)
        return made

    def _load(self, content: bytes) -> None:
        self.bundle = bundle_in(content, self.path)
        self._session = onnx_session(content, str(self.path), self._threads)

    def __reduce__(self) -> tuple[Any, ...]:
        """For another process, which reads the file again: no model is in what is sent there."""
        return type(self), (self.path.resolve(), self._threads)

    @property
    def name(self) -> str:
        return self.bundle.name

    @property
    def classes(self) -> tuple[str, ...]:
        return self.bundle.classes

    @property
    def image_shape(self) -> tuple[int, ...]:
        return self.bundle.image_shape

    def __call__(self, images: Images) -> Probabilities:
        """(n, classes) probabilities of (n, height, width[, 3]) uint8 images, or of one image.

        Raises DataError where their type or shape is another.
        """
        (probabilities,) = self._run(images, [PROBABILITIES])
        return probabilities

    def votes(self, images: Images) -> tuple[Probabilities, Probabilities]:
        """(n, classes) probabilities, and (n, members, classes) those of each member.

        A model that is no committee is its own only member.
        """
        if not self.bundle.is_committee:
            probabilities = self(images)
            return probabilities, probabilities[:, None]
        whole, each = self._run(images, [PROBABILITIES, MEMBER_PROBABILITIES])
        return whole, each

    def _run(self, images: Images, outputs: list[str]) -> list[NDArray[np.float32]]:
        batch = self._checked(images)
        if len(batch) <= _ROWS_AT_ONCE:
            return list(self._session.run(outputs, {IMAGES: batch}))
        starts = range(0, len(batch), _ROWS_AT_ONCE)
        parts = [
            self._session.run(outputs, {IMAGES: batch[start : start + _ROWS_AT_ONCE]})
            for start in starts
        ]
        return [np.concatenate(part) for part in zip(*parts, strict=True)]

    def _checked(self, images: Images) -> Images:
        given: Any = np.asarray(images)
        shape = self.image_shape
        if given.shape == shape:
            given = given[None]
        if given.dtype != np.uint8 or given.shape[1:] != shape:
            raise DataError(
                f"{self.name} takes uint8 images of {' x '.join(map(str, shape))}, (n, "
                f"{', '.join(map(str, shape))}); given were {given.dtype} {given.shape}"
            )
        return np.ascontiguousarray(given)
