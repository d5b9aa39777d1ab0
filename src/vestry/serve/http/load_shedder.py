"""Who is let in: a bounded number of images at a time, and nobody once the server stops.

A full server mostly refuses, so `Connection` asks `early_answer` as soon as a request's header is
there, before Starlette hears of it. At three times what the server carries
(`benchmarks/overload.py` on a busy machine, medians of 4 rounds) 423 predictions a second are
answered so, and 144 where the application refuses; 99% of refusals take up to 123 ms instead of
1,946; memory grows by 7 MB instead of 41.
"""

import asyncio
from collections.abc import Callable

from vestry.serve.http.request import RequestState, ServerBusy, response_bytes

_FULL = "more requests are waiting than can be answered soon; try again in a second"
_STOPPING = "the server is stopping; try again with another"
_HOLDING = "more is being sent than can be held; try again in a second"
_EVERY = 0.2
"""Seconds for which early answers are counted up before metrics and log hear of them."""

_Shed = Callable[[int, str], None]


class LoadShedder:
    """Counts images that are accepted and not answered, and bytes of bodies not yet whole.

    A request is accepted while there is room for one image; one with several takes what it needs,
    so that the bound may be passed by one request's images, never by more.

    shed: told how many were refused early, and why, once for all since the last time. starting:
    requests let in that have not had their turn on the event loop yet.
    """

    def __init__(self, max_images: int, max_unfinished_bytes: int, shed: _Shed) -> None:
        self.max_images = max_images
        self.max_unfinished_bytes = max_unfinished_bytes
        self.shed = shed
        self.images = self.held = self.coming = self.starting = 0
        self.stopping = False
        self._stopped = ServerBusy(_STOPPING, "stopping", close=True)
        self._full = ServerBusy(_FULL, "full")
        self._counts: dict[str, int] = {}
        self._answers: dict[tuple[str, bool], bytes] = {}
        self._timer: asyncio.TimerHandle | None = None

    def refusal(self, starting: int = 0) -> ServerBusy | None:
        """Why nobody is let in now, if so: asked before anything is read."""
        if self.stopping:
            return self._stopped
        return self._full if self.images + starting >= self.max_images else None

    def admit(self, state: RequestState) -> None:
        """Accept a request whose body is whole. From here on it is answered, stopping or not.

        Raises ServerBusy where the queue has filled while the body arrived.
        """
        if self.images >= self.max_images:
            raise self._full
        self.images += 1
        self.coming += 1
        state.images, state.coming = 1, True

    def queued(self, state: RequestState, images: int) -> None:
        """The request turned out to hold `images`, which wait for their model: nobody need wait for
        them."""
        self.images += images - state.images
        state.images = images
        self._come(state)

    def hold(self, state: RequestState, size: int) -> None:
        """Account for bytes of a body that comes in pieces; raises ServerBusy beyond the bound."""
        if self.held + size > self.max_unfinished_bytes:
            raise ServerBusy(_HOLDING, "memory", close=True)
        self.held += size
        state.held += size

    def release(self, state: RequestState) -> None:
        """Give back all that the request held."""
        self._come(state)
        self.images -= state.images
        self.held -= state.held
        state.images = state.held = 0

    def _come(self, state: RequestState) -> None:
        if state.coming:
            state.coming = False
            self.coming -= 1

    def started(self) -> None:
        """One of those that were let in has had its turn."""
        self.starting -= 1

    def early_answer(self, keep: bool) -> bytes | None:
        """What to answer a request with, in whole; None to let it in. keep: whether its connection
        is kept.

        Those let in since the event loop last looked at its sockets count as if they were inside.
        """
        error = self.refusal(self.starting)
        if error is None:
            return None
        self._counts[error.reason] = self._counts.get(error.reason, 0) + 1
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_EVERY, self.settle)
        key = (error.reason, keep)
        if key not in self._answers:
            self._answers[key] = response_bytes(error, keep)
        return self._answers[key]

    def settle(self) -> None:
        """Tell of those refused early since."""
        self._timer = None
        for reason, count in self._counts.items():
            self.shed(count, reason)
        self._counts.clear()
