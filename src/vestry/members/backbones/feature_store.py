"""Features kept on disk by content: who asks again for an image that was seen finds them.

A backbone's folder holds shards, each written whole or not at all; a row of one is an image's
digest and its features, with a sum of both, since no disk is waited for. Folds, subsets, seeds and
later runs ask for the same images, whatever their order; what a killed run had finished is found by
the next one.
"""

import contextlib
import hashlib
import os
import re
import shutil
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from vestry.storage.lock import held
from vestry.storage.run_folder import TEMPORARY, TEMPORARY_PREFIX, atomic_path, remove_leftovers

_SUFFIX = ".safetensors"
_DIGEST_BYTES = 16
_LIMIT_GIB = 4.0
"""What all backbones' features may take on disk."""
LIMIT_VARIABLE = "VESTRY_FEATURE_CACHE_GIB"
_SHARD = re.compile(rf"[0-9a-f]{{32}}{re.escape(_SUFFIX)}")
_UNREADABLE = (OSError, SafetensorError, KeyError, ValueError)
"""Of a shard that is damaged, or that another process has removed meanwhile."""


def limit() -> int:
    """Bytes that the environment allows, or LIMIT_GIB; 0 keeps nothing."""
    return int(float(os.environ.get(LIMIT_VARIABLE) or _LIMIT_GIB) * 2**30)


def image_digests(images: NDArray[np.uint8]) -> list[bytes]:
    """A digest of shape and pixels for each image."""
    start = hashlib.blake2b(str(images.shape[1:]).encode(), digest_size=_DIGEST_BYTES)
    found = []
    for image in np.ascontiguousarray(images):
        digest = start.copy()
        digest.update(image.data)
        found.append(digest.digest())
    return found


class FeatureStore:
    """The features of one backbone below `root`, `width` numbers an image; `most` bytes on disk.

    Any number of processes may use it at once. notes: what was removed to make room, or why
    something was not kept.
    """

    def __init__(self, root: Path, backbone: str, width: int, most: int) -> None:
        self.root = root
        self.folder = root / backbone
        self.width = width
        self.most = most
        self.notes: list[str] = []
        self.shards: set[str] = set()
        self.places: dict[bytes, tuple[str, int]] = {}

    def find(self, digests: Sequence[bytes], features: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Fill in the rows of `features` (n, width) that are kept; say which they are."""
        found = np.zeros(len(digests), bool)
        self.look()
        wanted: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for row, digest in enumerate(digests):
            if digest in self.places:
                shard, place = self.places[digest]
                wanted[shard].append((row, place))
        for shard, pairs in wanted.items():
            rows, places = np.array(pairs).T
            with contextlib.suppress(*_UNREADABLE):
                features[rows] = self.read(shard)[places]
                found[rows] = True
        if found.any():
            with contextlib.suppress(OSError):
                os.utime(self.folder)  # the backbone that was used last is removed last
        return found

    def look(self) -> None:
        """Learn what shards hold that came since."""
        names = {path.name for path in self.folder.glob(f"[!.]*{_SUFFIX}")}
        if self.shards - names:  # another process made room
            self.shards, self.places = set(), {}
        for name in sorted(names - self.shards):
            with contextlib.suppress(*_UNREADABLE), self.opened(name) as shard:
                digests = shard.get_tensor("digests")
                if (len(digests), self.width) != tuple(shard.get_slice("features").get_shape()):
                    raise ValueError("another width")
                self.places |= {row.tobytes(): (name, i) for i, row in enumerate(digests)}
                self.shards.add(name)

    def read(self, name: str) -> NDArray[np.float32]:
        """The features of a shard, (n, width); one that is not as it was written is removed, with
        ValueError."""
        with self.opened(name) as shard:
            digests, features = shard.get_tensor("digests"), shard.get_tensor("features")
            if (shard.metadata() or {}).get("sum") == _sum_of(digests, features):
                return np.asarray(features)
        (self.folder / name).unlink()
        raise ValueError(f"{name} is damaged")

    def opened(self, name: str) -> safe_open:
        return safe_open(self.folder / name, "numpy")

    def add(self, digests: Sequence[bytes], features: NDArray[np.float32]) -> None:
        """Keep a shard of features (n, width), where there is room; n is at least 1."""
        needed = features.nbytes + _DIGEST_BYTES * len(digests)
        try:
            if not self.made_room(needed):
                return
            rows = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, _DIGEST_BYTES)
            shard = self.folder / f"{uuid.uuid4().hex}{_SUFFIX}"
            with atomic_path(shard, synced=False) as temporary:
                said = {"sum": _sum_of(rows, features)}
                save_file({"digests": rows, "features": features}, temporary, said)
        except OSError as error:
            self.say(f"Features were not kept for later runs ({error.strerror or error}).")

    def made_room(self, needed: int) -> bool:
        """Remove backbones used longest ago until `needed` bytes fit; False where they cannot."""
        sizes = {folder: size_of(folder) for folder in _folders(self.root)}
        left = self.most - needed - sum(sizes.values())
        for folder in sorted(sizes, key=_used_at):
            if left >= 0:
                break
            if folder != self.folder:
                _remove(folder)
                left += sizes[folder]
                self.say(
                    f"Features of another backbone ({sizes[folder] / 2**20:,.0f} MiB) were removed "
                    f"from {self.root}, to stay within {self.most / 2**30:g} GiB."
                )
        if left < 0:
            self.say(
                "Some features were not kept for later runs: all of them would take more than "
                f"the {self.most / 2**30:g} GiB that {LIMIT_VARIABLE} allows."
            )
        return left >= 0

    def say(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)

    @contextlib.contextmanager
    def alone(self, waiting: Callable[[], None]) -> Iterator[None]:
        """Let one process at a time compute this backbone's features, so that none does so in vain.

        waiting: called where another one is at it. A killed process lets go by itself.
        """
        with contextlib.ExitStack() as stack:
            # Where nothing can be kept there is nothing to share; some file systems have no locks.
            with contextlib.suppress(OSError):
                self.root.mkdir(parents=True, exist_ok=True)
                stack.enter_context(held(self.root / f"{self.folder.name}.lock", waiting))
                remove_leftovers(self.folder)
            yield


def _sum_of(digests: NDArray[np.uint8], features: NDArray[np.float32]) -> str:
    digest = hashlib.sha256(np.ascontiguousarray(digests).data)
    digest.update(np.ascontiguousarray(features).data)
    return digest.hexdigest()


def _folders(root: Path) -> list[Path]:
    """Those of backbones, which hold shards alone; all else is not ours, and a link is none."""
    inside = root.iterdir() if root.is_dir() else ()
    return [path for path in inside if not path.is_symlink() and _holds_shards(path)]


def _holds_shards(folder: Path) -> bool:
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError:  # no folder, or one that another process has removed meanwhile
        return False
    return bool(names) and all(_SHARD.fullmatch(n) or TEMPORARY.fullmatch(n) for n in names)


def size_of(folder: Path) -> int:
    total = 0
    for path in folder.glob("*"):
        with contextlib.suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


def _used_at(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _remove(folder: Path) -> None:
    """Out of sight first, so that nobody finds it half there."""
    hidden = folder.with_name(f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}")
    with contextlib.suppress(FileNotFoundError):
        folder.rename(hidden)
    shutil.rmtree(hidden, ignore_errors=True)
