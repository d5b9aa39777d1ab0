"""What augmentation costs: D's regularised CNN trained with and without it, in turns, in one run.

Both train on the same images in the same order, each time in this process; the first epoch of each
fit is not timed, and no epoch includes validation. The ratio is of the median timed epochs.
The images are noise: the time does not depend on what they show.
"""

import argparse
import itertools
import os
import statistics
import tempfile
import time
import tomllib
from pathlib import Path
from typing import NamedTuple

from vestry.members.networks.machine import PROCESS_ENVIRONMENT

# Before torch is imported, because its thread pool reads them once.
os.environ.update(PROCESS_ENVIRONMENT)

import numpy as np

from sides import HERE, add_timed_epochs, keep, options_of
from vestry.members.kind import FitJob
from vestry.members.networks.alterations import Augmentation
from vestry.members.networks.network_member import fit
from vestry.members.networks.settings import NetworkSettings
from vestry.members.networks.tracing import network_threads, trace

NETWORK = "D regularised CNN"
SHAPE, CLASSES = (28, 28), 10
AUGMENTATION = Augmentation(rotation=10, shift=0.1, zoom=0.1, horizontal_flip=True)
SIDES: dict[str, Augmentation | None] = {"without": None, "with": AUGMENTATION}


class Epoch(NamedTuple):
    """processor_seconds: of all threads; on a busy machine it says more than the clock does."""

    images_per_second: float
    processor_seconds: float


def main() -> None:
    options = arguments()
    networks = tomllib.loads((HERE / "networks.toml").read_text())["network"]
    definition = next(network for network in networks if network["name"] == NETWORK)
    traced = trace(settings(definition, None, 2).layers, SHAPE, CLASSES)
    threads = min(network_threads(traced, definition["batch_size"]), options.threads)
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (options.images, *SHAPE), np.uint8)
    labels = random.integers(0, CLASSES, options.images)
    epochs: dict[str, list[Epoch]] = {side: [] for side in SIDES}
    for _ in range(options.rounds):
        for side, augmentation in SIDES.items():
            chosen = settings(definition, augmentation, options.epochs)
            epochs[side] += timed(chosen, images, labels, threads)
    report(epochs, threads)


def report(epochs: dict[str, list[Epoch]], threads: int) -> None:
    print(f"{NETWORK}, {threads} threads; {', '.join(AUGMENTATION.words())}")
    for side, found in epochs.items():
        speeds = [epoch.images_per_second for epoch in found]
        spent = statistics.median(epoch.processor_seconds for epoch in found)
        print(
            f"{side:8} {statistics.median(speeds):8,.0f} images/s "
            f"({min(speeds):,.0f} to {max(speeds):,.0f}), {spent:.2f} s of processor an epoch"
        )
    ratios = {
        name: statistics.median(getattr(e, name) for e in epochs["with"])
        / statistics.median(getattr(e, name) for e in epochs["without"])
        for name in Epoch._fields
    }
    print(f"images a second, with over without: {ratios['images_per_second']:.3f}")
    print(f"processor time, with over without: {ratios['processor_seconds']:.3f}")
    told = {side: [epoch._asdict() for epoch in found] for side, found in epochs.items()}
    keep("augmentation", {"threads": threads, "ratios": ratios, "epochs": told})


def arguments() -> argparse.Namespace:
    parser = options_of(__doc__, images=12_000)
    add_timed_epochs(parser, rounds=4, what="fits")
    return parser.parse_args()


def settings(definition: dict, augmentation: Augmentation | None, epochs: int) -> NetworkSettings:
    return NetworkSettings(
        layers=definition["layers"],
        optimizer=definition["optimizer"],
        batch_size=definition["batch_size"],
        scale="unit",
        schedule="constant",
        epochs=epochs,
        augmentation=augmentation,
    )


def timed(
    chosen: NetworkSettings, images: np.ndarray, labels: np.ndarray, threads: int
) -> list[Epoch]:
    """Every epoch but the first."""
    spent = []

    def follow(event: dict) -> None:
        if event["event"] == "epoch":
            spent.append(time.process_time())

    with tempfile.TemporaryDirectory() as workspace:
        job = FitJob(
            images=images,
            labels=labels,
            validation_images=images[:0],
            validation_labels=labels[:0],
            classes=CLASSES,
            seed=0,
            threads=threads,
            workspace=Path(workspace),
            on_event=follow,
        )
        speeds = [row["images_per_second"] for row in fit(chosen, job).history[1:]]
    used = [later - earlier for earlier, later in itertools.pairwise(spent)]
    return [Epoch(*pair) for pair in zip(speeds, used, strict=True)]


if __name__ == "__main__":
    main()
