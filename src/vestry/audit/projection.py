"""Images as points in the plane: PCA and t-SNE of a sample; heavy: imports scikit-learn."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from vestry.schema.exploration import Overlap, OverlapPair, Pca, Tsne

_COMPONENTS = 50
_PERPLEXITY = 30.0
_LEAST_ROWS = 10
_THREADS = 1
"""t-SNE adds up in threads, and with several the order of the sums, and with it the picture, may
change from run to run. Two would take 3 s instead of 5 for 2,500 rows at rest, but 20 s where
another program wants the second core."""


@dataclass(frozen=True, eq=False)
class Projection:
    """components: (n, at most 50) of the principal component analysis."""

    components: NDArray[np.float32]
    pca: Pca


def principal_components(values: NDArray[np.float32], seed: int) -> Projection | None:
    """PCA of (n, d) pixels in 0..255; None where two axes cannot be had."""
    wanted = min(_COMPONENTS, *values.shape)
    if len(values) < _LEAST_ROWS or wanted < 2 or not (values.std(axis=0) > 0).sum() > 1:
        return None
    fitted = PCA(wanted, svd_solver="randomized", random_state=seed)
    components = fitted.fit_transform(values / 255)
    explained = fitted.explained_variance_ratio_
    x, y = _points(components[:, :2])
    pca = Pca(
        explained=[round(float(share), 4) for share in explained[:2]],
        components=wanted,
        explained_by_all=round(float(explained.sum()), 4),
        x=x,
        y=y,
    )
    return Projection(np.asarray(components, np.float32), pca)


def tsne(components: NDArray[np.float32], seed: int) -> Tsne:
    """t-SNE (van der Maaten and Hinton, 2008) of principal components, started from the first two
    of them."""
    perplexity = min(_PERPLEXITY, (len(components) - 1) / 3)
    # 500 steps, half of them exaggerated: further ones move points, not classes.
    model = TSNE(2, perplexity=perplexity, init="pca", random_state=seed, max_iter=500)
    with threadpool_limits(limits=_THREADS):
        embedded = model.fit_transform(components)
    x, y = _points(embedded)
    return Tsne(perplexity=round(perplexity, 2), steps=500, x=x, y=y)


def _points(values: NDArray[np.floating[Any]]) -> tuple[list[float], list[float]]:
    """Coordinates rounded to what a plot can show."""
    digits = 3 - int(np.ceil(np.log10(max(float(np.abs(values).max()), 1e-9))))
    rounded = np.round(values.astype(np.float64), digits)
    return rounded[:, 0].tolist(), rounded[:, 1].tolist()


# Which classes lie among each other: counts of nearest neighbours.


_NEIGHBOURS = 10
_PAIRS = 10


def overlap(components: NDArray[np.float32], labels: NDArray[np.int64], classes: int) -> Overlap:
    """Of the ten nearest neighbours of each image, how many are of which class.

    components: (n, d) in which distances are taken. pairs: the classes with the largest share of
    neighbours that belong to the other one; own: for each class the share that are its own (None
    where it has no image here).
    """
    count = min(_NEIGHBOURS, len(components) - 1)
    found = _nearest_rows(components, count)
    links = np.zeros((classes, classes), np.int64)
    np.add.at(links, (np.repeat(labels, count), labels[found].ravel()), 1)
    given = links.sum(axis=1)
    pairs = []
    for one in range(classes):
        for other in range(one + 1, classes):
            shared = int(links[one, other] + links[other, one])
            if shared:
                share = shared / int(given[one] + given[other])
                pairs.append(
                    OverlapPair(classes=(one, other), shared=shared, share=round(share, 4))
                )
    pairs.sort(key=lambda pair: -pair.share)
    return Overlap(
        neighbours=count,
        dimensions=components.shape[1],
        pairs=pairs[:_PAIRS],
        own=[round(float(links[c, c] / given[c]), 4) if given[c] else None for c in range(classes)],
    )


def _nearest_rows(values: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """(n, count) the nearest other rows; a bounded number of rows at a time."""
    squares = np.einsum("ij,ij->i", values, values)
    found = np.empty((len(values), count), np.int64)
    for start in range(0, len(values), 1024):
        part = values[start : start + 1024]
        distance = squares[None, :] - 2 * part @ values.T
        distance[np.arange(len(part)), np.arange(start, start + len(part))] = np.inf
        found[start : start + 1024] = np.argpartition(distance, count - 1, axis=1)[:, :count]
    return found
