"""What a look at the images found before any model.

The distance of two images is that of their pixels, each image less its mean and over its length
(larger images averaged down to 1,024 pixels); under 0.1 is a correlation above 0.995. Each row is
compared with its nearest row of the first split, and with the five whose spectra (amplitudes of low
frequencies, which a shift leaves) are most alike, these shifted by one pixel to all eight sides:
then without the border of one pixel, so that it does not matter what came in.

Outlines are compared, too, in images of at least 16 pixels a side: gradients over their local
strength. Two images are one picture by these where they correlate by at least 0.7, and by more
than images of this data usually do: the margin over that, in Fisher's z, is above `facts.margin`,
which is learnt such that 0.1 pairs of different pictures are expected in a whole search.
"""

from typing import Literal

from pydantic import Field, JsonValue

from vestry.schema.base import Format, Record
from vestry.schema.data import Data
from vestry.schema.environment import Environment


class SplitFacts(Record):
    """Numbers of one split."""

    shape: list[int] = Field(description="rows, height, width and colours")
    bytes: int = Field(description="in memory")
    pixel_range: tuple[int, int] | None = Field(description="null without images")
    pixel_mean: float | None = Field(description="0..255; null without images")
    pixel_deviation: float | None = Field(description="null without images")
    class_counts: list[int] = Field(description="images a class")
    class_means: list[float | None] = Field(description="null for a class without images")
    class_deviations: list[float | None] = Field(description="null for a class without images")
    missing_values: int | None = Field(description="null where the source stores whole numbers")
    images_with_missing: int | None = Field(description="the same, in images")


class Facts(Record):
    """What the images are; nothing in it is estimated."""

    colour: bool = Field(description="whether they are in colour")
    dtype: str = Field(description="of pixels")
    image_shape: tuple[int, ...] = Field(description="`[height, width]` or `[height, width, 3]`")
    classes: list[str] = Field(description="names, in the order of labels")
    splits: dict[str, SplitFacts] = Field(description="by split")


class FoundImage(Record):
    """An image of a finding."""

    id: str = Field(description="of the image")
    split: str = Field(description="that it is in")
    label: int = Field(description="its class")


class FoundGroup(Record):
    """Images that belong together, such as a pair."""

    images: list[FoundImage] = Field(description="at most 24")
    found: int = Field(description="how many there are")
    value: float | None = Field(description="a distance or count, by the kind")


class Finding(Record):
    """Something that was looked for; `count` 0 says that it was not found.

    | `kind` | `count` | `severity` |
    |---|---|---|
    | `duplicates_within` | rows of the split that repeat an earlier one byte for byte | medium
    above 0.1%, else low |
    | `duplicates_across` | rows of the second split that stand in the first, too | high above 0.1%,
    else medium |
    | `label_conflict` | images that stand in the data with two labels | high |
    | `near_duplicates` | rows of the second split that have a row of the first closer than
    `facts.threshold`, as it stands or shifted by one pixel, or far more alike in its outlines than
    is usual; `value` is that distance, `facts.shifted` how many are so only shifted, `facts.alike`
    how many only by their outlines (null for images under 16 pixels, which are neither shifted nor
    compared in outlines, and where there are under 64 rows) | medium above 1%, else low |
    | `bursts` | images of one class whose names show that they are frames of one object, where they
    are as alike as frames are: of `facts.share` of them the most alike image of the class is of the
    same run, where `facts.chance` would be by chance. `facts.pattern` is that of the names; null
    where likeness alone shows it: then the nearest image of the class outside the run is
    `facts.apart` times as far as the nearest within, at the median. `runs` is
    how many, `longest` the most images of one, `parted` images of the last split whose run has
    images in another one, `kept` whether the study's `groups` say what belongs together | high
    where runs are parted, else medium |
    | `far_from_class` | images whose mean distance to the five nearest of their class has a robust
    z-score (`value`) above `facts.threshold` | low |
    | `damaged` | image files that could not be read and are in no split; `facts.files` names the
    first of them, `id` and `reason`. Only where the source is a folder | high above 0.1%, else
    medium |
    | `blank` | images of one value (`value`) | high above 0.1%, else medium |
    | `missing` | images with missing values, `value` of them | high above 0.1%, else medium |
    | `small_classes`, `absent_classes` | classes with fewer than 20 rows, with none | medium |
    | `unbalanced` | classes with less than half the rows of the largest | medium where
    `facts.ratio` is above 10, else low |
    | `constant_pixels` | pixel values that are the same in every image | info |
    """

    kind: str = Field(description="see above")
    splits: list[str] = Field(description="where it was looked for")
    severity: Literal["high", "medium", "low", "info"] = Field(description="`info` at a count of 0")
    count: int = Field(description="how often it was found")
    of: int = Field(description="how many there are")
    facts: dict[str, JsonValue] = Field(description="the kind's own numbers, such as a threshold")
    groups_found: int = Field(description="how many groups there are")
    groups: list[FoundGroup] = Field(description="at most 24")
    ids: list[str] | None = Field(
        description="for `duplicates_across` and `near_duplicates` all images of the second split "
        "that were found"
    )


class ClassSamples(Record):
    """Images of each class."""

    seed: int = Field(description="they were drawn with")
    a_class: int = Field(description="how many at most")
    ids: list[list[str]] = Field(description="of images, a list a class")


class Correlation(Record):
    """How pixels vary together. The matrix is in `figures/exploration.npz`: `correlation`, int8,
    hundredths, -128 where undefined."""

    rows: int = Field(description="images")
    size: tuple[int, int] = Field(description="height and width")
    averaged_from: tuple[int, int] | None = Field(description="the images' own size")
    grey_from_colour: bool = Field(description="whether colours were averaged")
    constant: int = Field(description="pixels that never vary")
    side_by_side: float | None = Field(description="mean correlation of neighbouring pixels")
    far_apart: float | None = Field(description="of those half the longer side or more apart")


class Sample(Record):
    """The images in the projections."""

    rows: int = Field(description="how many")
    of: int = Field(description="there are")
    labels: list[int] = Field(description="their classes")


class Pca(Record):
    """Principal components."""

    explained: list[float] = Field(description="two shares of variance")
    components: int = Field(description="that were computed")
    explained_by_all: float = Field(description="share of variance")
    x: list[float] = Field(description="one an image")
    y: list[float] = Field(description="one an image")


class Tsne(Record):
    """t-SNE of these components."""

    perplexity: float = Field(description="it was made with")
    steps: int = Field(description="that it took")
    x: list[float] = Field(description="one an image")
    y: list[float] = Field(description="one an image")


class OverlapPair(Record):
    """Two classes that lie among each other."""

    classes: tuple[int, int] = Field(description="labels")
    shared: int = Field(description="neighbours of the other class")
    share: float = Field(description="of all neighbours of both classes")


class Overlap(Record):
    """Nearest neighbours by class."""

    neighbours: int = Field(description="an image")
    dimensions: int = Field(description="that distances are taken in")
    pairs: list[OverlapPair] = Field(description="largest share first, at most ten")
    own: list[float | None] = Field(
        description="per class the share of nearest neighbours of the same class"
    )


class Exploration(Record):
    """The whole look."""

    seed: int = Field(description="for what was drawn")
    first_split: str = Field(
        description="the split that models learn from: per-class pictures, correlation and "
        "projections are of its rows"
    )
    facts: Facts = Field(description="in numbers")
    findings: list[Finding] = Field(
        description="everything that was looked for, worst first, what was not found last"
    )
    notes: list[str] = Field(
        description="what was compared in a smaller form, in part or not at all"
    )
    samples: ClassSamples = Field(description="to be shown")
    mean_images: list[str] = Field(
        description="ids of the mean image of each class that has rows: `mean/<class number>`"
    )
    correlation: Correlation = Field(description="of pixels")
    sample: Sample | None = Field(description="null where there are too few images")
    pca: Pca | None = Field(description="null where there are too few images")
    tsne: Tsne | None = Field(description="null where it was left out")
    overlap: Overlap | None = Field(description="null where there are too few images")


class SuggestedFile(Record):
    """A file of corrections that follow from the images: copies of one image that have several
    labels get that of most of them, or are left out where there is none of most."""

    file: str = Field(
        description="its name, beside `explore.json`; as `[data] corrections` reads it"
    )
    relabelled: int = Field(description="images that are to have another label")
    dropped: int = Field(description="images that are to be left out")
    sha256: str = Field(description="of its content as it was written")


class GroupsFile(Record):
    """A file of what belongs together, where images alone show that they are frames of objects."""

    file: str = Field(
        description="its name, beside `explore.json`; as `[data] groups = { file = ... }` reads it"
    )
    groups: int = Field(description="objects")
    images: int = Field(description="that it names; each other one stands for itself")
    sha256: str = Field(description="of its content as it was written")


class ExplorationResults(Record):
    """A source that was looked at."""

    format: Format = Field(description="of this file")
    title: str = Field(description="which source was looked at, in words")
    created: str = Field(description="when; UTC, ISO 8601")
    data: Data = Field(description="which images")
    exploration: Exploration = Field(description="what was found")
    corrections: SuggestedFile | None = Field(
        None, description="null where nothing follows from the images"
    )
    groups: GroupsFile | None = Field(
        None, description="null where names, or nothing, show what belongs together"
    )
    environment: Environment = Field(description="machine and versions")
    seconds: dict[str, float] = Field(description="`total`")
