"""Test images made worse: what a corruption is, and how images are corrupted.

Kinds and strengths follow Hendrycks and Dietterich, "Benchmarking neural network robustness to
common corruptions and perturbations" (ICLR 2019), in units relative to the image.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vestry.registry import Registry

Images = NDArray[np.uint8]
Floats = NDArray[np.float32]
Draws = NDArray[np.uint64]
Function = Callable[[Floats, float, Draws], Floats]
"""From (n, height, width[, 3]) grey values 0 to 255, a strength, and (n, 2) random numbers of 64
bits, two for each image, to the corrupted values; what is beyond 0 to 255 is cut off."""

LEVELS = 5
"""Severities of every corruption."""
CLEAN, ALL = "clean", "all"
"""Not a corruption, and all of them together, where results name one."""
WHITE = 255
CHUNK_VALUES = 8_000_000


@dataclass(frozen=True)
class Corruption:
    """One way in which an image gets worse.

    name: its key in `results.json`. strengths: what the function takes at each severity, weakest
    first: parts of the image's side, of its area or of the range of grey values, so that they mean
    the same at 8 x 8 and at 224 x 224 pixels. unit: of a strength, as `results.json` says it.
    remark: a few words under a plot; how: a sentence's half, `{}` the strengths. shown: one
    strength as a reader wants it, for `str.format`; times: what it is multiplied by for that.
    """

    name: str
    function: Function
    strengths: tuple[float, ...]
    unit: str
    remark: str
    how: str
    shown: str = "{:.3g}%"
    times: float = 100

    def __post_init__(self) -> None:
        if self.name in (CLEAN, ALL) or "/" in self.name:
            raise ValueError(f"a corruption cannot be called {self.name!r}")
        if len(self.strengths) != LEVELS:
            raise ValueError(f"corruption {self.name}: {LEVELS} strengths, one a severity")

    @property
    def title(self) -> str:
        return self.name.capitalize()

    def strength_words(self, strength: float) -> str:
        """ "45°", "12%", "3.5%"."""
        return self.shown.format(self.times * strength)

    def how_words(self, strengths: Sequence[float]) -> str:
        """The sentence that says what was done to the images."""
        *first, last = map(self.strength_words, strengths)
        return f"{self.title}: {self.how.format(', '.join(first) + ' or ' + last)}."


CORRUPTIONS: Registry[Corruption] = Registry(
    "corruption", "vestry.robustness.corruptions", lambda thing: isinstance(thing, Corruption)
)


@dataclass(frozen=True)
class Severity:
    """One corruption in one of its strengths. level: 1 for the weakest."""

    corruption: str
    level: int

    @property
    def strength(self) -> float:
        """In the unit of its corruption."""
        return CORRUPTIONS[self.corruption].strengths[self.level - 1]

    @property
    def name(self) -> str:
        """ "rotation/3"."""
        return f"{self.corruption}/{self.level}"

    @property
    def picture(self) -> str:
        """The id of the picture that shows it."""
        return f"altered/{self.name}"


def severities() -> tuple[Severity, ...]:
    """Every corruption in every strength, in the order in which models are asked about them."""
    return tuple(Severity(name, level) for name in CORRUPTIONS for level in range(1, LEVELS + 1))


def versions() -> tuple[str, ...]:
    """Of every image: as it is, and as every severity leaves it."""
    return (CLEAN, *(severity.name for severity in severities()))


def corrupted(images: Images, ids: NDArray[np.str_], severity: Severity, seed: int) -> Images:
    """Every image as `severity` leaves it.

    images: (n, height, width[, 3]) uint8; ids: (n,) the rows' ids. Returns an array of the same
    shape and type. What is random follows from seed, severity and the row's id: every model sees
    the same corrupted images, and a row is corrupted alike whatever rows stand beside it.
    """
    function = CORRUPTIONS[severity.corruption].function
    result = np.empty_like(images)
    for part in _chunks(images):
        values = images[part].astype(np.float32)
        made = function(values, severity.strength, _draws(ids[part], severity, seed))
        np.rint(np.clip(made, 0, WHITE, out=made), out=made)
        result[part] = made
    return result


def _chunks(images: Images) -> Iterator[slice]:
    """Rows at a time, so that large images never stand in memory as floats all at once."""
    rows = max(1, CHUNK_VALUES // max(1, int(np.prod(images.shape[1:]))))
    return (slice(start, start + rows) for start in range(0, len(images), rows))


def _draws(ids: NDArray[np.str_], severity: Severity, seed: int) -> Draws:
    """(n, 2) random numbers of 64 bits that follow from seed, severity and id alone, on any
    machine."""
    names = [f"{seed}/{severity.name}/{name}".encode() for name in ids.tolist()]
    drawn = b"".join(hashlib.blake2b(name, digest_size=16).digest() for name in names)
    return np.frombuffer(drawn, "<u8").reshape(-1, 2)
