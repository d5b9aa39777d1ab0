"""Whether the default number of threads is the right one, at rest and beside busy processes.

For each load, one thread, all threads and the default take turns, in both orders, each time in a
process of its own that the load runs beside. The default's time holds the trial that it decides by.
Of each side the median counts; what is quoted is the default's speed over that of the better of the
other two.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sides import HERE, keep, last_line, options_of
from vestry.members.kind import FitJob
from vestry.members.networks.machine import PROCESS_ENVIRONMENT
from vestry.members.networks.network_member import fit
from vestry.members.networks.settings import NetworkSettings

BUSY = "while True: pass"
SIDES = ("one", "all", "default")


def main() -> None:
    options = arguments()
    if options.train is not None:
        print(train_here(options))
        return
    if options.threads < 2:
        raise SystemExit("there is one core only, and so nothing to choose")
    print(f"{options.network}: images a second, fits of {options.images:,} images, whole")
    print(f"{'busy':>4} {'one':>9} {'all':>9} {'default':>9}   default / better   it took")
    keep("threads", {"loads": [measure(load, options) for load in options.loads]})


def arguments() -> argparse.Namespace:
    parser = options_of(__doc__, images=30_000)
    parser.add_argument("--network", default="A CNN", help="of networks.toml")
    parser.add_argument("--rounds", type=int, default=4, help="turns a side (default 4)")
    parser.add_argument(
        "--loads", type=int, nargs="*", default=[0, 1, 2], help="busy processes (default 0 1 2)"
    )
    parser.add_argument("--train", choices=SIDES, help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(load: int, options: argparse.Namespace) -> dict[str, Any]:
    runs: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
    with beside(load):
        for number in range(options.rounds):
            for side in reversed(SIDES) if number % 2 else SIDES:
                runs[side].append(train(side, options))
    speed = {
        side: statistics.median(run["images_per_second"] for run in found)
        for side, found in runs.items()
    }
    ratio = speed["default"] / max(speed["one"], speed["all"])
    taken = [run["threads"]["count"] for run in runs["default"]]
    print(
        f"{load:4} {speed['one']:9,.0f} {speed['all']:9,.0f} {speed['default']:9,.0f}   "
        f"{ratio:16.2f}   {taken}",
        flush=True,
    )
    return {"busy": load, "images_per_second": speed, "ratio": ratio, "runs": runs}


@contextlib.contextmanager
def beside(load: int) -> Iterator[None]:
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(load)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def train(side: str, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, Path(__file__), "--train", side, "--network", options.network]
    sizes = ["--images", options.images, "--threads", options.threads]
    return last_line([*command, *sizes], PROCESS_ENVIRONMENT)


def train_here(options: argparse.Namespace) -> str:
    """A whole fit, after a short one that is not timed, which tries the layers' shapes."""
    networks = tomllib.loads((HERE / "networks.toml").read_text())["network"]
    found = next(network for network in networks if network["name"] == options.network)
    settings = NetworkSettings(
        layers=found["layers"], batch_size=found["batch_size"], epochs=1, schedule="constant"
    )
    with tempfile.TemporaryDirectory() as folder:
        fit(settings, job(settings.batch_size, options, Path(folder)))
        start = time.perf_counter()
        card = fit(settings, job(options.images, options, Path(folder))).card()
        seconds = time.perf_counter() - start
    return json.dumps({"images_per_second": options.images / seconds, "threads": card["threads"]})


def job(rows: int, options: argparse.Namespace, workspace: Path) -> FitJob:
    """On noise: the time does not depend on what images show."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (rows, 28, 28), np.uint8)
    labels = random.integers(0, 10, rows)
    return FitJob(
        images=images,
        labels=labels,
        validation_images=images[:0],
        validation_labels=labels[:0],
        classes=10,
        seed=0,
        threads=1 if options.train == "one" else options.threads,
        workspace=workspace,
        on_event=lambda _: None,
        fewer_threads=options.train == "default",
    )


if __name__ == "__main__":
    main()
