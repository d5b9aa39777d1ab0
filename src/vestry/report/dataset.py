"""The fifth section's data: samples, class distribution and origin of the images."""

from dataclasses import dataclass
from typing import Any

from vestry.report.models import Results
from vestry.report.sentences import dataset as sentences

CLASSES_SHOWN = 25
ENDS_SHOWN = 5


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
    facts: dict[str, Any]
    share: str
    balance: str
    bars: list[Bar]
    ends: list[Bar] | None


@dataclass(frozen=True)
class Dataset:
    facts: dict[str, Any]
    size: str
    fallback: str | None
    splits: list[Split]
    samples: list[tuple[str, str]]
    columns: int
    samples_seed: int | None


def dataset_data(results: Results) -> Dataset:
    data = results["data"]
    shares = sentences.shares(data)
    samples = data["samples"]
    labels = [data["classes"][label] for label in samples["labels"]]
    return Dataset(
        facts=data,
        size=sentences.size(data),
        fallback=sentences.fallback(data),
        splits=[
            split(name, facts, data["classes"], shares[name])
            for name, facts in data["splits"].items()
        ],
        samples=list(zip(samples["ids"], labels, strict=True)),
        columns=samples["columns"],
        samples_seed=samples["seed"],
    )


def split(name: str, facts: dict[str, Any], classes: list[str], share: str) -> Split:
    counts = facts["class_counts"]
    largest = max(counts) or 1
    bars = [Bar(c, n, round(n / largest, 4)) for c, n in zip(classes, counts, strict=True)]
    return Split(name, facts, share, sentences.balance(counts, classes), bars, ends(bars))


def ends(bars: list[Bar]) -> list[Bar] | None:
    """The largest and the smallest classes, where all of them would be too many to look at."""
    if len(bars) <= CLASSES_SHOWN:
        return None
    ordered = sorted(bars, key=lambda bar: -bar.count)
    return ordered[:ENDS_SHOWN] + ordered[-ENDS_SHOWN:]
