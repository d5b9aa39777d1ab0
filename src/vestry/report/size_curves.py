"""Data of the learning section's figure over images a class."""

from dataclasses import dataclass

from vestry.report.figures.size_curves import DrawnSizes, SizeCurve, draw_sizes, size_curve
from vestry.report.models import Model
from vestry.report.numbers import NOTHING, whole, with_deviation
from vestry.report.sentences import size_curves as sentences


@dataclass(frozen=True)
class SizeCurves:
    """rows: images a class, training rows, then test and validation accuracy of each curve."""

    sentences: list[str]
    drawing: DrawnSizes
    remark: str
    names: list[str]
    rows: list[list[str]]


def size_curves_data(members: list[Model]) -> SizeCurves | None:
    """None where no member was fitted on several sizes."""
    found = [(m, curve) for m in members if (curve := size_curve(m, "test"))]
    if not found:
        return None
    curves = [curve for _, curve in found]
    drawing = draw_sizes(curves)
    remarks = [sentences.spread_remark(drawing.as_bands, curves), sentences.sizes_differ(curves)]
    return SizeCurves(
        sentences=sentences.curves(curves),
        drawing=drawing,
        remark=" ".join(text for text in remarks if text),
        names=[curve.name for curve in curves],
        rows=rows(curves, [size_curve(m, "validation") for m, _ in found]),
    )


def rows(tests: list[SizeCurve], validations: list[SizeCurve | None]) -> list[list[str]]:
    points = {point.size: point for curve in tests for point in curve.points}
    table = []
    for size in sorted(points):
        cells = [whole(size), whole(points[size].training_rows)]
        for test, validation in zip(tests, validations, strict=True):
            cells += [cell(test, size), cell(validation, size)]
        table.append(cells)
    return table


def cell(curve: SizeCurve | None, size: int) -> str:
    point = curve.at.get(size) if curve else None
    return with_deviation(point.mean, point.deviation) if point else NOTHING
