"""Whether mirrored images show the same: found on training rows alone, quickly and repeatably.

Kernel ridge on random convolutional features is fitted with and without mirrored copies of
its rows, and asked about rows that it has not seen. Where mirroring turns one class into another,
or into what is never seen, the copies cost it right answers, as they would cost a network.
"""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from vestry.members.kind import FitJob
from vestry.members.networks import machine
from vestry.members.networks.alterations import Augmentation
from vestry.members.networks.rows import as_tensor, scaled
from vestry.members.networks.settings import ImageTrainingSettings

_OfImages = TypeVar("_OfImages", bound=ImageTrainingSettings)

_ROWS = 1_200
"""About as many are looked at together, drawn evenly; where there are fewer, they are asked about
repeatedly."""
_DRAWS = 3
"""So often, each time at others: of one draw both accuracies are half a point off, which is what
mirrored copies are worth on Fashion-MNIST."""
FEWEST_ROWS = 30
_SEED = 0
"""The same for every seed of a model, so that all of them are trained alike."""
_FOLDS, _MOST_REPEATS = 3, 8
_LONGEST_SIDE = 32
_ROWS_AT_ONCE = 200
_MOST_KEPT = 64


@dataclass(frozen=True)
class Mirroring:
    """mirrored, plain: accuracies of a quick classifier with mirrored copies and without, on `rows`
    training images; None where they were too few to tell.
    """

    mirrored: float | None
    plain: float | None
    rows: int

    @property
    def shows_the_same(self) -> bool:
        """A tie goes to the copies: they are more to learn from."""
        if self.mirrored is None or self.plain is None:
            return False
        return self.mirrored >= self.plain

    def card(self) -> dict[str, Any]:
        return asdict(self) | {"shows_the_same": self.shows_the_same}

    def words(self, key: str) -> str:
        """What follows, and both figures. key: of the study, that asked."""
        done = "every other" if self.shows_the_same else "no"
        follows = f"{done} training image is mirrored while training"
        return f'{key} = "auto": {follows}. {_upper(self.figures())}.'

    def figures(self) -> str:
        if self.mirrored is None or self.plain is None:
            return f"{self.rows} training images are too few to tell what they do"
        return (
            f"of {self.rows:,} training images a quick classifier, asked about those that it had "
            f"not seen, got {100 * self.mirrored:.1f}% right with mirrored copies and "
            f"{100 * self.plain:.1f}% without"
        )


def settled_augmentation(settings: _OfImages, job: FitJob) -> tuple[_OfImages, Mirroring | None]:
    """With alterations where the settings leave them to be found, and what was found."""
    asked = settings.augmentation
    own = Augmentation(horizontal_flip="auto") if asked == "auto" else asked
    if own is None or own.horizontal_flip != "auto":
        return settings, None
    found = mirroring(job.images, job.labels)
    own = own.model_copy(update={"horizontal_flip": found.shows_the_same})
    return settings.model_copy(update={"augmentation": own}), found


def mirroring(images: NDArray[np.uint8], labels: NDArray[np.int64]) -> Mirroring:
    """images: (n, height, width[, 3]) training rows; labels: (n,) theirs.

    A process that is asked about the same rows again, as by the next network of a study, answers
    as before.
    """
    random = np.random.default_rng(_SEED)
    draws = _draws(random.permutation(len(labels)))
    looked = [(images[rows], labels[rows]) for rows in draws]
    key = _digest(looked, len(labels))
    if key not in _kept:
        while len(_kept) >= _MOST_KEPT:
            del _kept[next(iter(_kept))]
        _kept[key] = _found(looked, random)
    return _kept[key]


_Rows = tuple[NDArray[np.uint8], NDArray[np.int64]]
_kept: dict[str, Mirroring] = {}
"""By a digest of the rows that were looked at, and of how many they were drawn from."""


def _digest(looked: list[_Rows], count: int) -> str:
    digest = hashlib.sha256(f"{count}".encode())
    for images, labels in looked:
        digest.update(f"{images.shape} {labels.dtype}".encode())
        digest.update(images.tobytes())
        digest.update(labels.tobytes())
    return digest.hexdigest()


def _found(looked: list[_Rows], random: np.random.Generator) -> Mirroring:
    count = sum(len(labels) for _, labels in looked)
    if count < FEWEST_ROWS:
        return Mirroring(None, None, count)
    with machine.prepared(1), torch.inference_mode():  # threads would change the last digits
        repeats = min(_MOST_REPEATS, max(1, _DRAWS * _ROWS // count))
        found = [_asked(*rows, random, repeats) for rows in looked]
    mirrored, plain = np.mean(found, axis=0).tolist()
    return Mirroring(mirrored, plain, count)


def _draws(order: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Rows to look at: about `_ROWS` at a time, or all where there are fewer."""
    looked = order[: _DRAWS * _ROWS]
    times = max(1, round(len(looked) / _ROWS))
    return [np.sort(rows) for rows in np.array_split(looked, times)]


def _asked(
    images: NDArray[np.uint8], labels: NDArray[np.int64], random: np.random.Generator, repeats: int
) -> tuple[float, float]:
    features = _both_ways(_small(as_tensor(images)), random)
    return _accuracies(*features, torch.from_numpy(labels), random, repeats)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _small(images: Tensor) -> Tensor:
    """(n, channels, height, width), each channel standardised, no side above `_LONGEST_SIDE`."""
    size = [min(side, _LONGEST_SIDE) for side in images.shape[1:3]]
    parts = (
        functional.interpolate(scaled(part).permute(0, 3, 1, 2), size, mode="area")
        for part in torch.split(images, _ROWS_AT_ONCE)
    )
    x = torch.cat(list(parts))
    return (x - x.mean((0, 2, 3), keepdim=True)) / (x.std((0, 2, 3), keepdim=True) + 1e-6)


# Random convolutional features, after Coates and Ng (2012), "Learning feature representations with
# k-means": whitened patches as filters, what they answer of either sign, pooled in ninths.


_FILTERS, _FILTER_SIDE, _PATCHES = 64, 5, 4_000
_GRID = 3
_WHITENING = 0.1


def _both_ways(images: Tensor, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """(n, features) of the images and of their mirrored copies, at the scale of the former."""
    weights, biases = _filters(images, random)
    plain, mirrored = (_answers(x, weights, biases) for x in (images, images.flip(3)))
    mean, deviation = plain.mean(0), plain.std(0) + 1e-6
    return (plain - mean) / deviation, (mirrored - mean) / deviation


def _filters(images: Tensor, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """(filters, channels, side, side) and (filters,), of which each answers to a patch."""
    count, channels, height, width = images.shape
    side = min(_FILTER_SIDE, height, width)
    windows = images.unfold(2, side, 1).unfold(3, side, 1)
    drawn = (
        torch.from_numpy(random.integers(most, size=_PATCHES))
        for most in (count, height - side + 1, width - side + 1)
    )
    row, top, left = drawn
    patches = windows[row, :, top, left].reshape(_PATCHES, -1).double()
    mean = patches.mean(0)
    values, vectors = torch.linalg.eigh(torch.cov((patches - mean).T).view(len(mean), -1))
    whitening = vectors / (values.clamp(min=0) + _WHITENING).sqrt() @ vectors.T
    chosen = (patches[:_FILTERS] - mean) @ whitening
    chosen = chosen / (chosen.norm(dim=1, keepdim=True) + 1e-6) @ whitening
    biases = -(chosen @ mean)
    return chosen.view(-1, channels, side, side).float(), biases.float()


def _answers(images: Tensor, weights: Tensor, biases: Tensor) -> Tensor:
    found = []
    for part in torch.split(images, _ROWS_AT_ONCE):
        answers = functional.conv2d(part, weights, biases)
        both = torch.cat([answers.clamp(min=0), answers.clamp(max=0)], 1)
        found.append(functional.adaptive_avg_pool2d(both, _GRID).flatten(1))
    return torch.cat(found)


# The classifier: kernel ridge, which has room for copies beside what it learns without them, so
# that these cost it nothing but where they stand in the way.


_WIDTH, _PENALTY = 0.3, 0.3
"""Of the Gaussian kernel, as a multiple of 1 / features; on its diagonal."""


def _accuracies(
    plain: Tensor, mirrored: Tensor, labels: Tensor, random: np.random.Generator, repeats: int
) -> tuple[float, float]:
    """Of rows that were not learnt from, by folds: with mirrored copies, and without."""
    count = len(labels)
    truth = torch.eye(int(labels.max()) + 1)[labels]
    right = np.zeros(2)
    for _ in range(repeats):
        fold = torch.from_numpy(random.permutation(count) % _FOLDS)
        for number in range(_FOLDS):
            learnt, asked = fold != number, fold == number
            copies = torch.cat([plain[learnt], mirrored[learnt]]), truth[learnt].repeat(2, 1)
            for place, rows in enumerate((copies, (plain[learnt], truth[learnt]))):
                said = _ridge(*rows, plain[asked]).argmax(1)
                right[place] += int((said == labels[asked]).sum())
    with_copies, without = right / (repeats * count)
    return float(with_copies), float(without)


def _ridge(features: Tensor, truth: Tensor, asked: Tensor) -> Tensor:
    """(asked, classes) scores of a least-squares fit to the truth, less its mean."""
    mean, kernel = truth.mean(0), _kernel(features, features)
    kernel.diagonal().add_(_PENALTY)
    weights = torch.cholesky_solve(truth - mean, torch.linalg.cholesky(kernel))
    return _kernel(asked, features) @ weights + mean


def _kernel(one: Tensor, other: Tensor) -> Tensor:
    distances: Tensor = torch.cdist(one, other)
    return distances.square_().mul_(-_WIDTH / one.shape[1]).exp_()
