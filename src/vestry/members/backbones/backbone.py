"""What a frozen trunk is: raw images in, features out, and nothing about it changes any more."""

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from vestry.members.backbones.image_input import VERSION
from vestry.members.networks.layer import Shape
from vestry.members.networks.precision import ADVANTAGE, NOT_KEPT, TOLERANCE, publish
from vestry.members.networks.settings import Precision
from vestry.system.environment import processor

Compute = Literal["fp32", "bf16"]


class Trunk:
    """A frozen network that features are taken from.

    title: what people read. weights: SHA-256 of its tensors. feature_shape: (height, width,
    channels) of one image's features. size: height and width that images are resized to.
    batch: how many images go through at once. computes: the types it can compute in.
    notes: what a reader should know of it.
    """

    title: str
    weights: str
    parameters: int
    feature_shape: Shape
    size: tuple[int, int]
    normalisation: str
    batch: int
    computes: tuple[Compute, ...]
    notes: tuple[str, ...] = ()

    def settings(self) -> dict[str, object]:
        """What besides its weights its features depend on; JSON-able, and enough to rebuild it."""
        raise NotImplementedError

    def tensors(self) -> dict[str, Tensor]:
        """Everything it needs to compute, by name."""
        raise NotImplementedError

    def forward(self, images: Tensor, compute: Compute) -> Tensor:
        """(n, height, width[, 3]) uint8 to (n, *feature_shape) float32."""
        raise NotImplementedError

    def digest(self, compute: Compute) -> str:
        """Names a trunk's features: equal digests give equal features for equal images."""
        description = {
            "weights": self.weights,
            "input": VERSION,
            "settings": self.settings(),
            "compute": compute,
            "torch": torch.__version__,
            "capability": torch.backends.cpu.get_cpu_capability(),
        }
        text = json.dumps(description, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


# In which precision training images go through a trunk: tried once on this machine, then kept.


ROUNDS = 2


@dataclass(frozen=True)
class TrunkChoice:
    """error: of bfloat16 features against float32 ones, by the Frobenius norm; None where they
    were not compared. tried: images a second by precision.
    """

    compute: Compute
    error: float | None
    tried: dict[str, float]
    note: str = ""


def choose(
    trunk: Trunk, image_shape: tuple[int, ...], precision: Precision, threads: int, cache: Path
) -> TrunkChoice:
    """What this machine once chose for the trunk; tried now where it did not yet."""
    if "bf16" not in trunk.computes or precision == "fp32":
        return TrunkChoice("fp32", None, {})
    key = {
        "trunk": trunk.digest("bf16"),
        "precision": precision,
        "image_shape": list(image_shape),
        "threads": threads,
        "processor": processor(),
    }
    name = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]
    path = cache / "precision" / f"trunk-{name}.json"
    if not path.exists():
        choice = _attempt(trunk, image_shape, precision)
        try:
            publish(path, {"trunk": key, "choice": asdict(choice)})
        except OSError as error:
            reason = error.strerror or str(error)
            note = f"{choice.note} The trunk's trial: {NOT_KEPT} ({path.parent}: {reason})."
            return TrunkChoice(choice.compute, choice.error, choice.tried, note.strip())
    return TrunkChoice(**json.loads(path.read_text(encoding="utf-8"))["choice"])


def _attempt(trunk: Trunk, image_shape: tuple[int, ...], precision: Precision) -> TrunkChoice:
    """One batch of fixed random pixels in both precisions: first the values, then the time."""
    random = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (trunk.batch, *image_shape), generator=random).to(torch.uint8)
    exact, half = trunk.forward(images, "fp32"), trunk.forward(images, "bf16")
    error = float((half.double() - exact).norm() / exact.double().norm())
    if not error <= TOLERANCE["bf16"]:
        note = "bf16 did not come close to fp32 in the trunk; computed in fp32."
        return TrunkChoice("fp32", None, {}, note if precision == "bf16" else "")
    if precision == "bf16":
        return TrunkChoice("bf16", error, {})
    turns: dict[Compute, float] = dict.fromkeys(("fp32", "bf16"), float("inf"))
    for _ in range(ROUNDS):
        for compute, best in list(turns.items()):
            turns[compute] = min(best, turn(trunk, images, compute))
    faster = turns["bf16"] * ADVANTAGE < turns["fp32"]
    tried = {str(name): round(len(images) / seconds, 1) for name, seconds in turns.items()}
    return TrunkChoice("bf16" if faster else "fp32", error, tried)


def turn(trunk: Trunk, images: Tensor, compute: Compute) -> float:
    start = time.perf_counter()
    trunk.forward(images, compute)
    return time.perf_counter() - start
