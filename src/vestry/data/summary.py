"""What the page says of the data: sizes, ranges, class counts and a grid of samples."""

import numpy as np

from vestry.data import damage
from vestry.data.dataset import Dataset
from vestry.data.image_set import ImageSet
from vestry.data.sealed import Rows
from vestry.schema.data import Data, Files, Samples, Split


def data_summary(dataset: Dataset, shown: Samples) -> Data:
    """The three splits and where they come from. shown: training images for the page."""
    splits: dict[str, Rows] = {
        "training": dataset.training,
        "validation": dataset.validation,
        "test": dataset.test,
    }
    provenance = dataset.provenance
    return Data(
        asked=provenance.asked,
        used=provenance.used,
        fell_back=provenance.fell_back,
        licence=provenance.licence,
        preparation=provenance.preparation,
        notes=list(provenance.notes),
        files=files_record(provenance.files),
        warnings=list(provenance.warnings),
        fingerprint=provenance.fingerprint,
        classes=list(dataset.training.classes),
        image_shape=dataset.training.image_shape,
        splits={
            name: split_summary(rows, _rule(provenance.split, name))
            for name, rows in splits.items()
        },
        samples=shown,
    )


def files_record(files: damage.Files | None) -> Files | None:
    return Files.model_validate(files.as_dict()) if files else None


def _rule(split: str, name: str) -> str:
    """What the description of all splits says of one of them."""
    parts = [part for part in split.split("; ") if part.startswith((f"{name}:", f"{name}_rows:"))]
    return "; ".join(part.partition(": ")[2] for part in parts) or "what the others leave"


def split_summary(rows: Rows, rule: str) -> Split:
    """rule: how these rows were taken, in words."""
    # A histogram of 256 counts gives range, mean and deviation exactly, without float copies.
    counts = np.bincount(rows.images.ravel(), minlength=256).astype(np.float64)
    values = np.arange(256)
    mean = float((counts * values).sum() / counts.sum())
    present = np.flatnonzero(counts)
    return Split(
        rows=len(rows),
        class_counts=rows.class_counts().tolist(),
        pixel_range=(int(present[0]), int(present[-1])),
        pixel_mean=mean,
        pixel_deviation=float(np.sqrt((counts * (values - mean) ** 2).sum() / counts.sum())),
        rule=rule,
    )


def samples(rows: ImageSet, count: int, columns: int, seed: int) -> Samples:
    """A seeded draw of `count` rows, to be shown in a grid."""
    drawn = np.random.default_rng(seed).permutation(len(rows))[:count]
    return Samples(
        seed=seed, columns=columns, ids=rows.ids[drawn].tolist(), labels=rows.labels[drawn].tolist()
    )
