"""Files as objects of Ray's store: a content is put there once, and nodes fetch it from there."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vestry.engine.shipping import Content, contents_of, pieces_of

Parcel = list[tuple[dict[str, Any], list[Any]]]
"""Of each file what it is, and references to its pieces."""


class Parcels:
    """ray: the module, connected. kept: what all tasks read, for as long as the run lasts."""

    def __init__(self, ray: Any) -> None:
        self.ray = ray
        self.kept: dict[Path, Parcel] = {}
        self.pieces: dict[str, list[Any]] = {}

    def of_all(self, shared: Mapping[str, Path]) -> dict[str, Parcel]:
        """Of what every task reads; put there once."""
        for path in shared.values():
            if path not in self.kept:
                self.kept[path] = self.parcel(path, self.pieces)
        return {name: self.kept[path] for name, path in shared.items()}

    def of_one(self, reads: Mapping[str, Path]) -> dict[str, Parcel]:
        """Of what one task reads; they go when nobody refers to them any longer."""
        return {name: self.parcel(path, dict(self.pieces)) for name, path in reads.items()}

    def parcel(self, path: Path, known: dict[str, list[Any]]) -> Parcel:
        """known: pieces by content, which grows by those that are new."""
        return [
            (asdict(content), self._put(content, file, known))
            for content, file in contents_of(path).items()
        ]

    def _put(self, content: Content, file: Path, known: dict[str, list[Any]]) -> list[Any]:
        if content.sha256 not in known:
            known[content.sha256] = [self.ray.put(piece) for piece in pieces_of(file)]
        return known[content.sha256]

    def drop(self) -> None:
        self.kept.clear()
        self.pieces.clear()
