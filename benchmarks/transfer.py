"""A head on frozen VGG16 at 32 x 32, ten epochs on 60,000 images: here, and in Keras.

Here each image goes through the backbone once, and everything from raw images to the fitted model
is timed, with an empty cache. Keras pushes every image through the backbone in every epoch; that is
measured on a part of the images, after a warm-up, and scaled to all images and epochs. The two
sides take turns, each in a fresh process that has the machine to itself. Both have random weights,
which take as long as trained ones.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from sides import HERE, add_keras, keep, last_line, options_of, write_data
from vestry.members.networks.machine import PROCESS_ENVIRONMENT

SIDE, BATCH_SIZE, TRAINED = 32, 128, 133_898


def main() -> None:
    options = arguments()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.npz"
        write_data(data, options)
        before = keras(data, options)
        ours = vestry(data, Path(folder) / "cache", options)
        after = keras(data, options)
    summary = summarise(ours, [before, after], options)
    show(summary)
    keep("transfer", summary)


def arguments() -> argparse.Namespace:
    parser = options_of(__doc__, images=60_000)
    add_keras(parser)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--keras-images", type=int, default=3_000, help="that Keras is timed on")
    return parser.parse_args()


def vestry(data: Path, cache: Path, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, HERE / "vestry_transfer.py", "--data", data]
    command += ["--epochs", options.epochs, "--batch-size", BATCH_SIZE, "--side", SIDE]
    command += ["--threads", options.threads]
    return trained(command, PROCESS_ENVIRONMENT | {"XDG_CACHE_HOME": str(cache)})


def keras(data: Path, options: argparse.Namespace) -> dict[str, Any]:
    command = [options.keras_python, HERE / "keras_transfer.py", "--data", data]
    command += ["--images", options.keras_images, "--epochs", 1]
    command += ["--batch-size", BATCH_SIZE, "--side", SIDE]
    return trained(command, {})


def trained(command: list[Any], environment: dict[str, str]) -> dict[str, Any]:
    result = last_line(command, environment)
    if result["trained"] != TRAINED:
        raise SystemExit(f"{command[1]}: {result['trained']} trained parameters, not {TRAINED}")
    return result


def summarise(
    ours: dict[str, Any], theirs: list[dict[str, Any]], options: argparse.Namespace
) -> dict[str, Any]:
    speeds = [run["images"] / seconds for run in theirs for seconds in run["seconds"]]
    keras_seconds = options.images * options.epochs / statistics.mean(speeds)
    return {
        "images": options.images,
        "epochs": options.epochs,
        "threads": options.threads,
        "vestry": ours,
        "keras": theirs,
        "keras_images_per_second": speeds,
        "keras_seconds_scaled": keras_seconds,
        "ratio": keras_seconds / ours["seconds"],
    }


def show(summary: dict[str, Any]) -> None:
    ours, images, epochs = summary["vestry"], summary["images"], summary["epochs"]
    backbone = ours["images_through"] / ours["backbone_seconds"]
    speeds = " and ".join(f"{speed:,.0f}" for speed in summary["keras_images_per_second"])
    part = summary["keras"][0]["images"]
    print(f"frozen VGG16, {SIDE} x {SIDE}: {epochs} epochs of the head on {images:,} images")
    print(
        f"Vestry {ours['seconds']:10,.1f} s, measured whole: {ours['backbone_seconds']:,.1f} s in "
        f"the backbone ({backbone:,.0f} images/s, {ours['precision']}), the rest in the head"
    )
    print(
        f"Keras  {summary['keras_seconds_scaled']:10,.1f} s, scaled from {part:,} images an epoch "
        f"({speeds} images/s through backbone and head)"
    )
    print(f"ratio  {summary['ratio']:10.1f}")


if __name__ == "__main__":
    main()
