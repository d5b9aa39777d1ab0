"""How wide a text will be, before any browser has drawn it."""

from collections.abc import Sequence

_NARROW, _SLIM, _WIDE = (
    frozenset("iljI|.,:;'!\u2019"),
    frozenset("frt()[] -/\u202f"),
    frozenset("mwMW@%"),
)
SIZE = 12
"""The size of figures' text in pixels."""
BOLD = 1.12
"""How much wider bold text is."""


def text_width(text: str, size: float = SIZE) -> float:
    """Pixels, of the widest of the usual sans-serif faces (DejaVu's): no text comes out wider."""
    return size * sum(_share(sign) for sign in text)


def _share(sign: str) -> float:
    if sign in _NARROW:
        return 0.34
    if sign in _SLIM:
        return 0.42
    if sign in _WIDE:
        return 0.98
    if ord(sign) > 0x2E80:
        return 1.0
    return 0.72 if sign.isupper() else 0.64


def shortened(text: str, room: float, size: float = SIZE) -> str:
    """As much of `text` as fits `room` pixels, with an ellipsis where something is missing."""
    if text_width(text, size) <= room:
        return text
    while text and text_width(f"{text}\u2026", size) > room:
        text = text[:-1]
    return f"{text.rstrip()}\u2026"


def in_two_lines(text: str, room: float, size: float = SIZE) -> list[str] | None:
    """`text` in at most two lines of `room` pixels, parted at a space; None where none fits."""
    words = text.split(" ")
    for first in range(len(words), 0, -1):
        lines = [" ".join(words[:first]), " ".join(words[first:])]
        if all(text_width(line, size) <= room for line in lines):
            return [line for line in lines if line]
    return None


def shortened_apart(
    texts: Sequence[str], room: float | Sequence[float], size: float = SIZE
) -> list[str]:
    """Each as by `shortened`; of those that would then read alike, the middle is left out.

    room: pixels, of all or of each."""
    rooms = [room] * len(texts) if isinstance(room, int | float) else list(room)
    short = [shortened(text, own, size) for text, own in zip(texts, rooms, strict=True)]
    return [
        _without_middle(text, own, size) if _is_like_another(place, short) else one
        for place, (text, own, one) in enumerate(zip(texts, rooms, short, strict=True))
    ]


def _is_like_another(place: int, short: Sequence[str]) -> bool:
    """Whether what is left of a text could be what is left of another, which had other room."""
    own = short[place]
    if not own.endswith("\u2026"):
        return False
    others = [one[:-1] for at, one in enumerate(short) if at != place and one.endswith("\u2026")]
    return any(one.startswith(own[:-1]) or own.startswith(one) for one in others)


def _without_middle(text: str, room: float, size: float) -> str:
    if text_width(text, size) <= room:
        return text
    for kept in range(len(text) - 1, 1, -1):
        start, end = text[: (kept + 1) // 2], text[len(text) - kept // 2 :]
        found = f"{start.rstrip()}\u2026{end.lstrip()}"
        if text_width(found, size) <= room:
            return found
    return "\u2026"
