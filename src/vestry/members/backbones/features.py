"""Each image through the backbone once: what is stored is taken, the rest computed and kept."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vestry.data.limits import MOST_BYTES
from vestry.errors import MemberError
from vestry.members.backbones.backbone import Backbone, Compute
from vestry.members.backbones.feature_store import FeatureStore, image_digests, limit
from vestry.members.networks.rows import as_tensor

SHARD_SECONDS = 5.0
"""An interrupted run loses so much work at most."""
_SHARD_BYTES = 64 * 2**20
REPORT_SECONDS = 1.0
_FOLDER = "features"


@dataclass
class _Passage:
    """What went through a backbone so far: images computed, found in the store, seconds it took."""

    through: int = 0
    found: int = 0
    seconds: float = 0.0


class Features:
    """The features of any images by one backbone; stored in `cache`, or nowhere where None."""

    def __init__(
        self,
        backbone: Backbone,
        cache: Path | None = None,
        on_event: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self.backbone = backbone
        self.cache = cache if limit() else None
        self.on_event = on_event or (lambda _: None)
        self.passage = _Passage()
        self.width = int(np.prod(backbone.feature_shape))
        self.stores: dict[Compute, FeatureStore] = {}

    def by_another(self, backbone: Backbone) -> "Features":
        """By a backbone that came of this one, stored nowhere; what went through is kept count of
        together."""
        made = Features(backbone, None, self.on_event)
        made.passage, made.stores = self.passage, self.stores
        return made

    @property
    def notes(self) -> list[str]:
        return [note for store in self.stores.values() for note in store.notes]

    def of(self, images: NDArray[np.uint8], compute: Compute) -> NDArray[np.float32]:
        """(n, height, width[, 3]) uint8 to (n, *feature_shape)."""
        self.check_size(len(images))
        features = np.empty((len(images), self.width), np.float32)
        if len(images):
            with torch.inference_mode():
                self.fill(images, compute, features)
        return features.reshape(-1, *self.backbone.feature_shape)

    def check_size(self, count: int) -> None:
        size = count * self.width * 4
        if size > MOST_BYTES:
            raise MemberError(
                f"the features of {count:,} images would take {size:,} bytes of memory; at most "
                f'{MOST_BYTES:,} are taken. Begin the head with {{ global_pool = "average" }}, '
                'give an estimator pool = "average", or give a smaller image_size'
            )

    def fill(
        self, images: NDArray[np.uint8], compute: Compute, features: NDArray[np.float32]
    ) -> None:
        if self.cache is None:
            self.push(images, np.arange(len(images)), compute, features, lambda _: None)
            return
        digests = image_digests(images)
        store = self.store(compute)
        found = store.find(digests, features)
        if not found.all():
            with store.alone(self.waits):
                found |= store.find(digests, features)  # by whom this one has waited for
                self.compute(images, digests, found, compute, features)
        self.passage.found += int(found.sum())

    def store(self, compute: Compute) -> FeatureStore:
        if compute not in self.stores:
            assert self.cache is not None  # noqa: S101 - for the type checker
            root = self.cache / _FOLDER
            self.stores[compute] = FeatureStore(
                root, self.backbone.digest(compute), self.width, limit()
            )
        return self.stores[compute]

    def waits(self) -> None:
        self.on_event({"event": "stage", "text": "waiting for another run with the same backbone"})

    def compute(
        self,
        images: NDArray[np.uint8],
        digests: Sequence[bytes],
        found: NDArray[np.bool_],
        compute: Compute,
        features: NDArray[np.float32],
    ) -> None:
        """Compute what is missing, equal images once, and keep it shard by shard."""
        missing = np.flatnonzero(~found).tolist()
        firsts: dict[bytes, int] = {}
        for row in missing:
            firsts.setdefault(digests[row], row)
        store = self.stores[compute]

        def keep(rows: NDArray[np.int64]) -> None:
            store.add([digests[row] for row in rows.tolist()], features[rows])

        self.push(images, np.array(list(firsts.values()), np.int64), compute, features, keep)
        for row in missing:
            features[row] = features[firsts[digests[row]]]

    def push(
        self,
        images: NDArray[np.uint8],
        rows: NDArray[np.int64],
        compute: Compute,
        features: NDArray[np.float32],
        keep: Callable[[NDArray[np.int64]], None],
    ) -> None:
        """Push `images[rows]` through the backbone into `features[rows]`; `keep` takes new rows."""
        started = kept_at = reported = time.monotonic()
        kept = 0
        for start in range(0, len(rows), self.backbone.batch):
            batch = rows[start : start + self.backbone.batch]
            computed = self.backbone.forward(as_tensor(images[batch]), compute)
            features[batch] = computed.numpy().reshape(len(batch), -1)
            end, now = start + len(batch), time.monotonic()
            bytes_waiting = (end - kept) * self.width * 4
            if end == len(rows) or now - kept_at > SHARD_SECONDS or bytes_waiting > _SHARD_BYTES:
                keep(rows[kept:end])
                kept, kept_at = end, time.monotonic()
            if now - reported > REPORT_SECONDS:
                reported = now
                self.on_event(self.event(end, len(rows), now - started))
        self.passage.through += len(rows)
        self.passage.seconds += time.monotonic() - started

    def event(self, done: int, total: int, seconds: float) -> dict[str, Any]:
        speed = done / seconds
        return {
            "event": "images",
            "through": self.backbone.title,
            "done": done,
            "total": total,
            "images_per_second": round(speed, 1),
            "seconds_left": round((total - done) / speed, 1),
        }
