"""What all endpoints that predict share: bodies taken in, work off the loop, images answered."""

import asyncio
import struct
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vestry.serve.answer import Answer
from vestry.serve.http.batching import Votes
from vestry.serve.http.bodies import read_body
from vestry.serve.http.exchange import Call
from vestry.serve.http.gate import Gate
from vestry.serve.http.limits import Limits, Pace
from vestry.serve.http.metrics import Metrics
from vestry.serve.http.models import Models, ServedModel

Result = TypeVar("Result")

PNG = b"\x89PNG\r\n\x1a\n"
INLINE_PIXELS = 128 * 128
INLINE_PNG = 64 * 2**10
INLINE_JPEG = 4 * 2**10
"""Bytes of a JPEG, which does not tell its sides at a fixed place; a small one has few pixels."""


def decodes_fast(body: bytes) -> bool:
    """Whether a picture is so small that a thread would cost more than decoding it."""
    if not body.startswith(PNG):
        return len(body) <= INLINE_JPEG
    if len(body) < 24 or len(body) > INLINE_PNG:
        return len(body) < 24
    width, height = struct.unpack(">II", body[16:24])
    return bool(width * height <= INLINE_PIXELS)


@dataclass(frozen=True, eq=False)
class Carrier:
    """thread: where pictures are decoded that are not small, one after the other, which bounds
    the memory that they take."""

    models: Models
    gate: Gate
    metrics: Metrics
    pace: Pace
    limits: Limits
    thread: Executor

    async def body(self, call: Call, limit: int) -> bytes:
        """The body, whole. From here on the request is accepted, and its deadline runs."""
        body = await read_body(call, self.gate, limit)
        self.gate.enter(call)
        if call.clock is not None:
            call.clock.reschedule(asyncio.get_running_loop().time() + self.pace.deadline)
        return body

    async def aside(self, work: Callable[[], Result]) -> Result:
        """Run `work` in the thread, so that the loop goes on."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, work)

    async def votes(self, call: Call, model: ServedModel, images: NDArray[np.uint8]) -> Votes:
        """Probabilities of (n, ...) images and of each member, from a batch with others'."""
        answering = model.batcher(images)
        self.gate.more(call, len(images))
        self.gate.queued(call)
        return await answering

    def answers(self, call: Call, model: ServedModel, votes: Votes) -> list[Answer]:
        """Each image's answer, counted; the access log names the class of one alone."""
        found = [Answer(model.bundle, row, each) for row, each in zip(*votes, strict=True)]
        for answer in found:
            self.metrics.answer(model.slug, answer)
        if len(found) == 1:
            call.label = found[0].name
        return found
