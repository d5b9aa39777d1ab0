"""What the page says and shows of the data: sizes, ranges, class counts, and a few images."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestry.data import damage
from vestry.data.dataset import Dataset
from vestry.data.image_set import ImageSet
from vestry.data.mapped import parts_of
from vestry.data.npz_file import readable
from vestry.data.sealed import Rows
from vestry.schema.data import Corrections, Data, Files, Samples, Split
from vestry.storage.run_folder import write_arrays


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
        corrections=Corrections(**vars(provenance.corrections)) if provenance.corrections else None,
        warnings=list(provenance.warnings),
        fingerprint=provenance.fingerprint,
        classes=list(dataset.training.classes),
        image_shape=dataset.training.image_shape,
        splits={
            name: split_summary(rows, _rule(provenance.split, name))
            for name, rows in splits.items()
        },
        samples=shown,
        chosen_by=dataset.folds
        and f"{dataset.folds.words()} of all {len(dataset.training):,} training images",
        tested_by=dataset.folds and dataset.folds.test_words(),
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
    counts = _histogram(rows)
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


def _histogram(rows: Rows) -> NDArray[np.float64]:
    """(256,) how many pixel values of each size there are."""

    def counted() -> dict[str, NDArray[np.int64]]:
        parts = (np.bincount(part.ravel(), minlength=256) for part in parts_of(rows.images))
        return {"counts": sum(parts, np.zeros(256, np.int64))}

    made = counted() if rows.kept is None else rows.kept.remembered("histogram", counted)
    return made["counts"].astype(np.float64)


def samples(rows: ImageSet, count: int, columns: int, seed: int) -> Samples:
    """A seeded draw of `count` rows, to be shown in a grid."""
    drawn = np.random.default_rng(seed).permutation(len(rows))[:count]
    return Samples(
        seed=seed, columns=columns, ids=rows.ids[drawn].tolist(), labels=rows.labels[drawn].tolist()
    )


# The few images that a page shows, kept with the run.


_LARGEST_SIDE = 96


Pictures = Mapping[str, NDArray[np.uint8]]


def save_thumbnails(
    sets: Sequence[Rows], wanted: list[str], path: Path, made: Pictures | None = None
) -> None:
    """Write `ids` and `images` of the wanted rows, made smaller where a side is over 96 pixels.

    made: pictures of the same size that are no rows, such as augmented images, by their ids.
    """
    rows = {
        name: (image_set, row)
        for image_set in sets
        for row, name in enumerate(image_set.ids.tolist())
    }
    drawn = dict(made or {})
    images = [
        drawn[name] if name in drawn else rows[name][0].images[rows[name][1]] for name in wanted
    ]
    stacked = np.stack([_smaller(image) for image in images])
    write_arrays(path, {"ids": np.array(wanted), "images": stacked})


def read_pictures(path: Path) -> dict[str, NDArray[np.uint8]]:
    """A task's `pictures.npz` by id; nothing where it made none."""
    if not path.is_file():
        return {}
    with readable(path), np.load(path, allow_pickle=False) as stored:
        return dict(zip((str(name) for name in stored["ids"]), stored["images"], strict=True))


def shrink_note(image_shape: tuple[int, ...]) -> list[str]:
    """What the page must say where it shows images smaller than they are."""
    height, width = image_shape[:2]
    if max(height, width) <= _LARGEST_SIDE:
        return []
    return [
        f"Pictures on this page are made smaller, to {_LARGEST_SIDE} pixels at most; the models "
        f"saw them at {height} x {width}."
    ]


def _smaller(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    if max(height, width) <= _LARGEST_SIDE:
        return image
    from PIL import Image  # noqa: PLC0415 - only large images need it

    factor = _LARGEST_SIDE / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))
