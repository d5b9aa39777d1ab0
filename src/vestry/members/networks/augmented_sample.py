"""One training image and variants of it, so that a reader sees what augmentation does."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.members.member import FitJob
from vestry.members.networks.augmentation import variants
from vestry.members.networks.augmentation_settings import Augmentation
from vestry.run_folder import atomic_path

PICTURES = "pictures.npz"
VARIANTS = 16
NOTE = (
    "Its training figures, epoch by epoch, are those of augmented images; its validation figures "
    "are of images as they are."
)


@dataclass(frozen=True)
class AugmentedSample:
    """settings: what was done. image, label: of the first training image; the id is None where the
    fit was given none. pictures: (variants, height, width[, 3]) uint8.
    """

    settings: Augmentation
    image: str | None
    label: int
    pictures: NDArray[np.uint8]

    @classmethod
    def of(cls, settings: Augmentation | None, job: FitJob) -> "AugmentedSample | None":
        """None where images are trained on as they are."""
        if settings is None or not settings.alters:
            return None
        pictures = variants(settings, job.images[0], VARIANTS, job.seed)
        image = None if job.ids is None else str(job.ids[0])
        return cls(settings, image, int(job.labels[0]), pictures)

    @property
    def ids(self) -> list[str]:
        return [f"augmented/{number:02d}" for number in range(len(self.pictures))]

    def card(self) -> dict[str, Any]:
        return {
            "settings": self.settings.model_dump(mode="json"),
            "words": self.settings.words(),
            "image": self.image,
            "label": self.label,
            "variants": self.ids,
        }

    def save(self, folder: Path) -> None:
        """`pictures.npz`: `ids` and `images`."""
        with atomic_path(folder / PICTURES) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, ids=np.array(self.ids), images=self.pictures)
