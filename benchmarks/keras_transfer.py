"""Train a head on frozen VGG16 in Keras as its users write it; prints a JSON line.

Every epoch pushes every image through the frozen backbone. The images are resized and normalised
before, and that time is not counted. Runs in a virtual environment of its own, which holds
TensorFlow and not Vestry.
"""

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="npz of images and labels")
    parser.add_argument("--images", type=int, required=True, help="of the timed epochs")
    parser.add_argument("--epochs", type=int, required=True, help="timed, after a warm-up")
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--side", type=int, required=True, help="pixels")
    options = parser.parse_args()

    keras.utils.set_random_seed(1)
    with np.load(options.data, allow_pickle=False) as data:
        pixels = data["train_images"][: options.images, ..., None].astype(np.float32)
        labels = data["train_labels"][: options.images]
    grey = keras.ops.image.resize(pixels, (options.side, options.side), antialias=True)
    colour = np.repeat(np.asarray(grey), 3, axis=3) / 255
    images = ((colour - MEAN) / DEVIATION).astype(np.float32)

    backbone = keras.applications.VGG16(
        weights=None, include_top=False, input_shape=(options.side, options.side, 3)
    )
    backbone.trainable = False
    model = keras.Sequential(
        [
            backbone,
            keras.layers.Flatten(),
            keras.layers.Dense(256, activation="relu"),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    warm_up = 2 * options.batch_size
    model.fit(images[:warm_up], labels[:warm_up], batch_size=options.batch_size, verbose=0)
    seconds = []
    for _ in range(options.epochs):
        start = time.perf_counter()
        model.fit(images, labels, batch_size=options.batch_size, verbose=0)
        seconds.append(time.perf_counter() - start)
    result = {
        "images": len(images),
        "frozen": sum(int(np.prod(w.shape)) for w in backbone.weights),
        "trained": sum(int(np.prod(w.shape)) for w in model.trainable_weights),
        "seconds": seconds,
        "version": f"keras {keras.__version__}",
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
