"""Images of several requests answered by one call of the model."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.serve.http.load_shedder import LoadShedder
from vestry.serve.predictor import Images, Predictor, Probabilities

Votes = tuple[Probabilities, Probabilities]

_INLINE_SECONDS = 0.005
"""A model whose full batch takes no longer runs on the event loop itself: a thread would cost more
than it gives, and nobody waits longer than that for the loop. Larger models run in a thread."""


@dataclass(frozen=True)
class BatchingSettings:
    """How requests are carried.

    wait_seconds: that an image waits for company while others are being decoded. max_images: in one
    call of a model. max_queue: images accepted and not answered, beyond which requests are refused.
    deadline_seconds: from a request's last byte to its answer.
    """

    wait_seconds: float = 0.001
    max_images: int = 32
    max_queue: int = 64
    deadline_seconds: float = 5.0


def runs_inline(predictor: Predictor, batch: int) -> bool:
    """Whether a full batch takes at most _INLINE_SECONDS, measured. Warms the model up, too."""
    one = np.zeros((1, *predictor.image_shape), np.uint8)
    if _seconds(predictor, one) > _INLINE_SECONDS:
        return False
    full = np.zeros((batch, *predictor.image_shape), np.uint8)
    return _seconds(predictor, full) <= _INLINE_SECONDS


def _seconds(predictor: Predictor, images: Images) -> float:
    """The best of three calls: the first of all takes memory, and any may be interrupted."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        predictor.votes(images)
        times.append(time.perf_counter() - start)
    return min(times)


@dataclass(eq=False, slots=True)
class _Waiting:
    images: Images
    since: float
    answer: asyncio.Future[Votes]


class Batcher:
    """Forms batches of the images that wait for one model.

    They are formed when the event loop has gone through all that arrived together, so that a
    client alone waits for nobody. While other requests are still being decoded
    (`shedder.coming`), an image waits for them, up to `settings.wait_seconds`.

    thread: where the model runs; None for the event loop itself. observe: told each batch's size.
    """

    def __init__(
        self,
        predict: Callable[[Images], Votes],
        settings: BatchingSettings,
        shedder: LoadShedder,
        thread: Executor | None,
        observe: Callable[[int], None],
    ) -> None:
        self.predict = predict
        self.settings = settings
        self.shedder = shedder
        self.thread = thread
        self.observe = observe
        self.waiting: deque[_Waiting] = deque()
        self.images = 0
        self.running = False
        self.look: asyncio.Handle | None = None
        self.delayed = False

    async def __call__(self, images: Images) -> Votes:
        """(n, classes) and (n, members, classes) of (n, ...) images."""
        if len(images) <= self.settings.max_images:
            return await self._queue(images)
        starts = range(0, len(images), self.settings.max_images)
        parts = [self._queue(images[start : start + self.settings.max_images]) for start in starts]
        try:
            done = await asyncio.gather(*parts)
        except BaseException:
            for part in parts:
                part.cancel()
            raise
        return _concatenated(done)

    def _queue(self, images: Images) -> asyncio.Future[Votes]:
        loop = asyncio.get_running_loop()
        entry = _Waiting(images, loop.time(), loop.create_future())
        self.waiting.append(entry)
        self.images += len(images)
        if self.delayed and self.look is not None:
            self.look.cancel()
            self.look = None
        if self.look is None and not self.running:
            self.look = loop.call_soon(self._form)
            self.delayed = False
        return entry.answer

    def _form(self) -> None:
        """Run a batch, or wait for those that are coming."""
        self.look = None
        self.delayed = False
        while self.waiting and self.waiting[0].answer.done():
            self.images -= len(self.waiting.popleft().images)
        if self.running or not self.waiting:
            return
        loop = asyncio.get_running_loop()
        until = self.waiting[0].since + self.settings.wait_seconds
        if self.shedder.coming and self.images < self.settings.max_images and loop.time() < until:
            self.look = loop.call_at(until, self._form)
            self.delayed = True
            return
        self._run(self._taken())

    def _taken(self) -> list[_Waiting]:
        """The next entries that fit one batch; those given up on meanwhile are dropped."""
        batch: list[_Waiting] = []
        room = self.settings.max_images
        while self.waiting and len(self.waiting[0].images) <= room:
            entry = self.waiting.popleft()
            self.images -= len(entry.images)
            if not entry.answer.done():
                room -= len(entry.images)
                batch.append(entry)
        return batch

    def _run(self, batch: list[_Waiting]) -> None:
        whole = [entry.images for entry in batch]
        images = whole[0] if len(whole) == 1 else np.concatenate(whole)
        self.observe(len(images))
        if self.thread is None:
            try:
                result = self.predict(images)
            except Exception as error:  # told to those who wait for it
                _fail(batch, error)
            else:
                _hand_out(batch, result)
            self._go_on()
            return
        self.running = True
        done = asyncio.get_running_loop().run_in_executor(self.thread, self.predict, images)
        done.add_done_callback(lambda future: self._finished(batch, future))

    def _finished(self, batch: list[_Waiting], done: asyncio.Future[Votes]) -> None:
        self.running = False
        if done.cancelled():
            _fail(batch, asyncio.CancelledError())
        elif (error := done.exception()) is not None:
            _fail(batch, error)
        else:
            _hand_out(batch, done.result())
        self._go_on()

    def _go_on(self) -> None:
        """Others have their turn on the loop between two batches."""
        if self.waiting and self.look is None:
            self.look = asyncio.get_running_loop().call_soon(self._form)
            self.delayed = False


def _hand_out(batch: list[_Waiting], result: Votes) -> None:
    start = 0
    for entry in batch:
        end = start + len(entry.images)
        if not entry.answer.done():
            entry.answer.set_result((result[0][start:end], result[1][start:end]))
        start = end


def _fail(batch: list[_Waiting], error: BaseException) -> None:
    for entry in batch:
        if not entry.answer.done():
            entry.answer.set_exception(error)


def _concatenated(parts: list[Votes]) -> Votes:
    first: NDArray[Any] = np.concatenate([part[0] for part in parts])
    second: NDArray[Any] = np.concatenate([part[1] for part in parts])
    return first, second
