"""The section on pixels: what they are, how they differ between splits, how they vary together."""

from dataclasses import dataclass

from vestry.report.formatting import counted, decimal, whole
from vestry.report.section import Section
from vestry.report.sections import findings
from vestry.report.table import Column, Table, text_column
from vestry.schema import exploration as schema
from vestry.schema.exploration import ExplorationResults
from vestry.schema.results import Results

_MEGABYTE = 1e6


@dataclass(frozen=True)
class Pixels:
    """facts: what the images are, and what never changes in them."""

    facts: list[str]
    splits: Table
    correlation: str
    remark: str
    is_coarse: bool


def pixels(results: Results | ExplorationResults) -> Pixels | None:
    """None for a run that did not look at its data."""
    look = results.exploration
    if not look:
        return None
    brightness = _brightest_and_darkest(look.facts, look.first_split)
    constant = [
        findings.sentence(entry, look.facts.classes)
        for entry in look.findings
        if entry.kind == "constant_pixels" and entry.count
    ]
    height, width = look.correlation.size
    return Pixels(
        facts=[_size(look.facts), *([brightness] if brightness else []), *constant],
        splits=_splits(look.facts),
        correlation=_correlation(look.correlation),
        remark=f"{_correlation_remark(look.correlation)} The {height} blocks along each side are "
        "the rows of the image.",
        is_coarse=height * width < 256,
    )


def _splits(facts: schema.Facts) -> Table:
    columns = (
        text_column("split", "Split"),
        Column("images", "Images", whole),
        Column("lowest", "Lowest pixel", whole),
        Column("highest", "Highest pixel", whole),
        Column("mean", "Mean", _one_digit),
        Column("deviation", "Deviation", _one_digit),
        Column("missing", "Missing values", _missing),
        Column("bytes", "In memory", _memory),
    )
    rows = [
        (
            name,
            split.shape[0],
            *(split.pixel_range or (None, None)),
            split.pixel_mean,
            split.pixel_deviation,
            split.missing_values,
            split.bytes,
        )
        for name, split in facts.splits.items()
    ]
    return Table("pixels", "Pixels of each split, 0 to 255", columns, tuple(rows))


def _one_digit(value: float | None) -> str:
    return decimal(value, 1)


def _missing(count: int | None) -> str:
    return "none possible" if count is None else whole(count)


def _memory(count: int) -> str:
    return f"{count / _MEGABYTE:.1f} MB" if count >= _MEGABYTE / 10 else f"{count / 1000:.1f} kB"


# In words.


def _size(facts: schema.Facts) -> str:
    """What one image is."""
    height, width, *_ = facts.image_shape
    colour = "in colour (red, green, blue)" if facts.colour else "in grey"
    return (
        f"Each image is {height} \u00d7 {width} pixels {colour}, held as {facts.dtype} "
        f"(0 to 255), with one of {len(facts.classes)} labels."
    )


def _brightest_and_darkest(facts: schema.Facts, split: str) -> str | None:
    means = facts.splits[split].class_means
    known = [(mean, facts.classes[i]) for i, mean in enumerate(means) if mean is not None]
    if len(known) < 2:
        return None
    low, high = min(known), max(known)
    return (
        f"The brightest class is {high[1]} (mean pixel {decimal(high[0], 1)}), "
        f"the darkest {low[1]} ({decimal(low[0], 1)})."
    )


def _correlation(facts: schema.Correlation) -> str:
    """How near and distant pixels vary together."""
    near, far = facts.side_by_side, facts.far_apart
    said = []
    if near is not None:
        said.append(f"Pixels side by side have a mean correlation of {decimal(near, 2)}.")
    if far is not None:
        said.append(
            f"For pixels half the image or more apart it is {decimal(round(far, 2) + 0.0, 2)}."
        )
    text = " ".join(said) or "No two pixels that vary stand side by side."
    if facts.constant:
        text += (
            f" {whole(facts.constant)} of {whole(facts.size[0] * facts.size[1])} pixels "
            "never vary and have no correlation (grey)."
        )
    return text


def _correlation_remark(facts: schema.Correlation) -> str:
    """What the matrix was computed from."""
    height, width = facts.size
    text = (
        f"Pearson\u2019s correlation of each pair of {whole(height * width)} pixels over "
        f"{counted(facts.rows, 'image')}, pixels in reading order."
    )
    if facts.grey_from_colour:
        text += " Colours were averaged to grey."
    if facts.averaged_from:
        before = facts.averaged_from
        text += (
            f" Images were averaged down from {before[0]} \u00d7 {before[1]} to "
            f"{height} \u00d7 {width}."
        )
    return text


SECTION = Section(
    key="exploration",
    data=pixels,
    is_shown=lambda page: page is not None,
    template="audit.html.j2",
    title="Pixels",
    anchor="exploration",
    chapter="data",
    tables=lambda page: [page.splits],
)
