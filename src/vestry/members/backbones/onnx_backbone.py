"""A frozen backbone that onnxruntime runs: the graph of a model file from images to features."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnxruntime
import torch
from torch import Tensor

from vestry.errors import MemberError, one_line
from vestry.members.backbones.backbone import Backbone, Compute
from vestry.members.backbones.features_graph import FeaturesGraph
from vestry.storage.run_folder import atomic_path

_PIXELS_AT_ONCE = 8 * 224 * 224
_MOST_AT_ONCE = 256


class OnnxBackbone(Backbone):
    """content: the graph, which is all of it. It takes as many threads as torch has."""

    def __init__(self, content: bytes, digest: str, facts: Mapping[str, Any]) -> None:
        self.content = content
        self.weights = digest
        self.title = facts["title"]
        self.origin = facts["origin"]
        self.parameters = facts["parameters"]
        height, width, channels = facts["feature_shape"]
        self.feature_shape = height, width, channels
        self.size = facts["image_size"][0], facts["image_size"][1]
        self.normalisation = facts["normalisation"]
        self.notes = tuple(facts["notes"])
        pixels = self.size[0] * self.size[1]
        self.batch = max(1, min(_MOST_AT_ONCE, _PIXELS_AT_ONCE // pixels))
        self.computes = ("fp32",)
        self.ready: tuple[int, onnxruntime.InferenceSession] | None = None

    @classmethod
    def of(cls, graph: FeaturesGraph, title: str, origin: str = "") -> "OnnxBackbone":
        facts = {
            "title": title,
            "origin": origin,
            "parameters": graph.parameters,
            "feature_shape": graph.shape,
            "image_size": graph.size,
            "normalisation": graph.scaling,
            "notes": graph.notes,
        }
        made = cls(graph.content, graph.sha256, facts)
        made.pool = graph.pool
        return made

    def settings(self) -> dict[str, object]:
        return {"onnxruntime": onnxruntime.__version__}

    def write(self, target: Path) -> None:
        with atomic_path(target) as temporary:
            temporary.write_bytes(self.content)

    def with_content(self, content: bytes) -> "OnnxBackbone":
        """The same of another graph, such as one whose last layers have learnt."""
        made = OnnxBackbone(
            content, hashlib.sha256(content).hexdigest(), vars(self) | {"image_size": self.size}
        )
        made.pool = self.pool
        return made

    def forward(self, images: Tensor, compute: Compute) -> Tensor:  # noqa: ARG002 - fp32 alone
        (features,) = self.run(images)
        return features

    def run(self, images: Tensor) -> list[Tensor]:
        """All that the graph gives."""
        grey = images.ndim == 4 and images.shape[3] == 1  # whose channel is no axis of a graph
        pixels = images.squeeze(3) if grey else images
        given = self.session().run(None, {"images": pixels.numpy()})
        return [torch.from_numpy(each) for each in given]

    def session(self) -> onnxruntime.InferenceSession:
        threads = torch.get_num_threads()
        if self.ready is None or self.ready[0] != threads:
            self.ready = threads, _session(self.content, threads)
        return self.ready[1]


def _session(content: bytes, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises kinds of its own
        raise MemberError(f"the backbone does not run here ({one_line(error)[:300]})") from None
