"""A study's rows as a folder of a few files, for machines that cannot load the data themselves.

What is there is what tasks need: images, ids, labels, groups, and how rows are folded. Test rows
are sealed there as they were here.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.data.dataset import Dataset, Provenance
from vestry.data.folds import Folds, StudyFolds
from vestry.data.image_set import ImageSet
from vestry.data.mapped import mapped, parts_of
from vestry.data.sealed import Rows, SealedSet
from vestry.storage.run_folder import atomic_path, read_json, write_arrays, write_json

_ROWS = "rows.json"
_SPLITS = ("training", "validation", "test")


def pack_rows(dataset: Dataset, folder: Path) -> None:
    """Write `dataset` into `folder`; images a part at a time, however many there are."""
    rows: dict[str, Rows] = {name: getattr(dataset, name) for name in _SPLITS}
    if dataset.validation is dataset.training:  # where folds choose
        del rows["validation"]
    folds, provenance = dataset.folds, replace(dataset.provenance, files=None, corrections=None)
    for name, each in rows.items():
        _write_images(folder / f"{name}.bytes", each.images)
        write_arrays(folder / f"{name}.npz", _arrays(each))
    write_json(
        folder / _ROWS,
        {
            "shapes": {name: [len(each), *each.image_shape] for name, each in rows.items()},
            "classes": list(dataset.training.classes),
            "provenance": provenance.as_dict(),
            "folds": folds
            and {
                "settings": folds.settings.model_dump(mode="json"),
                "seed": folds.seed,
                "tests": folds.tests,
            },
        },
    )


def unpacked_rows(folder: Path) -> Dataset:
    """What `pack_rows` wrote, with images mapped, not read."""
    said = read_json(folder / _ROWS)
    sets = {name: _rows(folder, name, said) for name in said["shapes"]}
    folds = said["folds"]
    return Dataset(
        sets["training"],
        sets.get("validation", sets["training"]),
        SealedSet(sets["test"]),
        _provenance(said["provenance"]),
        folds=folds and StudyFolds(Folds(**folds["settings"]), folds["seed"], folds["tests"]),
    )


def _write_images(path: Path, images: NDArray[np.uint8]) -> None:
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        for part in parts_of(images):
            file.write(np.ascontiguousarray(part).data)


def _arrays(rows: Rows) -> dict[str, NDArray[Any]]:
    """What there is beside images and class names, by the field of `ImageSet`."""
    if isinstance(rows, SealedSet):
        own: dict[str, NDArray[Any] | None] = {"labels": rows.labels_to_seal()}
    else:
        own = {"labels": rows.labels, "groups": rows.groups}
    own |= {"ids": rows.ids, "missing": rows.missing}
    return {name: array for name, array in own.items() if array is not None}


def _rows(folder: Path, name: str, said: Mapping[str, Any]) -> ImageSet:
    with np.load(folder / f"{name}.npz", allow_pickle=False) as stored:
        arrays = dict(stored)
    shape = tuple(said["shapes"][name])
    path, classes = folder / f"{name}.bytes", tuple(said["classes"])
    # No file of no bytes can be mapped.
    images = mapped(path, shape) if shape[0] else np.zeros(shape, np.uint8)
    return ImageSet(images=images, classes=classes, **arrays)


def _provenance(said: Mapping[str, Any]) -> Provenance:
    lists = {name: tuple(said[name]) for name in ("notes", "warnings")}
    return Provenance(**{**said, **lists})
