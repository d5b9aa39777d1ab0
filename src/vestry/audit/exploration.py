"""A look at images and labels before any model: facts, audit, and pictures of the whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.audit.audit import audit
from vestry.audit.bursts import tracks_by_likeness
from vestry.audit.correlation import pixel_correlation
from vestry.audit.pictures import class_samples, drawn_rows, mean_images, vectors
from vestry.audit.settings import ExplorationSettings
from vestry.data.damage import Files
from vestry.data.image_set import ImageSet
from vestry.data.mapped import parts_of
from vestry.schema import exploration as schema

# Sizes, ranges and class counts of each split; mean and deviation of each class.


def facts(sets: Mapping[str, ImageSet]) -> schema.Facts:
    """What the images are, in numbers; nothing in it is estimated."""
    rows = next(iter(sets.values()))
    return schema.Facts(
        colour=len(rows.image_shape) == 3,
        dtype=str(rows.images.dtype),
        image_shape=rows.image_shape,
        classes=list(rows.classes),
        splits={split: _split_facts(rows) for split, rows in sets.items()},
    )


def _split_facts(rows: ImageSet) -> schema.SplitFacts:
    """One split; histograms give range, mean and deviation exactly, without float copies.

    Means and deviations are None where there are no images.
    """
    counts = _histograms(rows)
    present = np.flatnonzero(counts.sum(axis=0))
    mean, deviation = _moments(counts.sum(axis=0))
    by_class = [_moments(row) for row in counts]
    missing = rows.missing
    return schema.SplitFacts(
        shape=[len(rows), *rows.image_shape],
        bytes=int(rows.images.nbytes),
        pixel_range=(int(present[0]), int(present[-1])) if len(present) else None,
        pixel_mean=mean,
        pixel_deviation=deviation,
        class_counts=rows.class_counts().tolist(),
        class_means=[found[0] for found in by_class],
        class_deviations=[found[1] for found in by_class],
        missing_values=None if missing is None else int(missing.sum()),
        images_with_missing=None if missing is None else int(np.count_nonzero(missing)),
    )


def _histograms(rows: ImageSet) -> NDArray[np.int64]:
    """(classes, 256) how many pixel values of each size the images of each class have."""
    counts, start = np.zeros((len(rows.classes), 256), np.int64), 0
    for part in parts_of(rows.images):
        labels = rows.labels[start : start + len(part)]
        for label in np.unique(labels):
            counts[label] += np.bincount(part[labels == label].ravel(), minlength=256)
        start += len(part)
    return counts


def _moments(histogram: NDArray[np.int64]) -> tuple[float | None, float | None]:
    """Mean and standard deviation of values 0 to 255, each as often as `histogram` says."""
    total = int(histogram.sum())
    if not total:
        return None, None
    values = np.arange(256, dtype=np.float64)
    mean = float(histogram @ values / total)
    return mean, float(np.sqrt(histogram @ (values - mean) ** 2 / total))


Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, eq=False)
class Exploration:
    """ids, images: pictures that are no rows of the data, in the images' own size.
    correlation: (pixels, pixels) int8, hundredths; -128 where undefined. tracks: of each object
    that was seen again and again the ids of its images, where likeness alone says so.
    """

    results: schema.Exploration
    ids: list[str]
    images: NDArray[np.uint8]
    correlation: NDArray[np.int8]
    tracks: list[list[str]]


def explore(
    sets: Mapping[str, ImageSet],
    settings: ExplorationSettings,
    report: Report,
    files: Files | None = None,
) -> Exploration:
    """Look at `sets`, by split; the first is the one that models learn from.

    files: the image files that they were read from, and those that could not be.

    The same images, settings and number of threads give the same exploration.
    """

    def stage(text: str) -> None:
        report({"event": "stage", "text": text})

    first, rows = next(iter(sets.items()))
    stage("counting and averaging")
    found = facts(sets)
    ids, images = mean_images(rows)
    findings, notes = audit(sets, settings.seed, stage, files)
    stage("correlating pixels")
    correlation = pixel_correlation(rows, settings.seed)
    projected, more = _project(rows, settings, stage)
    results = schema.Exploration(
        seed=settings.seed,
        first_split=first,
        facts=found,
        findings=[finding.as_record(sets) for finding in findings],
        notes=[*notes, *more],
        samples=class_samples(rows, settings.seed),
        mean_images=ids,
        correlation=correlation.facts,
        sample=projected.sample,
        pca=projected.pca,
        tsne=projected.tsne,
        overlap=projected.overlap,
    )
    tracks = tracks_by_likeness(findings, sets)
    return Exploration(results, ids, images, correlation.matrix, tracks)


@dataclass(frozen=True)
class _Projected:
    """What there is of the sample in the plane."""

    sample: schema.Sample | None = None
    pca: schema.Pca | None = None
    tsne: schema.Tsne | None = None
    overlap: schema.Overlap | None = None


def _project(
    rows: ImageSet, settings: ExplorationSettings, stage: Callable[[str], None]
) -> tuple[_Projected, list[str]]:
    """PCA, t-SNE and the overlap of classes on a sample drawn by class; and what was left out."""
    stage("finding principal components")
    from vestry.audit import projection  # noqa: PLC0415 - heavy

    sample = rows.rows(drawn_rows(rows, settings.sample, settings.seed))
    found = projection.principal_components(vectors(sample.images), settings.seed)
    if found is None:
        return _Projected(), ["Too few images, or images too much alike, for PCA and t-SNE."]
    projected = _Projected(
        sample=schema.Sample(rows=len(sample), of=len(rows), labels=sample.labels.tolist()),
        pca=found.pca,
        overlap=projection.overlap(found.components, sample.labels, len(sample.classes)),
    )
    if not settings.tsne:
        return projected, ["t-SNE was left out, as the settings say."]
    stage(f"computing t-SNE of {len(sample):,} images")
    return replace(projected, tsne=projection.tsne(found.components, settings.seed)), []
