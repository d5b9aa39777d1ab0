"""Test rows: images that everyone may see, labels that only the vault opens."""

import hashlib
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vestry.data.image_set import ImageSet
from vestry.data.kept_rows import KeptRows


class SealedSet:
    """The rows of a test set without their labels.

    Everything else is as in `ImageSet`: images, classes, ids, missing, fingerprint and how many
    rows each class has. `vestry.evaluation.vault` alone calls `unsealed`; a test holds that.
    """

    def __init__(self, rows: ImageSet) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def images(self) -> NDArray[np.uint8]:
        return self._rows.images

    @property
    def kept(self) -> KeptRows | None:
        return self._rows.kept

    @property
    def classes(self) -> tuple[str, ...]:
        return self._rows.classes

    @property
    def ids(self) -> NDArray[np.str_]:
        return self._rows.ids

    @property
    def missing(self) -> NDArray[np.int64] | None:
        return self._rows.missing

    @property
    def image_shape(self) -> tuple[int, ...]:
        return self._rows.image_shape

    @property
    def fingerprint(self) -> str:
        return self._rows.fingerprint

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        return self._rows.class_counts()

    def class_counts(self) -> NDArray[np.int64]:
        """(classes,) how many rows each class has; of which rows, it does not say."""
        return self.counts.copy()

    def order(self, seed: int) -> NDArray[np.int64]:
        """(n,) all rows in an order of which every beginning holds each class in its share.

        Labels decide the draw and stay unseen.
        """
        # RandomState, because NumPy promises its stream for all versions (NEP 19).
        random = np.random.RandomState(seed)
        labels = self._rows.labels
        places = np.empty(len(labels))
        for label, count in enumerate(self.counts):
            within = random.permutation(count) + random.uniform(0.25, 0.75)
            places[labels == label] = within / max(1, count)
        return np.argsort(places, kind="stable")

    def labels_to_seal(self) -> NDArray[np.int64]:
        """(n,) for `vestry.data.packed_rows` alone, which seals them again where they go."""
        return self._rows.labels

    def unsealed(self) -> ImageSet:
        """The rows with their labels: for the vault, which writes down who asked, and why."""
        return self._rows


class SealedLabels:
    """Labels of test rows whose images are not at hand, with their ids: sealed likewise."""

    def __init__(
        self, ids: NDArray[np.str_], labels: NDArray[np.int64], classes: tuple[str, ...]
    ) -> None:
        self.ids = ids
        self.classes = classes
        self._labels = labels

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over ids, labels and class names."""
        digest = hashlib.sha256(repr(self.classes).encode())
        digest.update("\n".join(self.ids.tolist()).encode())
        digest.update(np.ascontiguousarray(self._labels, dtype="<i8").tobytes())
        return digest.hexdigest()

    @cached_property
    def hashes(self) -> NDArray[np.uint64]:
        """(n,) of each row's id and label, by which it is known again."""
        rows = zip(self.ids.tolist(), self._labels.tolist(), strict=True)
        texts = (f"label {self.classes[label]} of {name}".encode() for name, label in rows)
        whole = b"".join(hashlib.blake2b(text, digest_size=8).digest() for text in texts)
        return np.frombuffer(whole, dtype="<u8").astype(np.uint64)

    def class_counts(self) -> NDArray[np.int64]:
        """(classes,) how many rows each class has; of which rows, it does not say."""
        return np.bincount(self._labels, minlength=len(self.classes))

    def unsealed(self) -> NDArray[np.int64]:
        """(n,) the labels: for the vault alone."""
        return self._labels


Rows = ImageSet | SealedSet
"""Rows whose labels nobody asks for."""
