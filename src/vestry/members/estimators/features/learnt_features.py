"""Features of images by steps that have learnt from the rows that a model learns from.

They are computed by the nodes that are stored with the model, so that a file answers as a run did.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestry.members.estimators.features.computed import FACTOR, Extraction, Reduced, extracted
from vestry.members.estimators.features.feature_step import (
    Extractor,
    FeatureStep,
    Learnt,
    Reduction,
    Shape,
)
from vestry.members.graph import Graph

_ROWS = 2_000
"""That the spread of a step's numbers is measured on, evenly over all: parts may be sorted."""


class LearntFeatures:
    """(n, height, width[, 3]) raw images to (n, width) numbers; `learn_features` makes one.

    found: of how many rows to learn from the features were at hand.
    """

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
        self.found = extraction.found

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
        if self.found:
            said.append(
                f"The features of {self.found:,} images were at hand from other fits, so its "
                "seconds leave out what these took."
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
    looking = [step for step in steps if isinstance(step, Extractor)]
    learnt = _balanced(shape, looking, [step.learn(images, seed) for step in looking], images)
    extraction = Extraction(shape, looking, learnt, threads, cache)
    features = extraction.of(images)
    reductions: list[tuple[Reduction, Learnt, Reduced]] = []
    for step in steps:
        if isinstance(step, Reduction):
            taken = step.learn(features, seed)
            reduced = Reduced(step, taken, features.shape[1], threads)
            features = reduced.of(features)
            reductions.append((step, taken, reduced))
    made = LearntFeatures(shape, list(zip(looking, learnt, strict=True)), reductions, extraction)
    return made, features.astype(np.float64)


def _balanced(
    shape: Shape, steps: Sequence[Extractor], learnt: list[Learnt], images: NDArray[np.uint8]
) -> list[Learnt]:
    """With the factors that bring steps to the spread of the first, times their weights."""
    if len(steps) == 1:
        return learnt
    some = images[np.linspace(0, len(images) - 1, min(len(images), _ROWS)).astype(int)]
    features = Extraction(shape, steps, learnt, 1, None).of(some)
    ends = np.cumsum([step.width(shape) for step in steps])
    spreads = [
        float(np.sqrt(part.var(axis=0, dtype=np.float64).sum()))
        for part in np.split(features, ends[:-1], axis=1)
    ]
    return [
        {**taken, FACTOR: np.array(step.weight * spreads[0] / spread, np.float32)}
        if number and spreads[0] and spread
        else taken
        for number, (step, taken, spread) in enumerate(zip(steps, learnt, spreads, strict=True))
    ]
