"""The section on the data: samples, class distribution and origin of the images."""

from collections.abc import Iterator
from dataclasses import dataclass

from vestry.report.formatting import counted, listed, per_cent, whole
from vestry.report.section import Section
from vestry.schema import data as schema
from vestry.schema.exploration_results import ExplorationResults
from vestry.schema.results import Results

# The data in words.


def balance(counts: list[int], classes: list[str]) -> str:
    """ "Balanced: 600 a class", or the smallest and the largest class."""
    low, high = min(counts), max(counts)
    if low == high:
        return f"Balanced: {whole(low)} a class."
    smallest, largest = classes[counts.index(low)], classes[counts.index(high)]
    same_low, same_high = counts.count(low) - 1, counts.count(high) - 1
    text = (
        f"From {whole(low)} ({smallest}{_others(same_low)}) "
        f"to {whole(high)} ({largest}{_others(same_high)}) a class"
    )
    if low == 0:
        return f"{text}: not every class is there."
    return f"{text}; the largest is {high / low:.2f} times the smallest."


def _others(count: int) -> str:
    return f" and {counted(count, 'other')}" if count else ""


def size(data: schema.Data) -> str:
    """Rows, classes and shape of the images."""
    shown = {name: split for name, split in data.splits.items() if name in _apart(data)}
    rows = listed([f"{whole(split.rows)} {name}" for name, split in shown.items()])
    if data.image_shape is None:
        return f"{rows} rows, in {len(data.classes)} classes. Their images were not looked at."
    height, width, *channels = data.image_shape
    colour = "in colour" if channels else "in grey"
    chosen = f" Models are chosen by {data.chosen_by}." if data.chosen_by else ""
    chosen += f" They are tested in {data.tested_by} of the same images." if data.tested_by else ""
    return (
        f"{rows} images of {height} \u00d7 {width} pixels {colour}, in {len(data.classes)} classes."
        f"{chosen}"
    )


def _apart(data: schema.Data) -> list[str]:
    """Splits of rows of their own; where folds choose or test, validation or test has none."""
    folded = {"validation": data.chosen_by, "test": data.tested_by}
    return [name for name in data.splits if not folded.get(name)]


def _shares_words(data: schema.Data) -> dict[str, str]:
    """Each split's part of all rows used."""
    total = sum(data.splits[name].rows for name in _apart(data))
    return {name: per_cent(split.rows / total) for name, split in data.splits.items()}


def fallback(data: schema.Data) -> str | None:
    """What was asked for and what was used instead, where they differ."""
    if not data.fell_back:
        return None
    return f"This study asked for {data.asked} and ran on {data.used}: {data.fell_back}"


_CLASSES_SHOWN = 25
_ENDS_SHOWN = 5


@dataclass(frozen=True)
class Bar:
    """A class's count and its length as a share of the largest class of the same split."""

    name: str
    count: int
    length: float


@dataclass(frozen=True)
class Split:
    """bars: every class in class order. ends: the largest and smallest, where classes are many."""

    name: str
    facts: schema.Split
    share: str
    balance: str
    bars: list[Bar]
    ends: list[Bar] | None


@dataclass(frozen=True)
class Dataset:
    facts: schema.Data
    size: str
    fallback: str | None
    splits: list[Split]
    samples: list[tuple[str, str]]
    columns: int
    samples_seed: int | None


def dataset_data(results: Results | ExplorationResults) -> Dataset:
    data = results.data
    shares = _shares_words(data)
    samples = data.samples
    labels = [data.classes[label] for label in samples.labels]
    return Dataset(
        facts=data,
        size=size(data),
        fallback=fallback(data),
        splits=[
            _split(name, facts, data.classes, shares[name]) for name, facts in data.splits.items()
        ],
        samples=list(zip(samples.ids, labels, strict=True)),
        columns=samples.columns,
        samples_seed=samples.seed,
    )


def _split(name: str, facts: schema.Split, classes: list[str], share: str) -> Split:
    counts = facts.class_counts
    largest = max(counts) or 1
    bars = [Bar(c, n, round(n / largest, 4)) for c, n in zip(classes, counts, strict=True)]
    return Split(name, facts, share, balance(counts, classes), bars, _ends(bars))


def _ends(bars: list[Bar]) -> list[Bar] | None:
    """The largest and the smallest classes, where all of them would be too many to look at."""
    if len(bars) <= _CLASSES_SHOWN:
        return None
    ordered = sorted(bars, key=lambda bar: -bar.count)
    return ordered[:_ENDS_SHOWN] + ordered[-_ENDS_SHOWN:]


def _images(page: Dataset) -> Iterator[str]:
    yield from (image for image, _ in page.samples)


SECTION = Section(
    key="dataset",
    data=dataset_data,
    template="dataset.html.j2",
    title="The data",
    anchor="data",
    chapter="data",
    images=_images,
)
