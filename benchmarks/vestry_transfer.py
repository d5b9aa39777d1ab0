"""Train a head on frozen VGG16 in Vestry, from raw images to a fitted member; prints a JSON line.

The counterpart of `keras_transfer.py`. Run with an empty cache, so that no feature is found.
"""

import argparse
import json
import tempfile
import time
from importlib import metadata
from pathlib import Path

import numpy as np

from vestry.members.backbones.backbone_model import fit
from vestry.members.backbones.settings import BackboneSettings
from vestry.members.kind import FitJob

HEAD = ({"flatten": True}, {"dense": 256}, {"dropout": 0.5})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="npz of images and labels")
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--side", type=int, required=True, help="pixels")
    parser.add_argument("--threads", type=int, required=True, help="cores that may be used")
    options = parser.parse_args()

    settings = BackboneSettings(
        backbone="vgg16",
        weights="random",
        image_size=(options.side, options.side),
        layers=HEAD,
        epochs=options.epochs,
        batch_size=options.batch_size,
    )
    with np.load(options.data, allow_pickle=False) as data:
        images, labels = data["train_images"], data["train_labels"]
    with tempfile.TemporaryDirectory() as workspace:
        job = FitJob(
            images=images,
            labels=labels,
            validation_images=images[:0],
            validation_labels=labels[:0],
            classes=10,
            seed=1,
            threads=options.threads,
            workspace=Path(workspace),
            on_event=lambda _: None,
        )
        start = time.perf_counter()
        member = fit(settings, job)
        seconds = time.perf_counter() - start
    card = member.card()
    if card["backbone"]["images_found"]:
        raise SystemExit("features were found; this benchmark wants an empty cache")
    result = {
        "images": len(images),
        "trained": card["trainable_parameters"],
        "seconds": seconds,
        "backbone_seconds": card["backbone"]["seconds"],
        "images_through": card["backbone"]["images_through"],
        "precision": card["backbone"]["precision"],
        "train_accuracy": member.head.history[-1]["train_accuracy"],
        "version": f"torch {metadata.version('torch')}",
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
