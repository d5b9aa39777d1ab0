"""Train one network of `networks.toml` in Keras on TensorFlow, as its users write it.

Prints one JSON line. Runs in a virtual environment of its own, which holds TensorFlow and not
Vestry.
"""

import argparse
import json
import os
import time
import tomllib
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

NETWORKS = Path(__file__).with_name("networks.toml")


def build(layers: list[dict], shape: tuple[int, ...], classes: int) -> keras.Model:
    first = tensor = keras.Input(shape)
    for layer in layers:
        match layer:
            case {"conv": filters}:
                make = keras.layers.Conv2D(
                    filters,
                    layer["kernel"],
                    strides=layer.get("stride", 1),
                    padding=layer.get("padding", "valid"),
                    activation="relu",
                )
            case {"pool": size}:
                make = keras.layers.MaxPooling2D(size)
            case {"dense": units}:
                make = keras.layers.Dense(units, activation="relu")
            case {"dropout": rate}:
                make = keras.layers.Dropout(rate)
            case {"batch_norm": _}:
                make = keras.layers.BatchNormalization()
            case {"flatten": _}:
                make = keras.layers.Flatten()
            case {"concat": "input"}:
                tensor = keras.layers.Concatenate()([keras.layers.Flatten()(first), tensor])
                continue
            case _:
                raise ValueError(f"{layer}: not known on the Keras side of the benchmark")
        tensor = make(tensor)
    return keras.Model(first, keras.layers.Dense(classes, activation="softmax")(tensor))


class EpochTimes(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:  # noqa: ARG002
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:  # noqa: ARG002
        self.seconds.append(time.perf_counter() - self.start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="npz of images and labels")
    parser.add_argument("--network", required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()

    keras.utils.set_random_seed(options.seed)
    definition = next(
        network
        for network in tomllib.loads(NETWORKS.read_text())["network"]
        if network["name"] == options.network
    )
    with np.load(options.data, allow_pickle=False) as data:
        train = data["train_images"].astype(np.float32)[..., None] / 255.0
        test = data["test_images"].astype(np.float32)[..., None] / 255.0
        train_labels, test_labels = data["train_labels"], data["test_labels"]

    model = build(definition["layers"], train.shape[1:], 10)
    model.compile(
        optimizer=definition["optimizer"],
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    times = EpochTimes()
    model.fit(
        train,
        train_labels,
        batch_size=definition["batch_size"],
        epochs=options.epochs,
        verbose=0,
        callbacks=[times],
    )
    _, accuracy = model.evaluate(test, test_labels, batch_size=256, verbose=0)
    result = {
        "parameters": model.count_params(),
        "seconds": times.seconds,
        "images_per_second": [len(train) / seconds for seconds in times.seconds],
        "accuracy": accuracy,
        "version": f"keras {keras.__version__}",
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
