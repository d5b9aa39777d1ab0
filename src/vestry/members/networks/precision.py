"""In which precision, and by which operations, a layer is trained: each layer shape is tried once.

bfloat16 has to be earned: it is slower for some shapes, and has known wrong results for others. A
candidate must come close to a float64 reference, forward and backward; of those that do, the
fastest is taken. The choice depends on a clock, so it is made once per machine and kept: otherwise
a study that is killed and started again could end with other weights than an undisturbed one.
"""

import contextlib
import hashlib
import json
import math
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import platformdirs
import torch
from torch import Tensor

from vestry.members.networks.block import Computation, ParameterVector, ProductBlock
from vestry.members.networks.layer import TracedLayer
from vestry.members.networks.network import assemble
from vestry.members.networks.settings import Precision
from vestry.storage.ownership import read_object
from vestry.storage.run_folder import atomic_path
from vestry.system.platform_calls import processor, sync

# One layer tried on fixed random values: how far off it is, and how long it takes.


_ROUNDS, SECONDS = 8, 0.02
"""Each candidate is timed in so many turns of about so long; its fastest turn counts."""


def fastest_turns(trials: dict[Computation, "Trial"]) -> dict[Computation, float]:
    repeats = {c: max(1, int(SECONDS / trial.turn(2))) for c, trial in trials.items()}
    times = dict.fromkeys(trials, float("inf"))
    for _ in range(_ROUNDS if len(trials) > 1 else 1):
        for computation, trial in trials.items():
            times[computation] = min(times[computation], trial.turn(repeats[computation]))
    return times


class Trial:
    """One block on fixed random values: images in [0, 1], gradients and weights around zero."""

    def __init__(self, block: ProductBlock, computation: Computation, batch_size: int) -> None:
        random = torch.Generator().manual_seed(0)
        exact = computation.compute == "fp64"
        shapes = [spec.shape for spec in block.specs.values()]
        vector = ParameterVector(shapes, torch.float64 if exact else torch.float32)
        for parameter in vector.parameters:
            drawn = torch.randn(parameter.value.shape, generator=random)
            parameter.value.copy_(drawn / shapes[0][0] ** 0.5)
        vector.refresh()
        self.parameters = vector.parameters
        self.block = block.computed(computation)
        self.block.bind(dict(zip(block.specs, self.parameters, strict=True)))
        dtype = computation.dtype
        self.input = torch.rand((batch_size, *block.input_shape), generator=random).to(dtype)
        output = self.block.forward(self.input, training=True)
        self.gradient = torch.randn(output.shape, generator=random).to(dtype)

    def run(self) -> list[Tensor]:
        output = self.block.forward(self.input, training=True)
        back = self.block.backward(self.gradient)
        results = [output, *(parameter.gradient for parameter in self.parameters)]
        return results if back is None else [*results, back]

    def turn(self, repeats: int) -> float:
        """Seconds a run."""
        start = time.perf_counter()
        for _ in range(repeats):
            self.block.forward(self.input, training=True)
            self.block.backward(self.gradient)
        return (time.perf_counter() - start) / repeats


def relative_error(results: list[Tensor], reference: list[Tensor]) -> float:
    """The largest over outputs and gradients of |result - reference| / |reference|; infinite for
    NaN.
    """
    errors = [
        float((result.double() - exact).norm() / exact.norm())
        for result, exact in zip(results, reference, strict=True)
    ]
    worst = max(errors)
    return float("inf") if any(map(math.isnan, errors)) else worst


_VERSION = 3
"""Part of every key: raise it when a block computes differently, so that layers are tried again."""
TOLERANCE = {"fp32": 1e-4, "bf16": 2e-2}
"""Relative error (Frobenius norm) that a candidate may show against float64."""
ADVANTAGE = 1.1
"""bfloat16 has to be this much faster than float32 to be taken."""
_NOT_ACCURATE = (
    "no way to compute it in {precision} came close to float64; computed in fp32 instead"
)
NOT_KEPT = "its trial could not be kept, so another run may compute it otherwise"


@dataclass(frozen=True)
class Choice:
    """What a layer computes in, and what the trial found: microseconds and error by candidate."""

    compute: str
    method: str
    tried: dict[str, dict[str, float]]
    note: str = ""
    """What a reader of the results must know of it; empty where all went as it should."""

    @property
    def computation(self) -> Computation:
        return Computation(self.compute, self.method)


def choose(
    traced: list[TracedLayer], batch_size: int, precision: Precision, threads: int
) -> dict[int, Choice]:
    """A choice for each layer that multiplies matrices, by the layer's index."""
    return {
        index: _cached(block, batch_size, precision, threads)
        for index, block in _products(traced).items()
    }


def fixed(traced: list[TracedLayer], batch_size: int, precision: Precision) -> dict[int, Choice]:
    """As `choose`, but no clock has a say, and nothing is kept: of the ways that come close to
    float64 the first is taken, float32 where the precision is left open."""
    return {
        index: _first(block, batch_size, precision) for index, block in _products(traced).items()
    }


def _products(traced: list[TracedLayer]) -> dict[int, ProductBlock]:
    """What multiplies matrices, by its layer's index."""
    return {
        index: block
        for index, layer in enumerate(assemble(traced, {}))
        for block in layer.blocks
        if isinstance(block, ProductBlock)
    }


def _first(block: ProductBlock, batch_size: int, precision: Precision) -> Choice:
    reference = Trial(block, Computation("fp64"), batch_size).run()
    for computation in _candidates(block, precision):
        error = relative_error(Trial(block, computation, batch_size).run(), reference)
        if error <= TOLERANCE[computation.compute]:
            return Choice(computation.compute, computation.method, {})
    plain = Computation()
    note = _NOT_ACCURATE.format(precision=precision)
    return Choice(plain.compute, plain.method, {}, note)


def _cached(block: ProductBlock, batch_size: int, precision: Precision, threads: int) -> Choice:
    """The choice that this machine once made for the shape; made now where there is none."""
    description = _trial_key(block, batch_size, precision, threads)
    digest = hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()[:32]
    path = Path(platformdirs.user_cache_dir("vestry")) / "precision" / f"{digest}.json"
    if (kept := published(path)) is None:
        choice = attempt(block, batch_size, precision)
        try:
            publish(path, {"shape": description, "choice": asdict(choice)})
        except OSError as error:
            reason = error.strerror or str(error)
            return replace(choice, note=f"{choice.note} {NOT_KEPT} ({path.parent}: {reason})")
        kept = published(path) or asdict(choice)
    return Choice(**kept)


def published(path: Path) -> dict[str, Any] | None:
    """The choice that was published there; a file that a loss of power has damaged is removed."""
    choice = (read_object(path) or {}).get("choice")
    if isinstance(choice, dict):
        return choice
    with contextlib.suppress(OSError):
        path.unlink()
    return None


def publish(path: Path, value: dict[str, Any]) -> None:
    """Write the file unless it exists: of two processes that try at once, the first counts."""
    with atomic_path(path.with_name(f"{path.stem}.{os.getpid()}.json")) as temporary:
        temporary.write_text(json.dumps(value, indent=1), encoding="utf-8")
        sync(temporary)  # before anybody goes by it: another choice would be other weights
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    path.with_name(f"{path.stem}.{os.getpid()}.json").unlink(missing_ok=True)


def _trial_key(
    block: ProductBlock, batch_size: int, precision: Precision, threads: int
) -> dict[str, Any]:
    """All that the fastest way may depend on."""
    return block.trial_key() | {
        "version": _VERSION,
        "precision": precision,
        "batch": batch_size,
        "processor": processor(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
        "threads": threads,
    }


def _candidates(block: ProductBlock, precision: Precision) -> Iterator[Computation]:
    for compute in TOLERANCE:
        if precision in ("auto", compute):
            yield from (Computation(compute, method) for method in block.methods)


def attempt(block: ProductBlock, batch_size: int, precision: Precision) -> Choice:
    """Try every candidate: first its values, then its time, in turns so that a busy machine hits
    all.
    """
    reference = Trial(block, Computation("fp64"), batch_size).run()
    trials: dict[Computation, Trial] = {}
    errors: dict[Computation, float] = {}
    for computation in _candidates(block, precision):
        trial = Trial(block, computation, batch_size)
        errors[computation] = relative_error(trial.run(), reference)
        if errors[computation] <= TOLERANCE[computation.compute]:
            trials[computation] = trial
    note = "" if trials else _NOT_ACCURATE.format(precision=precision)
    if not trials:
        plain = Computation()
        trials[plain] = Trial(block, plain, batch_size)
    times = fastest_turns(trials)
    tried = {
        f"{computation.compute} {computation.method}": {
            "microseconds": round(seconds * 1e6, 1),
            "error": errors.get(computation, 0.0),
        }
        for computation, seconds in times.items()
    }
    best = min(times, key=lambda c: times[c] * (ADVANTAGE if c.compute == "bf16" else 1.0))
    return Choice(best.compute, best.method, tried, note)
