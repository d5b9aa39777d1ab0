"""What the images are and how they were split."""

from typing import Literal

from pydantic import Field

from vestry.schema.base import Record


class DamagedFile(Record):
    """An image file that was left out."""

    id: str = Field(description="the file's path inside the source")
    reason: str = Field(description="what is wrong with it, in words")


class Files(Record):
    """Image files of a folder."""

    count: int = Field(description="how many there are")
    damaged: list[DamagedFile] = Field(description="those that cannot be read")


class Split(Record):
    """The rows of one split."""

    rows: int = Field(description="images")
    class_counts: list[int] = Field(description="images a class, in class order")
    pixel_range: tuple[int, int] | None = Field(
        description="lowest and highest pixel value, 0..255; null without images"
    )
    pixel_mean: float | None = Field(description="of all pixel values, 0..255; null without images")
    pixel_deviation: float | None = Field(
        description="standard deviation of all pixel values; null without images"
    )
    rule: str = Field(description="how these rows were taken, in words")


class Corrections(Record):
    """What a file of corrections came to."""

    file: str = Field(description="its name")
    sha256: str = Field(description="of its content")
    relabelled: dict[str, int] = Field(description="images with another label, by split")
    dropped: dict[str, int] = Field(description="images left out, by split")
    left: int = Field(description="lines about test images, which were left as they are")
    unused: int = Field(description="lines that changed nothing")


class Samples(Record):
    """A seeded grid of training images."""

    seed: int | None = Field(description="they were drawn with; null where none are shown")
    columns: int = Field(description="of the grid")
    ids: list[str] = Field(description="of the images")
    labels: list[int] = Field(description="of the images")


class Data(Record):
    """Which images these are."""

    asked: str = Field(description="the source that the study asks for")
    used: str = Field(description="the source that was used")
    fell_back: str | None = Field(description="why they differ")
    licence: str | None = Field(description="of the images, in words; null where not known")
    preparation: Literal["resized", "fitted", "cropped", "stored", "photograph"] | None = Field(
        None,
        description="how images were made of pictures: `resized`, `fitted` or `cropped`, of "
        "picture files as `docs/study.md` says; `stored`, arrays as they were found; "
        "`photograph`, as Fashion-MNIST's were",
    )
    notes: list[str] = Field(description="what was done to the rows")
    files: Files | None = Field(None, description="of a folder, else null")
    corrections: Corrections | None = Field(None, description="null without such a file")
    warnings: list[str] = Field(
        default_factory=list,
        description="classes that splits lack or have in other shares, files left out",
    )
    fingerprint: str = Field(description="of all rows, in order")
    classes: list[str] = Field(description="names, in the order of labels")
    image_shape: tuple[int, ...] | None = Field(
        description="`[height, width]` or `[height, width, 3]`; null where tables alone were judged"
    )
    splits: dict[str, Split] = Field(
        description="`training`, `validation` and `test`; of an exploration `train` and, where "
        "there are such, `validation` and `test`"
    )
    samples: Samples = Field(description="training images to be shown")
    chosen_by: str | None = Field(
        None,
        description="folds that models are chosen by, in words: then `validation` is all training "
        "rows, each answered by models that had not seen it; null where rows are set aside",
    )
    tested_by: str | None = Field(
        None,
        description="folds that test, in words: then `test`, too, is all training rows; null where "
        "rows are set aside",
    )

    @property
    def source_name(self) -> str:
        """The source that was used, without the folders of whoever ran the study: what is passed
        on tells no one's."""
        kind, colon, place = self.used.partition(":")
        return kind + colon + place.rstrip("/").rpartition("/")[2] if colon else self.used
