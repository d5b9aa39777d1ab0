"""What a loss of power may leave of files that were written before: `durability.py` tries each."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

_PART = ".part-"


def _emptied(path: Path, _: random.Random) -> None:
    _write_over(path, b"")


def _zeroed(path: Path, _: random.Random) -> None:
    _write_over(path, bytes(path.stat().st_size))


def _halved(path: Path, _: random.Random) -> None:
    _write_over(path, path.read_bytes()[: path.stat().st_size // 2])


def _half_zeroed(path: Path, draw: random.Random) -> None:
    """As long as it was; what follows a place in it never reached the disk."""
    content = path.read_bytes()
    place = draw.randrange(len(content))
    _write_over(path, content[:place] + bytes(len(content) - place))


def _lost_page(path: Path, draw: random.Random) -> None:
    """A page of 4 KiB in it never reached the disk."""
    content = path.read_bytes()
    start = draw.randrange(len(content)) // 4096 * 4096
    page = bytes(len(content[start : start + 4096]))
    _write_over(path, content[:start] + page + content[start + 4096 :])


def _not_renamed(path: Path, draw: random.Random) -> None:
    """It has the name yet under which it was written, whole or half."""
    if draw.random() < 0.5:
        _halved(path, draw)
    path.rename(_temporary(path, draw))


def _gone(path: Path, _: random.Random) -> None:
    """Its name never reached the disk."""
    path.unlink()


def _left_over(path: Path, draw: random.Random) -> None:
    _temporary(path, draw).write_bytes(draw.randbytes(draw.choice([0, 9, 5000])))


_ONE: dict[str, Callable[[Path, random.Random], None]] = {
    "emptied": _emptied,
    "zeroed": _zeroed,
    "halved": _halved,
    "zeros at the end": _half_zeroed,
    "a page of zeros": _lost_page,
    "rename lost": _not_renamed,
    "name lost": _gone,
    "left over": _left_over,
}
LOSSES = (*_ONE, "several", "many")
"""What `lose` can do."""


def lose(kind: str, files: Sequence[Path], draw: random.Random) -> list[Path]:
    """Do `kind` to one of `files`, or to several (2 to 8) or many (half of them) each some kind;
    those that it was done to."""
    count = {"several": draw.randint(2, 8), "many": len(files) // 2}.get(kind, 1)
    chosen = draw.sample(files, min(count, len(files)))
    for path in chosen:
        damage = _ONE.get(kind) or draw.choice(list(_ONE.values()))
        if path.is_file() and path.stat().st_size:  # another name of a file that was emptied
            damage(path, draw)
    return chosen


def _write_over(path: Path, content: bytes) -> None:
    """The very file, under all names that it has."""
    mode = path.stat().st_mode
    path.chmod(0o600)
    path.write_bytes(content)
    path.chmod(mode)


def _temporary(path: Path, draw: random.Random) -> Path:
    return path.with_name(f"{_PART}{draw.getrandbits(32):08x}{path.suffix}")
