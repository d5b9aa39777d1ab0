"""The rows that a study learns from, chooses by and is tested on; and how they came about."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vestry.data.class_checks import check_parts, check_source
from vestry.data.classes import with_classes
from vestry.data.corrections import Applied, Corrections
from vestry.data.damage import Files
from vestry.data.folds import BELOW, FIVE, Folds, StudyFolds, TestFolds
from vestry.data.groups import (
    groups_of,
    groups_said,
    shared_groups,
    taken_for_independent,
    with_groups,
)
from vestry.data.image_set import ImageSet, Preparation, Source
from vestry.data.own_parts import own_rows_said, with_own_validation
from vestry.data.paths import DataPaths, MissingDataError, Progress
from vestry.data.resplit import cut, pooled
from vestry.data.sealed import Rows, SealedSet
from vestry.data.settings import FIFTH, DataSettings, validation_of
from vestry.data.source import load_source
from vestry.data.split import Selection, Splitter
from vestry.errors import DataError


@dataclass(frozen=True)
class Provenance:
    """What the results must say of their data.

    asked, used: sources; they differ only where `fell_back` gives the reason.
    fingerprint: SHA-256 over all three splits. rows: how many each split has.
    split: in words, how the splits were made. preparation: how images were made of pictures.
    warnings: what is more than a note.
    files: the image files of a folder, and those left out.
    corrections: what a file of corrections came to; None without one.
    """

    asked: str
    used: str
    fell_back: str | None
    licence: str | None
    notes: tuple[str, ...]
    fingerprint: str
    rows: dict[str, int]
    split: str
    preparation: Preparation
    warnings: tuple[str, ...]
    files: Files | None = None
    corrections: Applied | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        lists = {"notes": list(self.notes), "warnings": list(self.warnings)}
        return asdict(self) | lists | {"files": self.files and self.files.as_dict()}


@dataclass(frozen=True, eq=False)
class Dataset:
    """pictures: by a row's id, the picture file that it was read from; empty for arrays.

    folds: where models are chosen by folds. `validation` is then `training`: no row is set aside,
    and what models are chosen by are predictions of all training rows, each by models that have
    not seen it.
    """

    training: ImageSet
    validation: ImageSet
    test: SealedSet
    provenance: Provenance
    pictures: Mapping[str, Path] = field(default_factory=dict)
    folds: StudyFolds | None = None


def load_dataset(
    settings: DataSettings, places: DataPaths, on_progress: Progress | None = None
) -> Dataset:
    """Load the source and split it; the same settings and data give the same rows.

    Raises DataError where data is missing, damaged or too little to learn from or choose by
    (`class_checks`); classes that fell unevenly to the splits are warnings.
    """
    source, fell_back = _load_or_fall_back(settings, places, on_progress)
    _refuse_empty(source)
    notes = source.notes
    corrections = _corrections(source, settings, places)
    if settings.classes is not None:
        source, note = with_classes(source, settings.classes)
        notes += (note,)
    if settings.groups is not None:
        source = with_groups(source, settings.groups, places)
    source, said = with_own_validation(source, settings.source_validation)
    notes += said
    check_source(source, settings)
    splits, words, folds = _split_rows(source, settings)
    applied = None
    if corrections is not None:
        splits, applied = corrections.applied_to(splits, settings.correct_test)
        notes += (applied.said(),)
        if folds is not None:
            folds.check(splits["training"])
    provenance = Provenance(
        asked=settings.source,
        used=source.name,
        fell_back=fell_back,
        licence=source.licence,
        notes=notes
        + ((groups_said(splits, settings.groups),) if settings.groups else ())
        + _pooled_said(source, settings)
        + _unused_settings(source, settings)
        + _folds_said(settings, folds, len(splits["training"])),
        fingerprint=fingerprint(splits),
        rows={name: len(rows) for name, rows in splits.items()},
        split="; ".join(words),
        preparation=source.preparation,
        warnings=(
            *(source.files.warnings() if source.files else ()),
            *check_parts(splits, source, settings),
            *shared_groups(splits),
            *taken_for_independent(
                [groups_of(splits[name]) for name in ("validation", "test")]
                if settings.groups
                else []
            ),
        ),
        files=source.files,
        corrections=applied,
    )
    test = SealedSet(splits["test"])
    training, validation = splits["training"], splits["validation"]
    return Dataset(training, validation, test, provenance, source.pictures, folds)


def resolved(settings: DataSettings, provenance: Provenance) -> DataSettings:
    """Settings that load the same rows again without asking for what was missing.

    For tasks in other processes: they must neither wait for the network again nor decide anew.
    """
    unsized = {} if provenance.fell_back is None else {"image_size": None, "resize": "stretch"}
    return settings.model_copy(update={"source": provenance.used, "otherwise": None, **unsized})


def _load_or_fall_back(
    settings: DataSettings, places: DataPaths, on_progress: Progress | None
) -> tuple[Source, str | None]:
    """The source, or what to use otherwise and why. Damaged data is never a reason."""
    column = settings.groups.column if settings.groups else None
    try:
        size, resize = settings.image_size, settings.resize
        return load_source(settings.source, places, on_progress, size, column, resize), None
    except MissingDataError as error:
        if settings.otherwise is None:
            raise
        return load_source(settings.otherwise, places, on_progress, None, column), str(error)


def _corrections(source: Source, settings: DataSettings, places: DataPaths) -> Corrections | None:
    """Read before classes are left out, so that lines about these are known, too."""
    if settings.corrections is None:
        return None
    return Corrections.read(places.path(settings.corrections), source)


def _refuse_empty(source: Source) -> None:
    for part, rows in source.parts.items():
        if not len(rows):
            empty = "training" if part == "train" else part
            raise DataError(f"{source.name} holds no {empty} rows; check what it was made from")


def _split_rows(
    source: Source, settings: DataSettings
) -> tuple[dict[str, ImageSet], tuple[str, ...], StudyFolds | None]:
    """The three splits by name, how they were made, in words, and the folds if there are any."""
    if settings.split is not None:
        parts = cut(source, settings.split, settings.seed)
        splits = {
            "training": parts.training,
            "validation": parts.validation,
            "test": parts.test,
        }
        return splits, parts.words, None
    if isinstance(settings.test, TestFolds):
        return _nested(source, settings, settings.test)
    splitter = Splitter(settings.seed)
    train, test = _test_rows_apart(source, settings, splitter)
    way = validation_of(settings.validation, train.labels)
    folds = None
    if source.validation is not None:
        training, validation = train, source.validation
        splitter.words += own_rows_said(source, settings.training_rows is None)
    elif isinstance(way, Folds):
        training, validation, folds = train, train, StudyFolds(way, settings.seed)
        folds.check(train)
        splitter.words += folds.rules(len(train))
    else:
        training, validation = splitter.part(train, way, "validation")
    splits = {"training": training, "validation": validation, "test": test}
    return splits, tuple(splitter.words), folds


def _nested(
    source: Source, settings: DataSettings, test: TestFolds
) -> tuple[dict[str, ImageSet], tuple[str, ...], StudyFolds]:
    """All rows of the source to learn from, choose by and test on, each row in its turn."""
    splitter = Splitter(settings.seed)
    rows = pooled(source)
    if settings.training_rows is not None:
        rows = splitter.subset(rows, settings.training_rows, "training_rows")
    way = settings.validation if isinstance(settings.validation, Folds) else FIVE
    folds = StudyFolds(way, settings.seed, test.folds)
    folds.check(rows)
    words = (*splitter.words, *folds.rules(len(rows)))
    return {"training": rows, "validation": rows, "test": rows}, words, folds


def _test_rows_apart(
    source: Source, settings: DataSettings, splitter: Splitter
) -> tuple[ImageSet, ImageSet]:
    """Training and test rows, subsets taken, before validation rows are split off."""
    train, test = source.train, source.test
    if settings.training_rows is not None:
        train = splitter.subset(train, settings.training_rows, "training_rows")
    if test is None:
        own = settings.test if isinstance(settings.test, Selection) else FIFTH
        train, test = splitter.part(train, own, "test")
    else:
        splitter.words.append(f"test: the source's own {len(test):,} rows")
    if settings.test_rows is not None:
        test = splitter.subset(test, settings.test_rows, "test_rows")
    return train, test


def _folds_said(settings: DataSettings, folds: StudyFolds | None, rows: int) -> tuple[str, ...]:
    """A note on what models are chosen by where no rows are set aside, and why that is so where the
    study does not ask for it."""
    if folds is None:
        return ()
    said = (
        f"Models are {folds.choice(rows)}: their validation figures are of the training images, "
        f"each answered by models that had not seen it. These had {folds.share:.0%} of the images "
        "to learn from; the models that stay learnt from all of them."
    )
    if folds.tests:
        said += f" Each image is tested once, {folds.tested()}."
    elif settings.validation is None:
        said += (
            f" [data] says no `validation`, and there are fewer than {BELOW:,} training images; "
            "`validation = { fraction = 0.2 }` sets a fifth aside instead."
        )
    return (said,)


def _pooled_said(source: Source, settings: DataSettings) -> tuple[str, ...]:
    """A note where nested folds test rows that the source itself has divided."""
    if not isinstance(settings.test, TestFolds) or len(source.parts) == 1:
        return ()
    names = {"train": "training"}
    counts = [f"{len(rows):,} {names.get(name, name)}" for name, rows in source.parts.items()]
    return (
        f"`test = {{ folds = {settings.test.folds} }}` pools the source's own parts, "
        f"{', '.join(counts[:-1])} and {counts[-1]} rows: all of these are learnt from, chosen by "
        "and tested in turns, and how the source parts them counts for nothing. Without `test`, "
        "the source's own test rows test",
    )


def _unused_settings(source: Source, settings: DataSettings) -> tuple[str, ...]:
    """Notes on settings that had nothing to act on."""
    notes = []
    folded = isinstance(settings.test, TestFolds)
    if source.test is not None and settings.test not in (None, FIFTH) and not folded:
        notes.append("the setting `test` was not used: the source has test rows of its own")
    if source.validation is not None and not folded and settings.validation not in (None, FIFTH):
        notes.append(
            "the setting `validation` was not used: the source has validation rows of its own"
        )
    if source.name != settings.source or source.preparation == "stored":
        sized = settings.image_size is not None, settings.resize != "stretch"
        notes += [
            f"{key} was not used: {source.name} has images of one size"
            for key, given in zip(("image_size", "resize"), sized, strict=True)
            if given
        ]
    return tuple(notes)


def fingerprint(splits: Mapping[str, Rows]) -> str:
    """SHA-256 over what the three splits hold, in order."""
    digest = hashlib.sha256()
    for name, rows in splits.items():
        digest.update(f"{name} {rows.fingerprint}\n".encode())
    return digest.hexdigest()
