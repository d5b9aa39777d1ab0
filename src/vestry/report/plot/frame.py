"""The frame of a plot: its axes with ticks, grid lines and titles, and where a value stands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vestry.report.plot.axis import Axis, LogAxis, moved_apart
from vestry.report.plot.canvas import Canvas, Point
from vestry.report.plot.text import BOLD, SIZE, shortened_apart, text_width

LABEL_GAP = 15.0
"""Pixels between the middles of two labels."""


@dataclass(frozen=True)
class Frame:
    """A rectangle of the canvas, in pixels from its top left, with a scale each way."""

    canvas: Canvas
    left: float
    top: float
    right: float
    bottom: float
    across: Axis | LogAxis
    upwards: Axis | LogAxis

    def x(self, value: float) -> float:
        return self.left + self.across.place(value) * (self.right - self.left)

    def y(self, value: float) -> float:
        return self.bottom - self.upwards.place(value) * (self.bottom - self.top)

    def at(self, across: float, upwards: float) -> Point:
        return self.x(across), self.y(upwards)

    def draw_across(self, text: Callable[[float], str], title: str) -> None:
        """Ticks below the frame, each joined to its grid line, and the axis's title."""
        for tick in self.across.ticks:
            x = self.x(tick)
            self.canvas.line((x, self.top), (x, self.bottom + 4), "rule")
            self.canvas.text((x, self.bottom + 14), text(tick), "quiet", "middle")
        middle = (self.left + self.right) / 2
        self.canvas.text((middle, self.bottom + 33), title, "quiet", "middle")

    def draw_upwards(self, text: Callable[[float], str], title: str) -> None:
        """Ticks left of the frame, each joined to its grid line, and the title above them."""
        for tick in self.upwards.ticks:
            y = self.y(tick)
            self.canvas.line((self.left - 4, y), (self.right, y), "rule")
            self.canvas.text((self.left - 8, y), text(tick), "quiet", "end")
        self.canvas.text((0, self.top - 16), title, "quiet")


@dataclass(frozen=True)
class EndLabel:
    """A line's name beside its end, `y` pixels from the top. style: the line's."""

    text: str
    y: float
    style: str = ""
    is_bold: bool = False
    can_be_bold: bool = False


def draw_end_labels(canvas: Canvas, labels: Sequence[EndLabel], frame: Frame, room: float) -> None:
    """Names right of the frame, moved apart, each joined to its line's end. room: pixels."""
    height = frame.bottom - frame.top
    shares = [(label.y - frame.top) / height for label in labels]
    places = moved_apart(shares, LABEL_GAP / height)
    rooms = [(room - 17) / (BOLD if label.is_bold or label.can_be_bold else 1) for label in labels]
    texts = shortened_apart([label.text for label in labels], rooms)
    for label, share, text in zip(labels, places, texts, strict=True):
        y = frame.top + share * height
        canvas.line((frame.right + 2, label.y), (frame.right + 14, y), f"leader {label.style}")
        style = f"{label.style} bold" if label.is_bold else label.style
        canvas.text((frame.right + 17, y), text, style)


def margin_for(texts: Sequence[str], most: float, size: float = SIZE) -> float:
    """Pixels that the widest of `texts` needs, at most `most`."""
    return min(most, max((text_width(text, size) for text in texts), default=0.0))
