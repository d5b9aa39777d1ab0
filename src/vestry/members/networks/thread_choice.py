"""On how many of the cores that it may have a network is trained: tried before it is trained.

Threads wait for each other many times a step. On a machine at rest two of them are faster for all
but small networks; where another program is at work too, each wait may cost a turn of the
scheduler, and two are many times slower than one. So both are tried under the load that is.

The number of threads decides in which order sums are made, and so the last digits of a result. It
is therefore kept with the checkpoint, and a fit that is killed goes on with what it began with.
"""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from vestry.members.kind import FitJob
from vestry.members.networks import checkpoint, machine
from vestry.members.networks.network import Network
from vestry.members.networks.rows import Rows, scaled
from vestry.members.networks.settings import NetworkSettings
from vestry.members.networks.trainer import Trainer
from vestry.storage.ownership import read_object
from vestry.storage.run_folder import write_json

_NAME = "threads.json"
_LONGEST_TURN, _SHORTEST_TURN = 0.04, 0.004
"""Seconds on one thread."""
_SHARE = 0.004
"""A turn's part of what all training takes on one thread, so that the trial pays for itself."""
_FEWEST_ROUNDS, _MOST_ROUNDS = 3, 6
_CLEAR = 1.25
"""Once one side has been so many times as fast as every other, its lead is not put down to luck."""
_LOST = 4
"""A turn that takes so many times as long as the first is broken off."""
GIVEN = "as many as it was given"
_SHORT = "training is too short for a trial to pay"
_FASTER = "the fastest in a trial at its start, under the load that there was"


@dataclass(frozen=True)
class ThreadChoice:
    """images_per_second: what the trial found, by number of threads; empty where none was made."""

    count: int
    reason: str
    images_per_second: dict[str, float]

    def card(self) -> dict[str, Any]:
        return asdict(self)


ALONE = ThreadChoice(1, _SHORT, {})


def choose_threads(settings: NetworkSettings, job: FitJob) -> ThreadChoice:
    """As many as the job has, or fewer where it allows it and those are faster now."""
    if job.threads == 1 or not job.fewer_threads or len(job.labels) == 0:
        return ThreadChoice(job.threads, GIVEN, {})
    path = job.workspace / _NAME
    if (kept := read_object(path)) is not None:
        return ThreadChoice(**kept)
    checkpoint.remove(job.workspace)  # what was begun with a choice that is lost begins anew
    trial = Trial(settings, job)
    choice = fastest(trial, list(counts(job.threads))) if trial.pays else ALONE
    write_json(path, choice.card())
    return choice


def forget(job: FitJob) -> None:
    (job.workspace / _NAME).unlink(missing_ok=True)


def counts(most: int) -> Iterator[int]:
    """1, and `most` halved and halved again."""
    while most > 1:
        yield most
        most //= 2
    yield 1


def fastest(trial: "Trial", threads: list[int]) -> ThreadChoice:
    """Turns of all, in both orders one after the other, until one is clearly ahead."""
    times = dict.fromkeys(threads, 0.0)
    limit = _LOST * trial.turn(1, float("inf"))
    for number in range(_MOST_ROUNDS):
        for count in reversed(threads) if number % 2 else threads:
            times[count] += trial.turn(count, limit)
        first, second = sorted(times.values())[:2]
        if number + 1 >= _FEWEST_ROUNDS and second > _CLEAR * first:
            break
    speeds = {str(n): round((number + 1) * trial.images / times[n], 1) for n in sorted(times)}
    return ThreadChoice(min(times, key=lambda n: times[n]), _FASTER, speeds)


class Trial:
    """Steps of a network that is thrown away, on the first batch of the job's rows."""

    def __init__(self, settings: NetworkSettings, job: FitJob) -> None:
        some = slice(0, settings.batch_size)
        rows = Rows.of(job.images[some], job.labels[some])
        none = Rows.of(job.images[:0], job.labels[:0])
        network = Network(settings.layers, job.images.shape[1:], job.classes, job.seed)
        network.seed(np.random.default_rng(job.seed))
        self.trainer = Trainer(
            network, settings, rows, none, job.seed, job.workspace, lambda _: None
        )
        self.batch = scaled(rows.images)
        self.truth = self.trainer.truths[rows.labels]
        self.seen = torch.empty(self.truth.shape)
        self.steps = 1
        self.turn(1, float("inf"))  # the first one sets everything up
        step = self.turn(1, float("inf"))
        whole = step * settings.epochs * settings.steps(len(job.labels))
        self.seconds = min(_SHARE * whole, _LONGEST_TURN)
        self.steps = max(1, round(self.seconds / step))

    @property
    def pays(self) -> bool:
        return self.seconds >= _SHORTEST_TURN

    @property
    def images(self) -> int:
        """In a turn."""
        return self.steps * len(self.batch)

    def turn(self, threads: int, limit: float) -> float:
        """Seconds on so many threads; where `limit` passes, those that it would have taken."""
        with machine.prepared(threads), torch.inference_mode():
            start = time.perf_counter()
            done, spent = 0, 0.0
            while done < self.steps and spent <= limit:
                self.trainer.step(self.batch, self.truth, self.seen, rate=0.0)
                done, spent = done + 1, time.perf_counter() - start
            return spent * self.steps / done
