"""How fast ten small networks train: here, in plain PyTorch and in Keras on TensorFlow, in turns in
one run.

PyTorch is written as its users write it (channels last, a fused optimizer), with and without
autocast to bfloat16, and is judged by the faster of the two. Keras is left out where no
`--keras-python` is given.

For each network the sides take turns, each time in a fresh process that has the machine to
itself. All train on the same images in the same batches; the first epoch of a process (tracing,
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
TORCH = ("torch bf16", "torch fp32")
TITLES = {side: side.replace("torch", "PyTorch") for side in TORCH}
TITLES |= {"vestry": "Vestry", "keras": "Keras"}
Row = dict[str, Any]


def main() -> None:
    options = arguments()
    sides = ["vestry", *TORCH, *(["keras"] if options.keras_python else [])]
    networks = tomllib.loads(NETWORKS.read_text())["network"]
    chosen = [n for n in networks if not options.only or n["name"] in options.only]
    if unknown := set(options.only) - {network["name"] for network in networks}:
        raise SystemExit(f"no such network: {', '.join(sorted(unknown))}")
    print(f"images/s, and in brackets the accuracy after {options.epochs} epochs")
    print(
        f"{'network':18}" + "".join(f"{TITLES[side]:>18}" for side in sides) + "   Vestry's ratio"
    )
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.npz"
        write_data(data, options)
        rows = [measure(network, sides, data, options) for network in chosen]
    summary = summarise(rows, sides, options)
    print_means(summary, sides)
    keep("training", summary)


def arguments() -> argparse.Namespace:
    parser = options_of(__doc__, images=24_000)
    add_keras(parser, required=False)
    add_timed_epochs(parser, rounds=2, what="processes of a network")
    parser.add_argument("--only", nargs="*", default=[], help="names of networks")
    return parser.parse_args()


def measure(network: Row, sides: list[str], data: Path, options: argparse.Namespace) -> Row:
    runs: dict[str, list[Row]] = {side: [] for side in sides}
    for seed in range(1, options.rounds + 1):
        for side in sides:
            runs[side].append(train(side, network["name"], data, seed, options))
    counts = {run["parameters"] for side in sides for run in runs[side]}
    if counts != {network["parameters"]}:
        raise SystemExit(
            f"{network['name']}: {counts} parameters, expected {network['parameters']}"
        )
    speed = {side: statistics.median(timed_epochs(runs[side])) for side in sides}
    accuracy = {side: statistics.mean(run["accuracy"] for run in runs[side]) for side in sides}
    ratios = {"torch": speed["vestry"] / max(speed[side] for side in TORCH)}
    if "keras" in speed:
        ratios["keras"] = speed["vestry"] / speed["keras"]
    shown = "".join(f"{speed[side]:10,.0f} ({accuracy[side]:.3f})" for side in sides)
    print(f"{network['name']:18}{shown}   {words(ratios)}", flush=True)
    return {
        "network": network["name"],
        "parameters": network["parameters"],
        "images_per_second": speed,
        "ratios": ratios,
        "accuracy": accuracy,
        "runs": runs,
    }


def words(ratios: dict[str, float]) -> str:
    return ", ".join(f"{ratio:.2f} to {other}" for other, ratio in ratios.items())


def timed_epochs(runs: list[Row]) -> list[float]:
    return [speed for run in runs for speed in run["images_per_second"][1:]]


def train(side: str, network: str, data: Path, seed: int, options: argparse.Namespace) -> Row:
    library, _, precision = side.partition(" ")
    command = [
        options.keras_python if side == "keras" else sys.executable,
        HERE / f"{library}_training.py",
        *("--data", data, "--network", network),
        *("--epochs", options.epochs, "--seed", seed),
    ]
    if side == "keras":
        return last_line(command, {})
    command += ["--threads", options.threads]
    if precision:
        return last_line([*command, "--precision", precision], {})
    return last_line(command, PROCESS_ENVIRONMENT)


def summarise(rows: list[Row], sides: list[str], options: argparse.Namespace) -> Row:
    ratios = {other: [row["ratios"][other] for row in rows] for other in rows[0]["ratios"]}
    return {
        "images": options.images,
        "epochs": options.epochs,
        "rounds": options.rounds,
        "threads": options.threads,
        "networks": rows,
        "geometric_mean_images_per_second": {
            side: statistics.geometric_mean(row["images_per_second"][side] for row in rows)
            for side in sides
        },
        "geometric_mean_speed_ratio": {
            other: statistics.geometric_mean(found) for other, found in ratios.items()
        },
        "smallest_speed_ratio": {other: min(found) for other, found in ratios.items()},
    }


def print_means(summary: Row, sides: list[str]) -> None:
    speed = summary["geometric_mean_images_per_second"]
    shown = "".join(f"{speed[side]:10,.0f}        " for side in sides)
    print(f"{'geometric mean':18}{shown}   {words(summary['geometric_mean_speed_ratio'])}")
    print(f"{'smallest ratio':18}{'':{18 * len(sides)}}   {words(summary['smallest_speed_ratio'])}")


if __name__ == "__main__":
    main()
