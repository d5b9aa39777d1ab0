"""Features of images by steps that have learnt from the rows that a model learns from.

They are computed by the nodes that are stored with the model, so that a file answers as a run did.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestry.members.estimators.features.computed import Extraction, Reduced, extracted
from vestry.members.estimators.features.feature_step import (
    Extractor,
    FeatureStep,
    Learnt,
    Reduction,
    Shape,
)
from vestry.members.graph import Graph


class LearntFeatures:
    """(n, height, width[, 3]) raw images to (n, width) numbers; `learn` makes one."""

    def __init__(
        self,
        shape: Shape,
        extractors: Sequence[tuple[Extractor, Learnt]],
        reductions: Sequence[tuple[Reduction, Learnt, Reduced]],
        extraction: Extraction,
    ) -> None:
        self.shape, self.extractors, self.reductions = shape, extractors, reductions
        self.extraction = extraction
        self.width = reductions[-1][2].width if reductions else extraction.width

    def apply(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """In double, so that solvers work in it."""
        features = self.extraction.of(images)
        for _, _, reduced in self.reductions:
            features = reduced.of(features)
        return features.astype(np.float64)

    def nodes(self, graph: Graph, images: str) -> str:
        """Add all of it after raw `images`; gives the name of the features."""
        steps, learnt = zip(*self.extractors, strict=True)
        features = extracted(graph, images, self.shape, steps, learnt)
        for step, taken, _ in self.reductions:
            features = step.nodes(graph, features, taken)
        return features

    @property
    def notes(self) -> list[str]:
        """What was not done as the study says, and what its times leave out."""
        steps: list[tuple[FeatureStep, Learnt]] = [*self.extractors]
        steps += [(step, learnt) for step, learnt, _ in self.reductions]
        said = [note for step, learnt in steps for note in step.notes(learnt)]
        if found := self.extraction.found:
            said.append(
                f"The features of {found:,} images were at hand from other fits, so its seconds "
                "leave out what these took."
            )
        return said


def learn_features(
    steps: Sequence[FeatureStep],
    images: NDArray[np.uint8],
    seed: int,
    threads: int = 1,
    cache: Path | None = None,
) -> tuple[LearntFeatures, NDArray[np.float64]]:
    """Steps that have learnt from `images`, and the features of these.

    seed: for what is drawn. cache: below which features are kept. Raises MemberError where they
    would not fit into memory.
    """
    shape = images.shape[1:]
    extractors = [(s, s.learn(images, seed)) for s in steps if isinstance(s, Extractor)]
    looking, learnt = zip(*extractors, strict=True)
    extraction = Extraction(shape, looking, learnt, threads, cache)
    features = extraction.of(images)
    reductions: list[tuple[Reduction, Learnt, Reduced]] = []
    for step in steps:
        if isinstance(step, Reduction):
            taken = step.learn(features, seed)
            reduced = Reduced(step, taken, features.shape[1], threads)
            features = reduced.of(features)
            reductions.append((step, taken, reduced))
    made = LearntFeatures(shape, extractors, reductions, extraction)
    return made, features.astype(np.float64)
