"""The training images that look most like a given one."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vestry.attribution.settings import ExplanationSettings
from vestry.audit.pictures import vectors
from vestry.audit.unit_vectors import Directions, nearest_rows, unit_vectors
from vestry.data.image_set import ImageSet
from vestry.data.mapped import parts_of
from vestry.schema.explanations import NearImage
from vestry.schema.results import Votes
from vestry.schema.scores import Mistakes

_COUNT = 3


def nearest_images(
    images: NDArray[np.uint8], training: ImageSet, among: Directions
) -> list[list[NearImage]]:
    """For each of `images` its three nearest of `among`, the directions of `training`; distances
    as in `vestry.audit.unit_vectors`."""
    if not len(images):
        return []
    queries = unit_vectors(vectors(images))
    found = []
    for query, top in zip(queries, nearest_rows(queries, among.values, _COUNT), strict=True):
        # From the difference: in float32 a product close to 1 loses small distances.
        distances = np.linalg.norm(among.values[top].astype(np.float64) - query, axis=1)
        order = np.argsort(distances, kind="stable")
        found.append(
            [
                NearImage(
                    id=str(training.ids[among.rows[top[place]]]),
                    label=int(among.labels[top[place]]),
                    distance=float(distances[place]),
                )
                for place in order
            ]
        )
    return found


# The test images that a member is explained on.


@dataclass(frozen=True)
class Chosen:
    """A row of `split`, its label, and what the member said of it.

    role: `sample`, or `mistake` where the member was among the surest of its wrong answers.
    """

    split: str
    id: str
    truth: int
    predicted: int
    role: Literal["sample", "mistake"]


def chosen_images(
    member: str, mistakes: Mistakes, votes: Votes, settings: ExplanationSettings
) -> list[Chosen]:
    """The first images of the sample whose votes the page shows, and its own worst mistakes.

    The two take turns, so that a cut leaves some of both; an image that is both is a mistake.
    """
    worst = mistakes.hardest[: settings.mistakes]
    wrong = [Chosen("test", m.id, m.truth, m.predicted, "mistake") for m in worst]
    known = {image.id for image in wrong}
    sample = [
        Chosen("test", i.id, i.truth, i.votes[member].label, "sample")
        for i in votes.images[: settings.images]
        if i.id not in known
    ]
    turns = []
    for place in range(max(len(sample), len(wrong))):
        turns += [*sample[place : place + 1], *wrong[place : place + 1]]
    return turns


# The average training image, and how far each pixel strays from it.


_CHUNK = 2048


def mean_and_deviation(
    images: NDArray[np.uint8],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both (height, width[, 3]), of each pixel over all images; in parts of bounded size, of which
    of mapped images none stays in memory."""
    total = np.zeros(images.shape[1:])
    squares = np.zeros(images.shape[1:])
    for mapped in parts_of(images):
        for start in range(0, len(mapped), _CHUNK):
            part = mapped[start : start + _CHUNK].astype(np.float64)
            total += part.sum(axis=0)
            squares += np.square(part).sum(axis=0)
    mean = total / len(images)  # whole numbers until here, so that nothing is lost
    return mean, np.sqrt(np.maximum(squares / len(images) - mean**2, 0))
