"""Rows of images that lie in the cache: picked without a copy in memory, known again by key."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vestry.data.image_cache import LIMIT_VARIABLE, Arrays, Entry, ImageCache, key_of
from vestry.data.image_room import refuse_beyond_memory
from vestry.data.mapped import picked_parts

Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class KeptRows:
    """rows: of an entry's pixels, those that follow one another, or by their places."""

    cache: ImageCache
    key: str
    pixels: NDArray[np.uint8] = field(repr=False)
    rows: slice | Places = field(repr=False)

    @classmethod
    def of(cls, cache: ImageCache, entry: Entry, rows: slice) -> Self:
        """Raises ValueError where the entry has no pixels."""
        if entry.pixels is None:
            raise ValueError(f"{entry.key} has no pixels")
        return cls(cache, entry.key, entry.pixels, rows)

    def of_rows(self, part: slice | Places) -> "KeptRows":
        """Some of these rows."""
        if isinstance(self.rows, slice) and isinstance(part, slice):
            start, stop, _ = part.indices(self.rows.stop - self.rows.start)
            return replace(self, rows=slice(self.rows.start + start, self.rows.start + stop))
        return replace(self, rows=self._places[part])

    def followed_by(self, others: "KeptRows") -> "KeptRows | None":
        """Both, where they lie one after the other in one entry; else None."""
        one, two = self.rows, others.rows
        if not isinstance(one, slice) or not isinstance(two, slice):
            return None
        if self.key != others.key or one.stop != two.start:
            return None
        return replace(self, rows=slice(one.start, two.stop))

    @property
    def image_shape(self) -> tuple[int, ...]:
        return self.pixels.shape[1:]

    @cached_property
    def images(self) -> NDArray[np.uint8]:
        """(n, height, width[, 3]): mapped, or in memory where they are few or cannot be kept."""
        if isinstance(self.rows, slice):
            return self.pixels[self.rows]
        size = len(self.rows) * self.pixels[:1].nbytes
        found = None
        if size > self.cache.large:
            found = self.cache.find(self._own_key) or self._copied(self.rows, size)
        if found is None or found.pixels is None:
            return self._in_memory(self.rows)
        return found.pixels

    def _in_memory(self, rows: Places) -> NDArray[np.uint8]:
        what = f"rows of {self.cache.root}, for whose copy {LIMIT_VARIABLE} leaves no room"
        refuse_beyond_memory(what, len(rows), self.image_shape)
        images = np.empty((len(rows), *self.image_shape), np.uint8)
        start = 0
        for part in picked_parts(self.pixels, rows):
            images[start : start + len(part)] = part
            start += len(part)
        return images

    def _copied(self, rows: Places, size: int) -> Entry | None:
        if not self.cache.has_room(size, {self.key}):
            return None
        path = None
        try:
            path = self.cache.new_file(self._own_key)
            with path.open("xb") as file:
                for part in picked_parts(self.pixels, rows):
                    file.write(part.data)
                file.flush()
                os.fsync(file.fileno())
            shape = (len(rows), *self.image_shape)
            self.cache.keep(self._own_key, {"picked": self.key}, pixels=(path, shape))
        except OSError:
            if path is not None:
                path.unlink(missing_ok=True)
            return None
        return self.cache.find(self._own_key)

    def remembered(self, what: str, make: Callable[[], Arrays], *of: bytes | str) -> Arrays:
        """What `make` gives, made once for these rows. what: its name. of: what it depends on
        beside the pixels."""
        key = key_of(self._own_key, what, *of)
        found = self.cache.find(key)
        if found is not None:
            return found.arrays
        arrays = make()
        try:
            if self.cache.has_room(sum(array.nbytes for array in arrays.values()), {self.key}):
                self.cache.keep(key, {"picked": self.key, "what": what}, arrays)
        except OSError:
            pass  # it is made again the next time
        return arrays

    @cached_property
    def _places(self) -> Places:
        if isinstance(self.rows, slice):
            return np.arange(self.rows.start, self.rows.stop, dtype=np.int64)
        return self.rows

    @cached_property
    def _own_key(self) -> str:
        if isinstance(self.rows, slice):
            return key_of(self.key, "rows", f"{self.rows.start}:{self.rows.stop}")
        return key_of(self.key, "rows", np.ascontiguousarray(self.rows, dtype="<i8").tobytes())
