"""Labelled images that came with a model, decoded once: to be tried, and to set answers beside."""

import base64
import io
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vestry.data.image_file import DAMAGE, read_image
from vestry.errors import DataError, ModelError, one_line
from vestry.export.bundle import Bundle, KnownImages
from vestry.serve import schemas

_Pixels = NDArray[np.uint8]
_Directions = NDArray[np.float32]

_MOST = 10_000
"""Images that one file may bring."""
_LONGEST_SPRITE = 2**26
"""Characters of base64."""
_LONGEST = 320
"""Pixels of a shown picture's longer side; what is larger is made smaller."""
_SMALLEST_LENGTH = 1e-6
_DIGITS = 4
_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class KnownSet:
    """images: (n, height, width[, 3]) uint8. labels, ids: one an image. directions: (n, pixels),
    unit vectors."""

    classes: tuple[str, ...]
    images: _Pixels
    labels: NDArray[np.int64]
    ids: tuple[str, ...]
    directions: _Directions

    @classmethod
    def of(cls, known: KnownImages, bundle: Bundle) -> "KnownSet":
        """Raises ModelError where the strip of images is not what the bundle says."""
        count = len(known.labels)
        if count != len(known.ids) or count > _MOST:
            raise ModelError(f"{count} labels and {len(known.ids)} ids of known images in the file")
        labels = np.array(known.labels, np.int64).reshape(count)
        if not ((labels >= 0) & (labels < len(bundle.classes))).all():
            raise ModelError("a known image in the file has a label that is none of its classes")
        images = _decoded(known.sprite, (count, *bundle.image_shape))
        return cls(bundle.classes, images, labels, known.ids, _directions(images))

    def entries(self) -> list[schemas.Sample]:
        """For JSON: every image with its class."""
        return [self._entry(row) for row in range(len(self.ids))]

    def _entry(self, row: int) -> schemas.Sample:
        label = int(self.labels[row])
        return {
            "id": self.ids[row],
            "class": self.classes[label],
            "label": label,
            "image": picture_url(Image.fromarray(self.images[row])),
        }

    def likeness(self, images: _Pixels, ids: NDArray[np.str_] | None = None) -> NDArray[np.float32]:
        """(n,) how like each of (n, height, width[, 3]) images is to the known one, of whatever
        class, that it is most like; -1 where there is none.

        Similarity as in `nearest`. ids: (n,) of the images; one that is itself among the known is
        set beside the others.
        """
        found = np.full(len(images), -1, np.float32)
        if len(self.ids) == 0:
            return found
        for start in range(0, len(images), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            similarity = _directions(images[part]) @ self.directions.T
            if ids is not None:
                similarity[ids[part, None] == np.array(self.ids)] = -1
            found[part] = similarity.max(axis=1)
        return found

    def nearest(self, image: _Pixels, label: int, count: int) -> list[schemas.Near]:
        """The `count` images of class `label` most like `image`, the most alike first; fewer where
        there are fewer.

        similarity: the cosine of both images' pixels, each less its mean: 1 for the same picture,
        whatever its brightness and contrast.
        """
        rows = np.nonzero(self.labels == label)[0]
        similarity = self.directions[rows] @ _directions(image[None])[0]
        order = np.argsort(-similarity, kind="stable")[:count].tolist()
        return [
            {**self._entry(int(rows[k])), "similarity": round(float(similarity[k]), _DIGITS)}
            for k in order
        ]


def _decoded(sprite: str, shape: tuple[int, ...]) -> _Pixels:
    """(n, height, width[, 3]) from a PNG in base64, the images below each other."""
    count, height, width = shape[:3]
    if count == 0:
        return np.empty(shape, np.uint8)
    try:
        if len(sprite) > _LONGEST_SPRITE:
            raise ModelError(f"{len(sprite):,} characters of known images in the file")
        strip = read_image(base64.b64decode(sprite, validate=True), "its known images")
        if strip.size != (width, height * count):
            raise ModelError(
                f"its known images are {strip.width} x {strip.height} pixels; {count} of "
                f"{width} x {height} were expected"
            )
        pixels = np.asarray(strip.convert("RGB" if len(shape) == 4 else "L"))
    except (*DAMAGE, DataError) as error:
        raise ModelError(f"its known images cannot be read ({one_line(error)})") from None
    return pixels.reshape(shape)


def _directions(images: _Pixels) -> _Directions:
    """(n, pixels) float32: each image less its mean, at length 1; zeros for a blank one."""
    values = images.reshape(len(images), math.prod(images.shape[1:])).astype(np.float32)
    values -= values.mean(axis=1, keepdims=True)
    lengths = np.sqrt((values**2).sum(axis=1, keepdims=True))
    found: _Directions = values / np.maximum(lengths, _SMALLEST_LENGTH)
    return found


def picture_url(picture: Image.Image) -> str:
    """As it stands in JSON: a PNG in a data URL."""
    if max(picture.size) > _LONGEST:
        picture = picture.copy()
        picture.thumbnail((_LONGEST, _LONGEST), Image.Resampling.BOX)
    # What a file said beside its pixels (a place, a date) must not go back out.
    picture.info = {}
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
