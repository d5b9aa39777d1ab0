"""Errors that a user can act on: what is wrong, where, and how to go on."""

import difflib
from collections.abc import Iterable


class VestryError(Exception):
    """Something the user can put right; its text is shown as it stands, without a traceback."""

    exit_code = 1


class StudyError(VestryError):
    """The study file, or a setting that overrides it, does not say something that can be done."""

    exit_code = 2


class DataError(VestryError):
    """The images or labels are missing, damaged or not what they claim to be."""


class DamagedError(DataError, ValueError):
    """A file of ours is empty or cut; a ValueError too, which is what its reader would raise."""


class MemberError(VestryError):
    """A member cannot be fitted, stored or restored."""


class ModelError(VestryError):
    """A model file is damaged, unsafe, or not one that `vestry export` wrote."""


class RunError(VestryError):
    """The run folder cannot be used as it is."""


class TableError(VestryError):
    """A probability table is damaged, or was asked to do what its split does not allow."""


_LONGEST = 1_000
"""Characters of what a library, or whoever wrote a file, has said."""


def one_line(error: BaseException) -> str:
    """The error's text on one line, with its kind where the text alone would not say enough;
    bounded where it is not ours."""
    text = " ".join(str(error).split())
    if isinstance(error, VestryError):
        return text
    text = bounded(text)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def bounded(text: str, most: int = _LONGEST) -> str:
    """`text`, or as much of it as anybody reads."""
    return text if len(text) <= most else f"{text[:most]}... ({len(text) - most:,} signs more)"


def printable(text: str) -> str:
    """A name as it may be shown and stored: whatever bytes it is made of, no control characters."""
    return "".join(sign if sign.isprintable() else _escape(sign) for sign in text)


def _escape(sign: str) -> str:
    """\\x1b; of a byte that is no UTF-8, which Python keeps as half of a pair, that byte."""
    half = 0xDC80 <= ord(sign) <= 0xDCFF
    return f"\\x{ord(sign) - 0xDC00:02x}" if half else sign.encode("unicode_escape").decode()


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The nearest of `known` as a question, or all of them where they are few and none is near."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    if near:
        return f"; did you mean `{near[0]}`?"
    return f"; there is {', '.join(f'`{name}`' for name in names)}" if 0 < len(names) <= 8 else ""
