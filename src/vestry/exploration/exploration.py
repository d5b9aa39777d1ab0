"""A look at images and labels before any model: facts, audit, and pictures of the whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.data.damage import Files
from vestry.data.image_set import ImageSet
from vestry.exploration.audit import audit
from vestry.exploration.class_pictures import class_samples, mean_images
from vestry.exploration.correlation import pixel_correlation
from vestry.exploration.facts import facts
from vestry.exploration.overlap import overlap
from vestry.exploration.settings import ExplorationSettings
from vestry.exploration.small_images import drawn_rows, vectors

Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, eq=False)
class Exploration:
    """results: JSON-able, see `exploration` in docs/results.md.

    ids, images: pictures that are no rows of the data, in the images' own size.
    correlation: (pixels, pixels) int8, hundredths; -128 where undefined.
    """

    results: dict[str, Any]
    ids: list[str]
    images: NDArray[np.uint8]
    correlation: NDArray[np.int8]


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
    projections, more = project(rows, settings, stage)
    results = {
        "seed": settings.seed,
        "first_split": first,
        "facts": found,
        "findings": findings,
        "notes": [*notes, *more],
        "samples": class_samples(rows, settings.seed),
        "mean_images": ids,
        "correlation": correlation.facts,
        **projections,
    }
    return Exploration(results, ids, images, correlation.matrix)


def project(
    rows: ImageSet, settings: ExplorationSettings, stage: Callable[[str], None]
) -> tuple[dict[str, Any], list[str]]:
    """PCA, t-SNE and the overlap of classes on a sample drawn by class; and what was left out."""
    stage("finding principal components")
    from vestry.exploration import projection  # noqa: PLC0415 - heavy

    sample = rows.rows(drawn_rows(rows, settings.sample, settings.seed))
    empty = {"sample": None, "pca": None, "tsne": None, "overlap": None}
    found = projection.principal_components(vectors(sample.images), settings.seed)
    if found is None:
        return empty, ["Too few images, or images too much alike, for PCA and t-SNE."]
    projected = {
        "sample": {"rows": len(sample), "of": len(rows), "labels": sample.labels.tolist()},
        "pca": found.pca,
        "overlap": overlap(found.components, sample.labels, len(sample.classes)),
    }
    if not settings.tsne:
        return empty | projected, ["t-SNE was left out, as the settings say."]
    stage(f"computing t-SNE of {len(sample):,} images")
    return empty | projected | {"tsne": projection.tsne(found.components, settings.seed)}, []
