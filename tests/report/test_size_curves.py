"""The figure over images a class: its points are the results', its sentences follow them."""

import itertools
from typing import Any

import example
import example_search
from drawings import corners, marks, texts

from vestry.report.models import models_in_study_order
from vestry.report.plot.curves import SizeCurve, SizePoint, has_bands, size_curve, size_figure
from vestry.report.plot.figure import Figure
from vestry.report.sections import size_curves as sentences
from vestry.report.sections.size_curves import size_curves_data
from vestry.report.table import Table


def curve(name: str, *means: float, deviation: float | None = 0.01, first: int = 5) -> SizeCurve:
    sizes = [first * 10**place for place in range(len(means))]
    seeds = 1 if deviation is None else 3
    points = [SizePoint(s, 10 * s, m, deviation, seeds) for s, m in zip(sizes, means, strict=True)]
    return SizeCurve(name, 0, points)


def figure(*curves: SizeCurve) -> Figure:
    return size_figure(curves, Table("sizes", "Sizes", (), ()))


def words(*curves: SizeCurve, apart: float = 0.015) -> str:
    """As if differences of `apart` and more had been found significant."""
    told = {
        (one.name, other.name, size): 1 if gap > 0 else -1
        for one, other in itertools.permutations(curves, 2)
        for size in set(one.at) & set(other.at)
        if abs(gap := one.at[size].mean - other.at[size].mean) >= apart
    }
    return " ".join(sentences.curves_words(list(curves), told))


def test_points_are_the_results(results: dict[str, Any]) -> None:
    assert size_curves_data(example.typed(results)) is None
    entry = results["members"]["Model-1"]
    example_search.add_learning_curve(entry, start=0.5, end=0.9)
    model = next(m for m in models_in_study_order(example.typed(results)) if m.name == "Model-1")
    found = size_curve(model)
    assert found is not None
    given = entry["learning_curve"]["test"]["accuracy"]
    assert [p.size for p in found.points] == example_search.SIZES
    assert [(p.mean, p.deviation) for p in found.points] == [
        (s["mean"], s["deviation"]) for s in given
    ]


def test_the_table_holds_test_and_validation(results: dict[str, Any]) -> None:
    for name, start in (("Model-1", 0.5), ("Model-2", 0.4)):
        example_search.add_learning_curve(results["members"][name], start=start, end=0.9)
    shown = size_curves_data(example.typed(results))
    assert shown is not None
    found = results["members"]["Model-2"]["learning_curve"]
    test, validation = (found[split]["accuracy"][1] for split in ("test", "validation"))
    rows = [row for row in shown.table.rows if row[0] == "Model-2"]
    assert rows[1][1:] == (
        10, 100, test["mean"], test["deviation"], validation["mean"], validation["deviation"], 3,
    )  # fmt: skip


def test_drawing_is_logarithmic_with_labels_at_the_end() -> None:
    shown = figure(curve("A", 0.5, 0.6, 0.7), curve("B", 0.4, 0.6, 0.8))
    for drawing in shown.drawings:
        first, _ = marks(drawing, "line usual")
        (low, _), (middle, _), (high, _) = corners(first)
        assert abs(middle - (low + high) / 2) < 0.2, "5, 50 and 500 are equally far apart"
        assert {"5", "50", "500", "70.0% A", "80.0% B"} <= set(texts(drawing))
        assert len(marks(drawing, "spread")) == 2


def test_many_curves_have_no_bands() -> None:
    curves = [curve(f"C{n}", 0.4 + n / 50, 0.5 + n / 50) for n in range(12)]
    assert not has_bands(curves)
    assert marks(figure(*curves).drawings[0], "spread") == []
    assert "stand in the table" in sentences.spread_remark(curves)


def test_no_spread_without_seeds_and_one_size_can_be_drawn() -> None:
    assert marks(figure(curve("A", 0.5, 0.6, deviation=None)).drawings[0], "spread") == []
    assert len(marks(figure(curve("A", 0.5)).drawings[0], "marker")) == 1
    assert "No spread is drawn" in sentences.spread_remark([curve("A", 0.5, deviation=None)])


def test_ahead_by_how_much_and_until_where() -> None:
    text = words(curve("Frozen", 0.6, 0.7, 0.8), curve("Scratch", 0.4, 0.69, 0.86))
    assert "With 5 images a class Frozen is right on 60.0% \u00b1 1.0, 20.0 points more" in text
    assert "more than Scratch (40.0% \u00b1 1.0)" in text
    assert "Only with 500 images a class is Scratch ahead, by 6.0 points." in text
    text = words(curve("Frozen", 0.6, 0.7, 0.8), curve("Scratch", 0.4, 0.75, 0.86))
    assert "From 50 images a class on, Scratch is ahead; with 500 images by 6.0 points." in text


def test_a_gap_that_closes_or_stays() -> None:
    closes = words(curve("A", 0.6, 0.71, 0.8), curve("B", 0.4, 0.70, 0.79))
    assert "From 50 images a class on, the two show no significant difference." in closes
    stays = words(curve("A", 0.6, 0.75, 0.85), curve("B", 0.4, 0.7, 0.79))
    assert "It stays ahead at every size; with 500 images a class by 6.0 points." in stays
    never = words(curve("A", 0.6, 0.7), curve("B", 0.6, 0.69))
    assert "show no significant difference. They stay so" in never


def test_nothing_is_said_to_be_ahead_that_no_test_has_shown() -> None:
    text = words(
        curve("A", 0.6, 0.7, deviation=None), curve("B", 0.4, 0.9, deviation=None), apart=1
    )
    assert "what another seed would change is not known" in text
    assert "ahead" not in text and "more than" not in text
    assert "show no significant difference. They stay so" in text


def test_the_tests_are_those_of_the_results(results: dict[str, Any]) -> None:
    difference = results["steps"][0]["difference"] | {
        "value": 0.1, "interval": [0.05, 0.15], "p_holm": 0.01
    }  # fmt: skip
    results["size_pairs"] = [
        {"images_per_class": 5, "one": "A", "other": "B", "difference": difference},
        {
            "images_per_class": 9,
            "one": "A",
            "other": "B",
            "difference": difference | {"p_holm": 0.1},
        },
    ]
    pairs = example.typed(results).size_pairs
    assert sentences.told_of(pairs) == {("A", "B", 5): 1, ("B", "A", 5): -1}


def test_one_curve_and_very_many() -> None:
    assert "With 5 images a class A is right on 50.0%" in words(curve("A", 0.5, 0.7))
    text = words(*[curve(f"C{n}", 0.4 + n / 20, 0.6 + n / 20) for n in range(8)])
    assert "4 further curves stand in the table." in text
    assert text.count("C7 is right") == 3


def test_curves_of_other_sizes_are_named() -> None:
    one, other = curve("A", 0.5, 0.7), curve("B", 0.5, 0.6, first=7)
    assert sentences.sizes_differ([one, one]) is None
    assert sentences.sizes_differ([one, other]) == "Not all sizes were learned by A and B."
    assert "1 further curve stands in the table." in words(one, other)


def test_members_without_sizes_are_left_out(results: dict[str, Any]) -> None:
    example_search.add_learning_curve(results["members"]["Model-1"], 0.5, 0.9, sizes=[5])
    curve = results["members"]["Model-1"]["learning_curve"]
    curve |= {"images_per_class": [], "training_rows": []}
    for split in ("validation", "test"):
        curve[split] = {key: [] for key in curve[split]}
    assert size_curves_data(example.typed(results)) is None
