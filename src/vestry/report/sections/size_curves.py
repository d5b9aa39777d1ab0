"""Accuracy over images a class: who is ahead with few of them, and until where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from vestry.evaluation.difference import sign
from vestry.report.formatting import (
    NOTHING,
    between,
    counted,
    listed,
    per_cent,
    points,
    whole,
    with_deviation,
)
from vestry.report.models import models_in_study_order
from vestry.report.plot.curves import SizeCurve, SizePoint, has_bands, size_curve, size_figure
from vestry.report.plot.figure import Figure
from vestry.report.section import Section
from vestry.report.table import Column, Table, text_column
from vestry.schema.ablations import SizePair
from vestry.schema.results import Results

# Learning curves in words: who is ahead with few images, by how much, and where that ends.


_MOST_COMPARED = 3
Told = Mapping[tuple[str, str, int], int]
"""By two names and a size: 1 where the first is significantly better there, -1 where it is worse;
not there where it is neither."""


def told_of(pairs: Sequence[SizePair]) -> Told:
    signs = [(pair, sign(pair.difference)) for pair in pairs]
    told = {(pair.one, pair.other, pair.images_per_class): way for pair, way in signs if way}
    return told | {(other, one, size): -way for (one, other, size), way in told.items()}


def curves_words(found: list[SizeCurve], told: Told) -> list[str]:
    """A paragraph each: what is shown, then the first leader against each other curve."""
    if len(found) == 1:
        return [_what(found), _grows(found[0])]
    compared = _compared_curves(found)
    said = [_what(found), *(" ".join(_against(*pair, told)) for pair in compared)]
    left = len(found) - 1 - len(compared)
    return [*said, _left_out(left)] if left else said


def _what(found: list[SizeCurve]) -> str:
    seeds = sorted({point.seeds for curve in found for point in curve.points})
    if seeds == [1]:
        over = "each point is one fit, so what another seed would change is not known"
    elif len(seeds) == 1:
        over = f"each point is the mean of {counted(seeds[0], 'seed')}"
    else:
        over = f"each point is the mean of {seeds[0]} to {seeds[-1]} seeds"
    return f"Accuracy on all test images by the number of training images a class; {over}."


def _grows(curve: SizeCurve) -> str:
    """A single curve's ends."""
    first, last = curve.points[0], curve.points[-1]
    start = f"With {_images(first.size)} a class {curve.name} is right on {_figure(first)}"
    if first is last:
        return f"{start}."
    return f"{start}, with {_images(last.size)} on {_figure(last)}."


def _images(size: int) -> str:
    return counted(size, "image")


def _figure(point: SizePoint) -> str:
    return with_deviation(point.mean, point.deviation)


def _shared(one: SizeCurve, other: SizeCurve) -> list[int]:
    return sorted(set(one.at) & set(other.at))


def _compared_curves(found: list[SizeCurve]) -> list[tuple[SizeCurve, SizeCurve]]:
    """The best curve at the smallest size against each other that has sizes in common with it."""
    smallest = min(point.size for curve in found for point in curve.points)
    there = [curve for curve in found if smallest in curve.at]
    leader = max(there, key=lambda curve: curve.at[smallest].mean)
    others = [c for c in found if c is not leader and _shared(leader, c)]
    order = sorted(others, key=lambda c: -c.at[_shared(leader, c)[0]].mean)
    return [(leader, other) for other in order[:_MOST_COMPARED]]


def _against(leader: SizeCurve, other: SizeCurve, told: Told) -> list[str]:
    """One pair: the gap at the smallest size they share, and how the sizes after it change it."""
    sizes = _shared(leader, other)
    first = sizes[0]
    one, two = leader.at[first], other.at[first]
    gap = points(abs(between(one.mean, two.mean))).lstrip("+")
    ahead, behind = (leader, other) if one.mean >= two.mean else (other, leader)
    start = (
        f"With {_images(first)} a class {ahead.name} is right on {_figure(ahead.at[first])}, {gap} "
        f"points more than {behind.name} ({_figure(behind.at[first])})."
    )
    if not told.get((leader.name, other.name, first)):
        start = (
            f"With {_images(first)} a class {leader.name} ({_figure(one)}) and {other.name} "
            f"({_figure(two)}) show no significant difference."
        )
    later = _change(ahead, behind, sizes, told)
    return [start, later] if later else [start]


def _standing(ahead: SizeCurve, behind: SizeCurve, size: int, told: Told) -> str:
    """ "ahead", "open" or "behind": how the first of two stands at a size."""
    return {1: "ahead", -1: "behind", 0: "open"}[told.get((ahead.name, behind.name, size), 0)]


@dataclass(frozen=True)
class _Change:
    """How a pair stands in the end. since: the first size from which on it stands so."""

    ahead: str
    behind: str
    gap: str
    since: int
    sizes: list[int]

    @property
    def last(self) -> str:
        return _images(self.sizes[-1])


def _change(ahead: SizeCurve, behind: SizeCurve, sizes: list[int], told: Told) -> str | None:
    """Where the first stops being ahead for good, or that it never does."""
    if len(sizes) < 2:
        return None
    stands = {size: _standing(ahead, behind, size, told) for size in sizes}
    last = sizes[-1]
    since = list(takewhile(lambda size: stands[size] == stands[last], reversed(sizes)))[-1]
    gap = points(abs(between(ahead.at[last].mean, behind.at[last].mean))).lstrip("+")
    said = {"ahead": _still_ahead, "open": _closed, "behind": _overtaken}[stands[last]]
    return said(_Change(ahead.name, behind.name, gap, since, sizes))


def _still_ahead(found: _Change) -> str:
    if found.since == found.sizes[0]:
        return f"It stays ahead at every size; with {found.last} a class by {found.gap} points."
    return f"With {found.last} a class {found.ahead} is ahead by {found.gap} points."


def _closed(found: _Change) -> str:
    if found.since == found.sizes[0]:
        return "They stay so at every size."
    return f"From {_images(found.since)} a class on, the two show no significant difference."


def _overtaken(found: _Change) -> str:
    if found.since == found.sizes[-1]:
        return f"Only with {found.last} a class is {found.behind} ahead, by {found.gap} points."
    return (
        f"From {_images(found.since)} a class on, {found.behind} is ahead; with {found.last} by "
        f"{found.gap} points."
    )


def _left_out(count: int) -> str:
    return f"{counted(count, 'further curve')} {'stands' if count == 1 else 'stand'} in the table."


def spread_remark(found: list[SizeCurve]) -> str:
    """How the spread is drawn, and what it is."""
    tested = (
        "Which differences are significant is tested over images and seeds, all sizes and curves "
        "adjusted together."
    )
    if not any(point.deviation for curve in found for point in curve.points):
        return "No spread is drawn: no point has more than one seed."
    if not has_bands(found):
        return f"Sample deviations over seeds stand in the table. {tested}"
    return f"The bands reach a sample deviation over seeds above and below the mean. {tested}"


def sizes_differ(found: list[SizeCurve]) -> str | None:
    """That not every curve has every size."""
    every = {point.size for curve in found for point in curve.points}
    lacking = [curve.name for curve in found if set(curve.at) != every]
    if not lacking:
        return None
    return f"Not all sizes were learned by {listed(lacking)}."


@dataclass(frozen=True)
class SizeCurves:
    """table: images a class, training rows, then test and validation accuracy of each curve."""

    sentences: list[str]
    figure: Figure
    remark: str
    table: Table


def size_curves_data(results: Results) -> SizeCurves | None:
    """None where no member was fitted on several sizes."""
    members = [model for model in models_in_study_order(results) if not model.is_committee]
    found = [(m, curve) for m in members if (curve := size_curve(m, "test"))]
    if not found:
        return None
    curves = [curve for _, curve in found]
    table = _table(curves, [size_curve(m, "validation") for m, _ in found])
    remarks = [spread_remark(curves), sizes_differ(curves)]
    return SizeCurves(
        sentences=curves_words(curves, told_of(results.size_pairs)),
        figure=size_figure(curves, table),
        remark=" ".join(text for text in remarks if text),
        table=table,
    )


def _table(tests: list[SizeCurve], validations: list[SizeCurve | None]) -> Table:
    """A row a member and size."""
    columns = (
        text_column("model", "Model"),
        Column("images_per_class", "Images a class", whole),
        Column("training_rows", "Training rows", whole),
        Column("test", "Test", per_cent),
        Column("test_deviation", "\u00b1 over seeds", _points),
        Column("validation", "Validation", per_cent),
        Column("validation_deviation", "\u00b1 over seeds", _points),
        Column("seeds", "Seeds", whole),
    )
    rows = []
    for test, validation in zip(tests, validations, strict=True):
        beside = validation.at if validation else {}
        for point in test.points:
            other = beside.get(point.size)
            rows.append(
                (
                    test.name,
                    point.size,
                    point.training_rows,
                    point.mean,
                    point.deviation,
                    other.mean if other else None,
                    other.deviation if other else None,
                    point.seeds,
                )
            )
    return Table("images-per-class", "Accuracy by images a class", columns, tuple(rows))


def _points(share: float | None) -> str:
    return NOTHING if share is None else f"{100 * share:.1f}"


SECTION = Section(
    key="sizes",
    data=size_curves_data,
    template="size_curves.html.j2",
    title="Accuracy over images a class",
    anchor="sizes",
    chapter="learning",
    tables=lambda sizes: [sizes.table],
    figures=lambda sizes: [sizes.figure],
)
