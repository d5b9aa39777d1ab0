"""Digits in the forms that images come in, made by the libraries that people make them with."""

import gzip
import io
import json
import shutil
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from PIL import Image
from pyarrow import parquet
from sklearn.datasets import load_digits

NAMES = ["nought", "one", "two"]
PARTS = {"train": slice(0, 60), "valid": slice(60, 75), "test": slice(75, 99)}


@dataclass(frozen=True)
class Digits:
    """Bytes of (n, 8, 8), and labels 0 to 2."""

    images: np.ndarray
    labels: np.ndarray

    def of(self, rows):
        return Digits(self.images[rows], self.labels[rows])

    @property
    def names(self):
        return np.array(NAMES)[self.labels]


def digits():
    """99 of three kinds, as scikit-learn has them."""
    found = load_digits(n_class=3)
    images, labels = (found.images * 15.9).astype(np.uint8), found.target.astype(np.uint8)
    return Digits(images[:99], labels[:99])


def png(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def write_parquet(path, images, labels, names=None):
    """A shard as Hugging Face's `datasets` writes it, with the pictures in it."""
    image = [{"bytes": png(pixels), "path": None} for pixels in images]
    table = pa.table({"image": image, "label": labels})
    if names:
        feature = {"label": {"names": names, "_type": "ClassLabel"}}
        noted = json.dumps({"info": {"features": feature}})
        table = table.replace_schema_metadata({"huggingface": noted})
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(table, path)


def write_idx(path, array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    path.write_bytes(gzip.compress(header + array.tobytes(), mtime=0))


def class_folders(folder, given):
    for row, (pixels, name) in enumerate(zip(given.images, given.names, strict=True)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / name / f"{row:03}.png")


def folders_of_two_parts(folder, given):
    for part in ("train", "test"):
        class_folders(folder / part, given.of(PARTS[part]))


def folders_of_three_parts(folder, given):
    for part, rows in PARTS.items():
        class_folders(folder / part, given.of(rows))


def packed(file, given):
    class_folders(file.parent / "loose" / "digits", given)
    name, _, form = file.name.partition(".")
    kind = {"zip": "zip", "tar.gz": "gztar"}[form]
    shutil.make_archive(str(file.parent / name), kind, file.parent / "loose")


def kaggle(file, given):
    """Beside it is a test file without labels."""
    pixels = given.images.reshape(-1, 64)
    frame = pd.DataFrame(pixels, columns=[f"pixel{number}" for number in range(64)])
    frame[75:].to_csv(file.with_name("test.csv"), index=False)
    frame.insert(0, "label", given.labels)
    frame[:75].to_csv(file, index=False)


def listed(folder, given):
    (folder / "pictures").mkdir()
    for row, pixels in enumerate(given.images):
        Image.fromarray(pixels).save(folder / "pictures" / f"{row}.png")
    files = [f"pictures/{row}.png" for row in range(99)]
    split = np.repeat(list(PARTS), [60, 15, 24])
    return pd.DataFrame({"filename": files, "label": given.names, "split": split})


def shards(folder, given):
    for name, rows in {
        "train-00000-of-00002": slice(0, 30),
        "train-00001-of-00002": slice(30, 60),
        "validation-00000-of-00001": PARTS["valid"],
        "test-00000-of-00001": PARTS["test"],
    }.items():
        part = given.of(rows)
        write_parquet(folder / "data" / f"{name}.parquet", part.images, part.labels, NAMES)


def medmnist(file, given):
    """Labels are a column."""
    arrays = {}
    for name, rows in zip(("train", "val", "test"), PARTS.values(), strict=True):
        part = given.of(rows)
        arrays |= {f"{name}_images": part.images, f"{name}_labels": part.labels[:, None]}
    np.savez_compressed(file, **arrays)


def keras(file, given):
    train, test = given.of(slice(0, 75)), given.of(PARTS["test"])
    np.savez(
        file, x_train=train.images, y_train=train.labels, x_test=test.images, y_test=test.labels
    )


def channels_first(file, given):
    """In colour, as floats, as PyTorch has images."""
    images = np.repeat(given.images[:, None], 3, axis=1).astype(np.float32) / 255
    np.savez(file, images=images, labels=given.names)


def kmnist(folder, given):
    folder.mkdir()
    for part, rows in (("train", slice(0, 75)), ("test", PARTS["test"])):
        np.savez(folder / f"kmnist-{part}-imgs.npz", given.images[rows])
        np.savez(folder / f"kmnist-{part}-labels.npz", given.labels[rows])


def idx(folder, given):
    folder.mkdir()
    for part, rows in (("train", slice(0, 75)), ("t10k", PARTS["test"])):
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", given.images[rows])
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", given.labels[rows])


def list_in_csv(file, given):
    listed(file.parent, given).to_csv(file, index=False)


def list_in_parquet(file, given):
    listed(file.parent, given).to_parquet(file, index=False)


WHOLE, HALVES, THIRDS = {"test": 20}, {"test": 24}, {"validation": 15, "test": 24}
NUMBERS = ["0", "1", "2"]
FORMS = {
    "class folders": ("set", class_folders, NAMES, WHOLE),
    "train and test": ("set", folders_of_two_parts, NAMES, HALVES),
    "train, valid and test": ("set", folders_of_three_parts, NAMES, THIRDS),
    "zip": ("set.zip", packed, NAMES, WHOLE),
    "tar.gz": ("set.tar.gz", packed, NAMES, WHOLE),
    "Kaggle's CSV": ("train.csv", kaggle, NUMBERS, {"test": 15}),
    "a list in CSV": ("list.csv", list_in_csv, NAMES, THIRDS),
    "a list in Parquet": ("list.parquet", list_in_parquet, NAMES, THIRDS),
    "Hugging Face's shards": ("set", shards, NAMES, THIRDS),
    "MedMNIST's npz": ("set.npz", medmnist, NUMBERS, THIRDS),
    "Keras's npz": ("set.npz", keras, NUMBERS, HALVES),
    "channels first": ("set.npz", channels_first, NAMES, WHOLE),
    "KMNIST's pairs": ("set", kmnist, NUMBERS, HALVES),
    "IDX": ("set", idx, NUMBERS, HALVES),
}
"""The name that is given to `try`, what writes it, the classes, and the rows of some parts."""
