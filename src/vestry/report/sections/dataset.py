"""The section on the data: its splits, its classes and where it comes from."""

from dataclasses import dataclass

from vestry.report.formatting import counted, listed, per_cent, whole
from vestry.report.plot.count_bars import Bar, count_bars
from vestry.report.plot.figure import Figure
from vestry.report.section import Section
from vestry.report.table import Column, Table, text_column
from vestry.schema import data as schema
from vestry.schema.exploration import ExplorationResults
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
        return f"{text}; not every class is there."
    return f"{text}; the largest is {high / low:.2f} times the smallest."


def _others(count: int) -> str:
    return f" and {counted(count, 'other')}" if count else ""


def size(data: schema.Data, *, with_classes: bool = True) -> str:
    """Rows and shape of the images; classes, where no heading has said how many."""
    shown = {name: split for name, split in data.splits.items() if name in _apart(data)}
    rows = listed([f"{whole(split.rows)} {name}" for name, split in shown.items()])
    if data.image_shape is None:
        return f"{rows} rows, in {len(data.classes)} classes. Their images were not looked at."
    height, width, *channels = data.image_shape
    colour = "in colour" if channels else "in grey"
    chosen = f" Models are chosen by {data.chosen_by}." if data.chosen_by else ""
    chosen += f" They are tested in {data.tested_by} of the same images." if data.tested_by else ""
    named = f", in {len(data.classes)} classes" if with_classes else ""
    return f"{rows} images of {height} \u00d7 {width} pixels {colour}{named}.{chosen}"


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


@dataclass(frozen=True)
class Dataset:
    """balance: of each split, in words; of all at once where every class has as many.
    bars: images a class, where classes differ."""

    facts: schema.Data
    size: str
    fallback: str | None
    balance: list[str]
    splits: Table
    classes: Table
    bars: Figure | None
    damaged: Table | None


def dataset_data(results: Results | ExplorationResults) -> Dataset:
    data = results.data
    return Dataset(
        facts=data,
        size=size(data),
        fallback=fallback(data),
        balance=_balances(data),
        splits=_splits(data),
        classes=_classes(data),
        bars=_bars(data),
        damaged=_damaged(data),
    )


def rows(data: schema.Data) -> int:
    """Images of all splits, each counted once."""
    return sum(data.splits[name].rows for name in _apart(data))


def of_each_class(data: schema.Data) -> int | None:
    """Images of all splits; None where classes differ in any."""
    splits = [data.splits[name].class_counts for name in _apart(data)]
    return sum(each[0] for each in splits) if all(len(set(s)) == 1 for s in splits) else None


def _balances(data: schema.Data) -> list[str]:
    splits = {name: data.splits[name].class_counts for name in _apart(data)}
    if total := of_each_class(data):
        each = listed([f"{whole(counts[0])} {name}" for name, counts in splits.items()])
        apart = f": {each}" if len(splits) > 1 else ""
        return [f"All {len(data.classes)} classes have {counted(total, 'image')}{apart}."]
    return [
        f"{name[0].upper()}{name[1:]}: {_continued(balance(counts, data.classes))}"
        for name, counts in splits.items()
    ]


def _continued(sentence: str) -> str:
    return f"{sentence[0].lower()}{sentence[1:]}"


def _splits(data: schema.Data) -> Table:
    shares = _shares_words(data)
    columns = (
        text_column("split", "Split"),
        Column("rows", "Rows", whole),
        text_column("share", "Of all"),
        text_column("taken", "How they were taken"),
    )
    found = [(name, s.rows, shares[name], s.rule) for name, s in data.splits.items()]
    return Table("splits", "Splits", columns, tuple(found))


def _classes(data: schema.Data) -> Table:
    columns = (
        text_column("class", "Class"),
        *(Column(name, name.capitalize(), whole) for name in data.splits),
    )
    counts = (split.class_counts for split in data.splits.values())
    return Table(
        "classes-counts",
        "Images of each class",
        columns,
        tuple(zip(data.classes, *counts, strict=True)),
    )


def _bars(data: schema.Data) -> Figure | None:
    """Of the split that models learn from."""
    name, split = next(iter(data.splits.items()))
    if len(set(split.class_counts)) == 1:
        return None
    counts = [Bar(c, n) for c, n in zip(data.classes, split.class_counts, strict=True)]
    return count_bars(
        "class-balance",
        f"Images of each class in {name}, the largest first",
        sorted(counts, key=lambda bar: -bar.value),
        "images",
        whole,
    )


def _damaged(data: schema.Data) -> Table | None:
    if not data.files or not data.files.damaged:
        return None
    found = data.files.damaged
    return Table(
        "damaged",
        f"Damaged files, left out: {whole(len(found))} of {whole(data.files.count)}",
        (text_column("file", "File"), text_column("reason", "Reason")),
        tuple((file.id, file.reason) for file in found),
    )


def _tables(page: Dataset) -> list[Table]:
    return [page.splits, page.classes, *([page.damaged] if page.damaged else [])]


SECTION = Section(
    key="dataset",
    data=dataset_data,
    template="dataset.html.j2",
    title="Splits, class balance and source",
    anchor="splits",
    chapter="data",
    tables=_tables,
    figures=lambda page: [page.bars] if page.bars else [],
)
