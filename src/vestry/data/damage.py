"""Image files that cannot be read: left out where they are few, an error where they are many."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from vestry.errors import DataError

_MOST_DAMAGED = 0.05
"""Of all image files; beyond it the folder is not what it should be, and a result would be of
another data set."""

_NAMES_SHOWN = 5


@dataclass(frozen=True)
class DamagedFile:
    """id: the file's path inside the source. reason: what is wrong with it, in words."""

    id: str
    reason: str

    @classmethod
    def of(cls, name: str, error: DataError) -> Self:
        """From an error that calls the file `name`: its first sentence, without advice."""
        text = str(error).removeprefix(f"{name}: ").removesuffix("; replace the file")
        return cls(name, " ".join(text.partition(". ")[0].split()))


@dataclass(frozen=True)
class Files:
    """A source's image files: how many there are, and which of them were left out as damaged."""

    count: int
    damaged: tuple[DamagedFile, ...]

    def warnings(self) -> tuple[str, ...]:
        """What must be said before any figure; nothing where every file was read."""
        if not self.damaged:
            return ()
        return (
            f"{len(self.damaged):,} of {self.count:,} image files cannot be read and "
            f"{'was' if len(self.damaged) == 1 else 'were'} left out: {self._named()}",
        )

    def refuse_many(self, folder: Path) -> None:
        """DataError where more than MOST_DAMAGED of the files are damaged."""
        if len(self.damaged) > _MOST_DAMAGED * self.count:
            raise DataError(
                f"{folder}: {len(self.damaged):,} of {self.count:,} image files cannot be read: "
                f"{self._named()}. Up to {_MOST_DAMAGED:.0%} are left out with a warning; get a "
                "fresh copy of these files, or take them out of the folder"
            )

    def as_dict(self) -> dict[str, Any]:
        """For JSON: `count`, and `damaged`, each with `id` and `reason`."""
        return {"count": self.count, "damaged": [asdict(file) for file in self.damaged]}

    def _named(self) -> str:
        shown = "; ".join(f"{file.id} ({file.reason})" for file in self.damaged[:_NAMES_SHOWN])
        more = len(self.damaged) - _NAMES_SHOWN
        return f"{shown} and {more:,} more" if more > 0 else shown
