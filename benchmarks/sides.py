"""What the benchmarks share: their options, the data that both sides read, and taking turns."""

import argparse
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from vestry.data.paths import DataPaths
from vestry.data.source import load_source

HERE = Path(__file__).parent


def options_of(text: str | None, images: int) -> argparse.ArgumentParser:
    """A parser with the options that every benchmark has; `images` is their default number."""
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument(
        "--images", type=int, default=images, help=f"training images (default {images})"
    )
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="cores")
    return parser


def add_keras(parser: argparse.ArgumentParser, required: bool = True) -> None:
    """The options of a benchmark that has Keras on its other side."""
    parser.add_argument(
        "--keras-python", type=Path, required=required, help="python that has Keras and TensorFlow"
    )
    parser.add_argument("--data", type=Path, help="folder that holds fashion-mnist/")


def add_timed_epochs(parser: argparse.ArgumentParser, rounds: int, what: str) -> None:
    """The options of a benchmark that times epochs, in rounds of `what` a side."""
    parser.add_argument(
        "--epochs", type=timed_epochs, default=3, help="of which the first is not timed (default 3)"
    )
    parser.add_argument(
        "--rounds", type=int, default=rounds, help=f"{what} a side (default {rounds})"
    )


def timed_epochs(text: str) -> int:
    epochs = int(text)
    if epochs < 2:
        raise argparse.ArgumentTypeError("must be at least 2, because the first is not timed")
    return epochs


def write_data(path: Path, options: argparse.Namespace) -> None:
    """Both sides read the same arrays from one file."""
    source = load_source("fashion-mnist", DataPaths.of(data=options.data))
    train, test = source.train, source.test
    np.savez(
        path,
        train_images=train.images[: options.images],
        train_labels=train.labels[: options.images],
        test_images=test.images,
        test_labels=test.labels,
    )


def last_line(command: list[Any], environment: dict[str, str]) -> dict[str, Any]:
    """Run a side in a process of its own, with `environment` over ours; its last line is JSON."""
    words = list(map(str, command))
    env = os.environ | environment
    done = subprocess.run(words, capture_output=True, text=True, env=env, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words[1:])}: failed\n{done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def keep(name: str, summary: dict[str, Any]) -> None:
    """Write what was measured below `out/`."""
    path = HERE / "out" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(summary, indent=1) + "\n")
