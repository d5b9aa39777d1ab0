"""The rows that a study learns from, chooses by and is tested on; and how they came about."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from vestry.data.image_set import ImageSet, Source
from vestry.data.places import MissingDataError, Places, Progress
from vestry.data.source import load_source, source_kind
from vestry.data.split import Selection, Splitter
from vestry.errors import DataError, StudyError

Side = Annotated[int, Field(ge=1, le=4096, strict=True)]
FIFTH = Selection(fraction=0.2)


class DataSettings(BaseModel):
    """The study file's [data].

    source: see `vestry data`. otherwise: the source to use, loudly, where that one is not to be
    had. training_rows, test_rows: parts of the source's own rows, taken before anything else.
    validation: the part of the training rows that members are chosen by. test: the part that is
    held back where the source has no test rows of its own. image_size: [height, width] that the
    images of a `folder:` source are resized to.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    otherwise: str | None = None
    training_rows: Selection | None = None
    test_rows: Selection | None = None
    validation: Selection = FIFTH
    test: Selection = FIFTH
    image_size: tuple[Side, Side] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32, strict=True)] = 0

    @field_validator("source", "otherwise")
    @classmethod
    def known_source(cls, text: str | None) -> str | None:
        if text is not None:
            try:
                source_kind(text)
            except StudyError as error:
                raise ValueError(str(error)) from None
        return text

    @model_validator(mode="after")
    def resizable(self) -> "DataSettings":
        if self.image_size is not None and source_kind(self.source)[0] != "folder":
            raise ValueError(f"image_size resizes a folder: source; {self.source} has one size")
        return self


@dataclass(frozen=True)
class Provenance:
    """What the results must say of their data.

    asked, used: sources; they differ only where `fell_back` gives the reason.
    fingerprint: SHA-256 over all three splits. rows: how many each split has.
    split: in words, how the splits were made.
    """

    asked: str
    used: str
    fell_back: str | None
    licence: str | None
    notes: tuple[str, ...]
    fingerprint: str
    rows: dict[str, int]
    split: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"notes": list(self.notes)}


@dataclass(frozen=True, eq=False)
class Dataset:
    training: ImageSet
    validation: ImageSet
    test: ImageSet
    provenance: Provenance


def load_dataset(settings: DataSettings, places: Places, report: Progress | None = None) -> Dataset:
    """Load the source and split it; the same settings and data give the same rows.

    Raises DataError where data is missing, damaged or too little: a class without training rows
    is an error, one without validation or test rows a note.
    """
    source, fell_back = load_or_fall_back(settings, places, report)
    splitter = Splitter(settings.seed)
    train, test = test_rows_apart(source, settings, splitter)
    training, validation = splitter.part(train, settings.validation, "last", "validation")
    splits = {"training": training, "validation": validation, "test": test}
    provenance = Provenance(
        asked=settings.source,
        used=source.name,
        fell_back=fell_back,
        licence=source.licence,
        notes=source.notes + unused_settings(source, settings) + missing_classes(splits),
        fingerprint=fingerprint(splits),
        rows={name: len(rows) for name, rows in splits.items()},
        split="; ".join(splitter.words),
    )
    return Dataset(training, validation, test, provenance)


def resolved(settings: DataSettings, provenance: Provenance) -> DataSettings:
    """Settings that load the same rows again without asking for what was missing.

    For tasks in other processes: they must neither wait for the network again nor decide anew.
    """
    size = settings.image_size if provenance.fell_back is None else None
    return settings.model_copy(
        update={"source": provenance.used, "otherwise": None, "image_size": size}
    )


def load_or_fall_back(
    settings: DataSettings, places: Places, report: Progress | None
) -> tuple[Source, str | None]:
    """The source, or what to use otherwise and why. Damaged data is never a reason."""
    try:
        return load_source(settings.source, places, report, settings.image_size), None
    except MissingDataError as error:
        if settings.otherwise is None:
            raise
        return load_source(settings.otherwise, places, report), str(error)


def test_rows_apart(
    source: Source, settings: DataSettings, splitter: Splitter
) -> tuple[ImageSet, ImageSet]:
    """Training and test rows, subsets taken, before validation rows are split off."""
    train, test = source.train, source.test
    if not len(train) or (test is not None and not len(test)):
        empty = "training" if not len(train) else "test"
        raise DataError(f"{source.name} holds no {empty} rows; check what it was made from")
    if settings.training_rows is not None:
        train = splitter.subset(train, settings.training_rows, "training_rows")
    if test is None:
        train, test = splitter.part(train, settings.test, "random", "test")
    else:
        splitter.words.append(f"test: the source's own {len(test):,} rows")
    if settings.test_rows is not None:
        test = splitter.subset(test, settings.test_rows, "test_rows")
    return train, test


def unused_settings(source: Source, settings: DataSettings) -> tuple[str, ...]:
    """Notes on settings that had nothing to act on."""
    notes = []
    if source.test is not None and settings.test != FIFTH:
        notes.append("the setting `test` was not used: the source has test rows of its own")
    if settings.image_size is not None and source.name != settings.source:
        notes.append(f"image_size was not used: {source.name} has images of one size")
    return tuple(notes)


def missing_classes(splits: dict[str, ImageSet]) -> tuple[str, ...]:
    """Notes on classes without validation or test rows; without training rows, an error."""
    notes = []
    for name, rows in splits.items():
        absent = [rows.classes[label] for label in np.flatnonzero(rows.class_counts() == 0)]
        if absent and name == "training":
            raise DataError(
                f"no training rows of {', '.join(absent)}; every class needs some. Add images, "
                'take more rows, or split with take = "random", which draws from each class'
            )
        if absent:
            notes.append(f"no {name} rows of {', '.join(absent)}")
    return tuple(notes)


def fingerprint(splits: dict[str, ImageSet]) -> str:
    """SHA-256 over what the three splits hold, in order."""
    digest = hashlib.sha256()
    for name, rows in splits.items():
        digest.update(f"{name} {rows.fingerprint}\n".encode())
    return digest.hexdigest()
