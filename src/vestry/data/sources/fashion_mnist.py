"""Fashion-MNIST: 60,000 + 10,000 grey pictures of clothes, 28 x 28, ten classes.

H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST, a Novel Image Dataset for Benchmarking Machine
Learning Algorithms, arXiv:1708.07747.
"""

from pathlib import Path
from typing import Literal

import numpy as np

from vestry.data.idx_file import read_idx
from vestry.data.image_set import ImageSet, Source, array_ids
from vestry.data.published import PublishedFile, PublishedSet
from vestry.data.source_kind import SOURCES, SourceKind, SourceRequest

_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_LICENCE = "MIT, copyright 2017 Zalando SE, https://github.com/zalandoresearch/fashion-mnist"

FASHION_MNIST = PublishedSet(
    "fashion-mnist",
    "Fashion-MNIST",
    (
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    ),
    (
        PublishedFile(
            "train-images-idx3-ubyte.gz",
            26_421_880,
            "sha256:3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        ),
        PublishedFile(
            "train-labels-idx1-ubyte.gz",
            29_515,
            "sha256:a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        ),
        PublishedFile(
            "t10k-images-idx3-ubyte.gz",
            4_422_102,
            "sha256:346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        ),
        PublishedFile(
            "t10k-labels-idx1-ubyte.gz",
            5_148,
            "sha256:67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
    ),
)


def load(folder: Path) -> Source:
    """The four files of `folder` as they were published; damaged ones are an error."""
    FASHION_MNIST.check(folder)
    train, test = _load_part(folder, "train"), _load_part(folder, "t10k")
    return Source(FASHION_MNIST.name, train, test, _LICENCE, (), preparation="photograph")


def _load_part(folder: Path, part: Literal["train", "t10k"]) -> ImageSet:
    images = read_idx(folder / f"{part}-images-idx3-ubyte.gz", {3})
    labels = read_idx(folder / f"{part}-labels-idx1-ubyte.gz", {1}).astype(np.int64)
    ids = array_ids("train" if part == "train" else "test", len(labels))
    return ImageSet(images, labels, _CLASSES, ids)


def _load(request: SourceRequest) -> Source:
    """From the user's folder or the cache; downloaded where it is in neither."""
    places = request.places
    return load(FASHION_MNIST.find(places) or FASHION_MNIST.fetch(places, request.on_progress))


SOURCES.register(
    SourceKind(
        FASHION_MNIST.name,
        "70,000 grey pictures of clothes, 28 x 28, ten classes (30 MB, downloaded)",
        _load,
        where=FASHION_MNIST.where,
        published=lambda _: FASHION_MNIST,
    )
)
