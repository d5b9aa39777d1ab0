"""What steps make, computed by onnxruntime: images in, numbers out, and numbers in, numbers out."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper

from vestry.data.limits import MOST_BYTES
from vestry.errors import MemberError
from vestry.members.backbones.feature_store import FeatureStore, image_digests, limit
from vestry.members.estimators.features.feature_step import Extractor, Learnt, Reduction, Shape
from vestry.members.graph import Graph, finished, model_of

_FOLDER = "features"
_BATCH_PIXELS = 50000
"""Of images that go through the graph together: what is made of them stays near the core."""
_BATCH_NUMBERS = 4_000_000
"""That go into a step, or come out of it, together."""
_SHARD_BYTES = 64 * 2**20
FACTOR = "factor"
_TAKEN, _MADE = "given", "features"


def _session(content: bytes, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def extracted(
    graph: Graph,
    images: str,
    shape: Shape,
    steps: Sequence[Extractor],
    learnt: Sequence[Learnt],
) -> str:
    """Add what the steps make of raw `images`, side by side; gives its name.

    What a step has learnt may hold a FACTOR, which all of its numbers are multiplied by.
    """
    planes = graph.add("Div", graph.cast(images, "float"), graph.number(255.0))
    if len(shape) == 2:
        planes = graph.add("Unsqueeze", planes, graph.integers(1))
    else:
        planes = graph.add("Transpose", planes, perm=[0, 3, 1, 2])
    parts = []
    for step, taken in zip(steps, learnt, strict=True):
        part = step.nodes(graph, planes, shape, taken)
        if FACTOR in taken:
            part = graph.add("Mul", part, graph.constant(taken[FACTOR], FACTOR))
        parts.append(part)
    return graph.add("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]


class Extraction:
    """(n, height, width[, 3]) raw images to (n, width) float32, on `threads` cores.

    cache: the folder below which features are kept by the content of graph and image, so that
    folds, seeds and other models find them; None, or where the environment allows nothing, keeps
    none. found: of how many images they were there already.
    """

    def __init__(
        self,
        shape: Shape,
        steps: Sequence[Extractor],
        learnt: Sequence[Learnt],
        threads: int,
        cache: Path | None,
    ) -> None:
        self.width = sum(step.width(shape) for step in steps)
        self.batch = max(16, _BATCH_PIXELS // int(np.prod(shape)))
        self.found = 0
        graph = Graph()
        graph.rename(extracted(graph, "images", shape, steps, learnt), _MADE)
        content = finished(graph, shape, {_MADE: (self.width,)}).SerializeToString()
        self._session = _session(content, threads)
        self._store: FeatureStore | None = None
        if cache is not None and limit() and any(step.is_kept for step in steps):
            digest = hashlib.sha256(content + onnxruntime.__version__.encode()).hexdigest()[:32]
            self._store = FeatureStore(cache / _FOLDER, f"steps-{digest}", self.width, limit())

    def of(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """MemberError where so many numbers would not fit into memory."""
        size = len(images) * self.width * 4
        if size > MOST_BYTES:
            raise MemberError(
                f"the features of {len(images):,} images, {self.width:,} each, would take {size:,} "
                f"bytes of memory; at most {MOST_BYTES:,} are taken. Take larger cells, fewer "
                "patches, or fewer images"
            )
        features = np.empty((len(images), self.width), np.float32)
        if self._store is None or not len(images):
            self._compute(images, np.arange(len(images)), features)
            return features
        digests = image_digests(images)
        found = self._store.find(digests, features)
        if not found.all():
            with self._store.alone(lambda: None):
                found |= self._store.find(digests, features)  # by whom this one has waited for
                self._compute_and_keep(images, digests, np.flatnonzero(~found), features)
        self.found += int(found.sum())
        return features

    def _compute_and_keep(
        self,
        images: NDArray[np.uint8],
        digests: Sequence[bytes],
        rows: NDArray[np.int64],
        features: NDArray[np.float32],
    ) -> None:
        assert self._store is not None  # noqa: S101 - for the type checker
        size = max(1, _SHARD_BYTES // (4 * self.width))
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            self._compute(images, part, features)
            self._store.add([digests[row] for row in part.tolist()], features[part])

    def _compute(
        self, images: NDArray[np.uint8], rows: NDArray[np.int64], features: NDArray[np.float32]
    ) -> None:
        for start in range(0, len(rows), self.batch):
            part = rows[start : start + self.batch]
            features[part] = self._session.run(None, {"images": images[part]})[0]


class Reduced:
    """(n, numbers) float32 to (n, width) float32 by one step."""

    def __init__(self, step: Reduction, learnt: Learnt, given: int, threads: int) -> None:
        graph = Graph()
        made = step.nodes(graph, _TAKEN, learnt)
        graph.rename(made, _MADE)
        taken = helper.make_tensor_value_info(_TAKEN, TensorProto.FLOAT, ["rows", given])
        self.width = step.left(given, learnt)
        content = model_of(graph, taken, {_MADE: (self.width,)}).SerializeToString()
        self._session = _session(content, threads)
        self._batch = max(16, _BATCH_NUMBERS // max(given, self.width))

    def of(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        made = [
            self._session.run(None, {_TAKEN: features[start : start + self._batch]})[0]
            for start in range(0, len(features), self._batch)
        ]
        return np.concatenate([np.zeros((0, self.width), np.float32), *made])
