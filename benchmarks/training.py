"""How fast ten small networks train, here and in Keras on TensorFlow, side by side in one run.

For each network the two sides take turns, each time in a fresh process that has the machine to
itself. Both train on the same images in the same batches; the first epoch of a process (tracing,
trial of layer shapes) is not timed, and no epoch includes validation. The speed of a side is its
median timed epoch.
"""

import argparse
import statistics
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from sides import HERE, add_keras, add_timed_epochs, keep, last_line, options_of, write_data
from vestry.members.networks.machine import PROCESS_ENVIRONMENT

NETWORKS = HERE / "networks.toml"
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
    keep("training", summary)


def arguments() -> argparse.Namespace:
    parser = options_of(__doc__, images=24_000)
    add_keras(parser)
    add_timed_epochs(parser, rounds=2, what="processes of a network")
    parser.add_argument("--only", nargs="*", default=[], help="names of networks")
    return parser.parse_args()


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
        options.keras_python if side == "keras" else sys.executable,
        HERE / f"{side}_training.py",
        *("--data", data, "--network", network),
        *("--epochs", options.epochs, "--seed", seed),
    ]
    if side == "keras":
        return last_line(command, {})
    return last_line([*command, "--threads", options.threads], PROCESS_ENVIRONMENT)


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
