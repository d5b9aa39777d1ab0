"""The ladder's rungs: seven ways in which an image gets worse, each in five strengths.

A strength is a part of the image's side, of its area or of the range of grey values, so that it
means the same at 8 x 8 and at 224 x 224 pixels.
"""

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["shift", "rotation", "noise", "blur", "contrast", "inversion", "occlusion"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LEVELS = 5

STRENGTHS: dict[Kind, tuple[float, ...]] = {
    "shift": (0.04, 0.08, 0.12, 0.18, 0.25),
    "rotation": (5, 10, 20, 30, 45),
    "noise": (0.04, 0.08, 0.12, 0.18, 0.26),
    "blur": (0.02, 0.035, 0.05, 0.07, 0.1),
    "contrast": (0.2, 0.4, 0.6, 0.75, 0.9),
    "inversion": (0.2, 0.4, 0.6, 0.8, 1),
    "occlusion": (0.05, 0.1, 0.2, 0.3, 0.4),
}
UNITS: dict[Kind, str] = {
    "shift": "of a side",
    "rotation": "degrees",
    "noise": "of the range of grey values (standard deviation)",
    "blur": "of a side (standard deviation)",
    "contrast": "of the contrast lost",
    "inversion": "of the range of grey values, from the brightest",
    "occlusion": "of the area",
}


@dataclass(frozen=True)
class Rung:
    """One alteration. level: 1 for the weakest."""

    kind: Kind
    level: int

    @property
    def strength(self) -> float:
        """In the unit of its kind."""
        return STRENGTHS[self.kind][self.level - 1]

    @property
    def name(self) -> str:
        """ "rotation/3"."""
        return f"{self.kind}/{self.level}"


RUNGS: tuple[Rung, ...] = tuple(
    Rung(kind, level) for kind in KINDS for level in range(1, LEVELS + 1)
)
CLEAN = "clean"
