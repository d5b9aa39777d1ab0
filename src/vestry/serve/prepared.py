"""A picture ready for a model, and how it came to be."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

AS_IT_IS = "Taken as it is: it has the model's size already."


@dataclass(frozen=True)
class Step:
    """One step of the preparation: its name, what was done and why, the picture after it."""

    name: str
    words: str
    picture: Image.Image


@dataclass(frozen=True, eq=False)
class Prepared:
    """image: uint8, of the bundle's `image_shape`. words: what was done, in a sentence. untouched:
    whether nothing was. steps: for the strip; empty unless asked for. warnings: what makes an
    answer doubtful."""

    image: NDArray[np.uint8]
    words: str
    untouched: bool
    steps: list[Step] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
