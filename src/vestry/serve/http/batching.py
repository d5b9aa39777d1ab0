"""Images of several requests answered by one call of the model."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.serve.http.gate import Gate
from vestry.serve.http.limits import Pace
from vestry.serve.predictor import Images, Predictor, Probabilities

Votes = tuple[Probabilities, Probabilities]

INLINE_SECONDS = 0.005
"""A model whose full batch takes no longer runs on the event loop itself: a thread would cost more
than it gives, and nobody waits longer than that for the loop. Larger models run in a thread."""


def runs_inline(predictor: Predictor, batch: int) -> bool:
    """Whether a full batch takes at most INLINE_SECONDS here, measured. Warms the model up, too."""
    one = np.zeros((1, *predictor.image_shape), np.uint8)
    if seconds(predictor, one) > INLINE_SECONDS:
        return False
    full = np.zeros((batch, *predictor.image_shape), np.uint8)
    return seconds(predictor, full) <= INLINE_SECONDS


def seconds(predictor: Predictor, images: Images) -> float:
    """The best of three calls: the first of all takes memory, and any may be interrupted."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        predictor.votes(images)
        times.append(time.perf_counter() - start)
    return min(times)


@dataclass(eq=False, slots=True)
class Waiting:
    images: Images
    since: float
    answer: asyncio.Future[Votes]


class Batcher:
    """Forms batches of the images that wait for one model.

    They are formed when the event loop has gone through all that arrived together, so that a
    client alone waits for nobody. While other requests are still being decoded (`gate.coming`), an
    image waits for them, up to `pace.wait` seconds.

    thread: where the model runs; None for the event loop itself. observe: told each batch's size.
    """

    def __init__(
        self,
        predict: Callable[[Images], Votes],
        pace: Pace,
        gate: Gate,
        thread: Executor | None,
        observe: Callable[[int], None],
    ) -> None:
        self.predict = predict
        self.pace = pace
        self.gate = gate
        self.thread = thread
        self.observe = observe
        self.waiting: deque[Waiting] = deque()
        self.images = 0
        self.running = False
        self.look: asyncio.Handle | None = None
        self.delayed = False

    async def __call__(self, images: Images) -> Votes:
        """(n, classes) and (n, members, classes) of (n, ...) images."""
        if len(images) <= self.pace.batch:
            return await self.queue(images)
        starts = range(0, len(images), self.pace.batch)
        parts = [self.queue(images[start : start + self.pace.batch]) for start in starts]
        try:
            done = await asyncio.gather(*parts)
        except BaseException:
            for part in parts:
                part.cancel()
            raise
        return concatenated(done)

    def queue(self, images: Images) -> asyncio.Future[Votes]:
        loop = asyncio.get_running_loop()
        entry = Waiting(images, loop.time(), loop.create_future())
        self.waiting.append(entry)
        self.images += len(images)
        if self.delayed and self.look is not None:
            self.look.cancel()
            self.look = None
        if self.look is None and not self.running:
            self.look = loop.call_soon(self.form)
            self.delayed = False
        return entry.answer

    def form(self) -> None:
        """Run a batch, or wait for those that are coming."""
        self.look = None
        self.delayed = False
        while self.waiting and self.waiting[0].answer.done():
            self.images -= len(self.waiting.popleft().images)
        if self.running or not self.waiting:
            return
        loop = asyncio.get_running_loop()
        until = self.waiting[0].since + self.pace.wait
        if self.gate.coming and self.images < self.pace.batch and loop.time() < until:
            self.look = loop.call_at(until, self.form)
            self.delayed = True
            return
        self.run(self.taken())

    def taken(self) -> list[Waiting]:
        """The next entries that fit one batch; those given up on meanwhile are dropped."""
        batch: list[Waiting] = []
        room = self.pace.batch
        while self.waiting and len(self.waiting[0].images) <= room:
            entry = self.waiting.popleft()
            self.images -= len(entry.images)
            if not entry.answer.done():
                room -= len(entry.images)
                batch.append(entry)
        return batch

    def run(self, batch: list[Waiting]) -> None:
        whole = [entry.images for entry in batch]
        images = whole[0] if len(whole) == 1 else np.concatenate(whole)
        self.observe(len(images))
        if self.thread is None:
            try:
                result = self.predict(images)
            except Exception as error:  # told to those who wait for it
                fail(batch, error)
            else:
                hand_out(batch, result)
            self.go_on()
            return
        self.running = True
        done = asyncio.get_running_loop().run_in_executor(self.thread, self.predict, images)
        done.add_done_callback(lambda future: self.finished(batch, future))

    def finished(self, batch: list[Waiting], done: asyncio.Future[Votes]) -> None:
        self.running = False
        if done.cancelled():
            fail(batch, asyncio.CancelledError())
        elif (error := done.exception()) is not None:
            fail(batch, error)
        else:
            hand_out(batch, done.result())
        self.go_on()

    def go_on(self) -> None:
        """Others have their turn on the loop between two batches."""
        if self.waiting and self.look is None:
            self.look = asyncio.get_running_loop().call_soon(self.form)
            self.delayed = False


def hand_out(batch: list[Waiting], result: Votes) -> None:
    start = 0
    for entry in batch:
        end = start + len(entry.images)
        if not entry.answer.done():
            entry.answer.set_result((result[0][start:end], result[1][start:end]))
        start = end


def fail(batch: list[Waiting], error: BaseException) -> None:
    for entry in batch:
        if not entry.answer.done():
            entry.answer.set_exception(error)


def concatenated(parts: list[Votes]) -> Votes:
    first: NDArray[Any] = np.concatenate([part[0] for part in parts])
    second: NDArray[Any] = np.concatenate([part[1] for part in parts])
    return first, second


Predict = Callable[[Images], Awaitable[Votes]]
