"""Train one network of `networks.toml` in Vestry and print one JSON line.

The counterpart of `keras_training.py`.
"""

import argparse
import json
import tempfile
import tomllib
from importlib import metadata
from pathlib import Path

import numpy as np

from vestry.members.kind import FitJob
from vestry.members.networks.network_member import fit
from vestry.members.networks.settings import NetworkSettings
from vestry.members.networks.tracing import network_threads, trace

NETWORKS = Path(__file__).with_name("networks.toml")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--network", required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True, help="cores that may be used")
    options = parser.parse_args()

    networks = tomllib.loads(NETWORKS.read_text())["network"]
    definition = next(network for network in networks if network["name"] == options.network)
    settings = NetworkSettings(
        layers=definition["layers"],
        optimizer=definition["optimizer"],
        batch_size=definition["batch_size"],
        scale="unit",
        schedule="constant",
        epochs=options.epochs,
    )
    with np.load(options.data, allow_pickle=False) as data:
        train, train_labels = data["train_images"], data["train_labels"]
        test, test_labels = data["test_images"], data["test_labels"]
    wanted = network_threads(trace(settings.layers, train.shape[1:], 10), settings.batch_size)
    threads = min(wanted, options.threads)
    with tempfile.TemporaryDirectory() as workspace:
        job = FitJob(
            images=train,
            labels=train_labels,
            validation_images=train[:0],
            validation_labels=train_labels[:0],
            classes=10,
            seed=options.seed,
            threads=threads,
            workspace=Path(workspace),
            on_event=lambda _: None,
        )
        member = fit(settings, job)
    card = member.card()
    result = {
        "parameters": card["parameters"],
        "seconds": [row["seconds"] for row in member.history],
        "images_per_second": [row["images_per_second"] for row in member.history],
        "accuracy": float((member.predict_proba(test).argmax(1) == test_labels).mean()),
        "threads": threads,
        "precision": card["training"]["precision"],
        "version": f"torch {metadata.version('torch')}",
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
