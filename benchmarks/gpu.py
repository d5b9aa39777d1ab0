"""What training takes on a card: seconds of training alone and test accuracy, Fashion-MNIST.

Each row is a network and its training as a study would have them, fitted on all training rows with
several seeds, one after the other; means over the seeds. Nothing is chosen by the test rows. The
first fit of a process, which also starts the card, is made beforehand and not counted.

    python benchmarks/gpu.py                  # on CUDA, five seeds
    python benchmarks/gpu.py --seeds 1 --device cpu --rows 2000 --epochs 1    # does it run?
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from narrow_networks import air, residual_nine
from vestry.data.paths import DataPaths
from vestry.data.source import load_source
from vestry.errors import StudyError
from vestry.members.kind import FitJob
from vestry.members.networks.device import settled_device
from vestry.members.networks.network_member import fit
from vestry.members.networks.settings import NetworkSettings

_MUON = {"optimizer": "muon", "schedule": {"linear": True}, "label_smoothing": 0.1}
_ALTERED = {"horizontal_flip": True, "pad_crop": 1, "erasing": {"part": 0.5, "fill": "mean"}}
ROWS: dict[str, tuple[list[dict[str, Any]], dict[str, Any], str]] = {
    "air-64, 8 epochs": (
        air(64),
        {"epochs": 8, "batch_size": 1000, "augmentation": {"horizontal_flip": True}},
        "94.3% in 3 s",
    ),
    "r9-64, 50 epochs": (
        residual_nine(64),
        {"epochs": 50, "batch_size": 512, "augmentation": _ALTERED},
        "95.0% in 30 s",
    ),
}
"""Layers, training, and what is asked of the mean."""


def main() -> None:
    options = _options()
    try:
        device = settled_device(options.device)
    except StudyError as error:
        sys.exit(f"gpu.py: {error}")
    print("| network | training alone, s | test accuracy | asked for |\n|---|---|---|---|")
    for name, (layers, training, asked) in ROWS.items():
        changed = training | ({"epochs": options.epochs} if options.epochs else {})
        settings = NetworkSettings(layers=layers, device=device, **_MUON | changed)
        measured(settings.model_copy(update={"epochs": 1}), options, 0)  # starts the card
        found = [measured(settings, options, seed) for seed in range(options.seeds)]
        seconds, right = (statistics.mean(part) for part in zip(*found, strict=True))
        print(f"| {name} | {seconds:.1f} | {100 * right:.2f}% | {asked} |", flush=True)


def measured(
    settings: NetworkSettings, options: argparse.Namespace, seed: int
) -> tuple[float, float]:
    """Seconds of training, and the part of the test images that is right."""
    source = load_source("fashion-mnist", DataPaths.of(data=options.data))
    some = slice(0, options.rows)
    rows, test = source.train, source.test
    with tempfile.TemporaryDirectory() as folder:
        job = FitJob(
            images=rows.images[some],
            labels=rows.labels[some],
            validation_images=rows.images[:0],
            validation_labels=rows.labels[:0],
            classes=int(rows.labels.max()) + 1,
            seed=seed,
            threads=options.threads,
            workspace=Path(folder),
            on_event=lambda _: None,
        )
        member = fit(settings, job)
    right = (member.predict_proba(test.images).argmax(1) == test.labels).mean()
    return float(member.card()["fit_seconds"]), float(right)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder that holds fashion-mnist/")
    parser.add_argument("--device", default="cuda", choices=["cuda", "mps", "cpu"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rows", type=int, help="training rows, by default all")
    parser.add_argument("--epochs", type=int, help="of every row, to see whether it runs")
    parser.add_argument("--threads", type=int, default=4, help="of the processor, for predicting")
    return parser.parse_args()


if __name__ == "__main__":
    main()
