"""How fast ten small networks train, here and in Keras on TensorFlow, side by side in one run.

For each network the two sides take turns, each time in a fresh process that has the machine to
itself. Both train on the same images in the same batches; the first epoch of a process (tracing,
trial of layer shapes) is not timed, and no epoch includes validation. The speed of a side is its
median timed epoch.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from vestry.data.data_settings import DataSettings
from vestry.data.dataset import load_dataset
from vestry.data.places import Places
from vestry.members.networks.threads import PROCESS_ENVIRONMENT

HERE = Path(__file__).parent
NETWORKS = HERE / "networks.toml"
OUT = HERE / "out" / "training.json"
SIDES = ("vestry", "keras")


def main() -> None:
    options = arguments()
    networks = tomllib.loads(NETWORKS.read_text())["network"]
    chosen = [n for n in networks if not options.only or n["name"] in options.only]
    if unknown := set(options.only) - {network["name"] for network in networks}:
        raise SystemExit(f"no such network: {', '.join(sorted(unknown))}")
    print(
        f"{'network':20} {'Vestry':>11} {'Keras':>11}   ratio   accuracy "
        f"after {options.epochs} epochs"
    )
    print(f"{'':20} {'images/s':>11} {'images/s':>11}           Vestry   Keras")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.npz"
        write_data(data, options)
        rows = [measure(network, data, options) for network in chosen]
    summary = summarise(rows, options)
    print_means(summary)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(summary, indent=1) + "\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--keras-python", type=Path, required=True, help="python that has Keras and TensorFlow"
    )
    parser.add_argument("--data", type=Path, help="folder that holds fashion-mnist/")
    parser.add_argument(
        "--images", type=int, default=24_000, help="training images (default 24000)"
    )
    parser.add_argument(
        "--epochs", type=int, default=3, help="of which the first is not timed (default 3)"
    )
    parser.add_argument(
        "--rounds", type=int, default=2, help="processes a side and network (default 2)"
    )
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="cores")
    parser.add_argument("--only", nargs="*", default=[], help="names of networks")
    options = parser.parse_args()
    if options.epochs < 2:
        parser.error("--epochs must be at least 2, because the first is not timed")
    return options


def write_data(path: Path, options: argparse.Namespace) -> None:
    """Both sides read the same arrays from one file."""
    dataset = load_dataset(DataSettings(source="fashion-mnist"), Places.of(data=options.data))
    images = np.concatenate([dataset.training.images, dataset.validation.images])
    labels = np.concatenate([dataset.training.labels, dataset.validation.labels])
    np.savez(
        path,
        train_images=images[: options.images],
        train_labels=labels[: options.images],
        test_images=dataset.test.images,
        test_labels=dataset.test.labels,
    )


def measure(network: dict[str, Any], data: Path, options: argparse.Namespace) -> dict[str, Any]:
    runs: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
    for seed in range(1, options.rounds + 1):
        for side in SIDES:
            runs[side].append(train(side, network["name"], data, seed, options))
    counts = {run["parameters"] for side in SIDES for run in runs[side]}
    if counts != {network["parameters"]}:
        raise SystemExit(
            f"{network['name']}: {counts} parameters, expected {network['parameters']}"
        )
    speed = {side: statistics.median(timed_epochs(runs[side])) for side in SIDES}
    accuracy = {side: statistics.mean(run["accuracy"] for run in runs[side]) for side in SIDES}
    ratio = speed["vestry"] / speed["keras"]
    print(
        f"{network['name']:20} {speed['vestry']:11,.0f} {speed['keras']:11,.0f} {ratio:7.2f}   "
        f"{accuracy['vestry']:.4f}   {accuracy['keras']:.4f}",
        flush=True,
    )
    return {
        "network": network["name"],
        "parameters": network["parameters"],
        "images_per_second": speed,
        "ratio": ratio,
        "accuracy": accuracy,
        "runs": runs,
    }


def timed_epochs(runs: list[dict[str, Any]]) -> list[float]:
    return [speed for run in runs for speed in run["images_per_second"][1:]]


def train(
    side: str, network: str, data: Path, seed: int, options: argparse.Namespace
) -> dict[str, Any]:
    command = [
        str(options.keras_python if side == "keras" else sys.executable),
        str(HERE / f"{side}_training.py"),
        *("--data", str(data), "--network", network),
        *("--epochs", str(options.epochs), "--seed", str(seed)),
    ]
    environment = dict(os.environ)
    if side == "vestry":
        command += ["--threads", str(options.threads)]
        environment |= PROCESS_ENVIRONMENT
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"{side}, {network}: failed\n{done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def summarise(rows: list[dict[str, Any]], options: argparse.Namespace) -> dict[str, Any]:
    return {
        "images": options.images,
        "epochs": options.epochs,
        "rounds": options.rounds,
        "threads": options.threads,
        "networks": rows,
        "geometric_mean_images_per_second": {
            side: statistics.geometric_mean(row["images_per_second"][side] for row in rows)
            for side in SIDES
        },
        "geometric_mean_speed_ratio": statistics.geometric_mean(row["ratio"] for row in rows),
        "smallest_speed_ratio": min(row["ratio"] for row in rows),
    }


def print_means(summary: dict[str, Any]) -> None:
    speed = summary["geometric_mean_images_per_second"]
    print(
        f"{'geometric mean':20} {speed['vestry']:11,.0f} {speed['keras']:11,.0f} "
        f"{summary['geometric_mean_speed_ratio']:7.2f}   "
        f"(smallest {summary['smallest_speed_ratio']:.2f})"
    )


if __name__ == "__main__":
    main()
