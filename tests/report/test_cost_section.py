"""What models cost: the figures, the table and the sentences above them."""

import itertools
import re
from typing import Any

import example
import pytest
from cost_example import cost
from hypothesis import given, settings
from hypothesis import strategies as st
from test_page import drawn

from vestry.report.formatting import file_size, milliseconds, two_digits
from vestry.report.plot.figure import Figure
from vestry.report.plot.pareto import Scale, Spent, cost_axis, pareto
from vestry.report.plot.placing import Box, Spot, around, box, placed
from vestry.report.plot.text import text_width
from vestry.report.sections import costs as sentences
from vestry.report.sections.costs import Costs, cost_data

Results = dict[str, Any]


def data(results: Results) -> Costs:
    found = cost_data(example.typed(results))
    assert found is not None
    return found


def rows_of(figure: Figure) -> dict[str, dict[str, Any]]:
    """What is taken home of a figure, by model."""
    keys = [column.key for column in figure.data.columns]
    return {str(row[0]): dict(zip(keys, row, strict=True)) for row in figure.data.rows}


def texts_of(figure: Figure) -> list[list[str]]:
    """Of each of its drawings."""
    return [re.findall(r"<text[^>]*>([^<]*)</text>", drawing) for drawing in figure.drawings]


def test_both_figures_hold_every_measured_model(results: Results) -> None:
    time, size = data(results).figures
    rows = rows_of(time)
    assert set(rows) == {*results["members"], "Committee"} == set(rows_of(size))
    assert rows["Forest"]["on_pareto_front"] and rows["Forest"]["recommended"]
    assert not rows["Model-2"]["on_pareto_front"] and not rows["Model-2"]["recommended"]
    assert rows["Linear"]["latency_ms"] < rows["Forest"]["latency_ms"]
    assert rows["Linear"]["validation_accuracy"] == accuracy(results, "Linear")
    assert rows_of(size)["Linear"]["size_mb"] == pytest.approx(0.047, rel=0.01)
    for texts in texts_of(time):
        assert {*results["members"], "Committee"} <= set(texts)
        assert "accuracy" in texts and "ms for one image, log scale" in texts
        assert not any("limit" in text for text in texts)
    assert all(drawing.count('class="ring"') == 1 for drawing in time.drawings)


def accuracy(results: Results, name: str) -> float:
    return float(results["members"][name]["scores"]["validation"]["accuracy"])


def test_limits_are_drawn_with_their_numbers(results: Results) -> None:
    results["decision"]["settings"] |= {"max_ms": 0.11, "max_mb": 2.0, "min_accuracy": 0.905}
    results["decision"]["excluded"] = [{"name": "Model-2", "limits": []}]
    time, size = data(results).figures
    for texts in texts_of(time):
        assert [text for text in texts if "limit" in text] == ["limit 0.11", "limit 90.5%"]
    assert "limit 2" in texts_of(size)[0]
    assert "dashed: limits; pale: kept out by a limit" in time.remark
    assert rows_of(time)["Model-2"]["within_limits"] is False
    assert all(drawing.count("faint") == 1 for drawing in time.drawings)


@pytest.mark.parametrize(("better", "up"), [("higher", True), ("lower", False)])
def test_the_figure_is_of_the_score_that_chooses(results: Results, better: str, up: bool) -> None:
    """Up is better, whatever that score is."""
    results["score"] = {
        "name": "balanced_accuracy", "label": "Balanced accuracy", "words": "balanced accuracy",
        "better": better, "unit": "share", "rarest": 0.1,
    }  # fmt: skip
    for row in results["ranking"]:
        row |= {"validation_score": 0.5, "test_score": 0.5}
    results["ranking"][0] |= {"validation_score": 0.9, "test_score": 0.8}
    results["decision"]["settings"] |= {"min_score": 0.4, "min_accuracy": 0.95}
    (time, _), first = data(results).figures, results["ranking"][0]["name"]
    assert time.title.startswith("Balanced accuracy over time")
    assert rows_of(time)[first]["validation_balanced_accuracy"] == 0.9
    assert "limit 40%" in texts_of(time)[0] and "limit 95%" not in texts_of(time)[0]
    heights = [
        float(y)
        for y in re.findall(r'class="marker [^"]*" d="M[\d.]+ ([\d.]+)', str(time.drawings[1]))
    ]
    names = [row[0] for row in time.data.rows]
    assert len(heights) == len(names)
    assert (min(heights) < sorted(heights)[1] - 20) is up


def test_a_model_without_figures_is_left_out_and_its_reason_stands_below(results: Results) -> None:
    images = example.build()[1]
    results["members"]["Linear"]["cost"] |= {
        "latency": None, "bytes": None, "images_per_second": None,
        "reason": "ONNX knows no such thing",
    }  # fmt: skip
    assert "Linear" not in rows_of(data(results).figures[0])
    assert "Linear has no measured cost: ONNX knows no such thing." in drawn(results, images).words


def test_sentences_follow_the_measured_times(results: Results) -> None:
    first, front = data(results).lead
    assert first == "One image takes Linear 0.031 ms and Committee 1 ms, 33 times as long."
    assert front.startswith("Linear, Forest and Model-1 stand on the Pareto front")
    results["members"]["Model-2"]["cost"] = cost(90.0, 100)
    assert "Model-2 90 ms, 2,900 times" in data(results).lead[0]
    results["decision"]["pareto"]["latency"] = ["Linear"]
    assert data(results).lead[1] == (
        "Linear stands on the Pareto front of accuracy against time; the other 5 models are no "
        "better in the one and worse in the other than one of them."
    )
    results["decision"]["pareto"]["latency"] = [*results["members"], "Committee"]
    assert data(results).lead[1].startswith("No model is beaten by another")


def test_how_it_was_measured_is_said_with_its_rounds(results: Results) -> None:
    assert (
        "with 1 thread" in data(results).remarks[-2]
        and "over 200 rounds" in data(results).remarks[-2]
    )
    results["members"]["Model-2"]["cost"] = cost(90.0, 100, rounds=13)
    text = " ".join(data(results).remarks)
    assert "over 13 to 200 rounds" in text and "fewer than 100 rounds it is the slowest" in text
    assert "A committee costs what its members cost together" in text


def test_without_costs_nothing_of_them_is_shown(results: Results) -> None:
    images = example.build()[1]
    results["decision"] = None
    for entry in [*results["members"].values(), *results["committees"].values()]:
        del entry["cost"]
    found = data(results)
    assert found.figures == [] and found.lead == [] and found.table is None
    words = drawn(results, images).words
    assert "What each model costs" not in words and "99th percentile" not in words
    assert "Fit time" in words


def test_a_run_without_models_has_no_section(results: Results) -> None:
    none = {"members": {}, "committees": {}, "ranking": []}
    assert cost_data(example.typed(results | none)) is None


SCALE = Scale("ms for one image", "latency_ms", "accuracy", "validation_accuracy", True)


def test_models_of_one_cost_and_accuracy_can_be_drawn() -> None:
    alike = [Spent(name, 0, 0.9, 1.0, True, name == "a", False) for name in "ab"]
    found = pareto("time", "Time", alike, SCALE)
    for drawing in found.drawings:
        places = dict(re.findall(r'y="([\d.]+)"[^>]*>([ab])</text>', drawing))
        assert len(places) == 2
    axis = cost_axis([3.0], 300)
    assert axis.high / axis.low == pytest.approx(4.0)


@settings(max_examples=40, deadline=None)
@given(low=st.floats(1e-4, 1e4), span=st.floats(1, 1e7), pixels=st.floats(200, 900))
def test_numbers_of_costs_never_touch(low: float, span: float, pixels: float) -> None:
    axis = cost_axis([low, low * span], pixels)
    ends = [
        (x - text_width(two_digits(tick)) / 2, x + text_width(two_digits(tick)) / 2)
        for tick in axis.ticks
        for x in [axis.place(tick) * pixels]
    ]
    assert axis.ticks and all(one[1] < other[0] for one, other in itertools.pairwise(ends))


AREA = Box(46, 20, 540, 256)


@pytest.mark.parametrize("count", [1, 5, 12])
@settings(max_examples=15, deadline=None)
@given(values=st.data())
def test_names_cover_no_dot_and_no_other_name(count: int, values: st.DataObject) -> None:
    """Spread over a figure as a dozen models are: three to a band of it."""
    bands = [(number % 4) / 4 for number in range(count)]
    height = AREA.bottom - AREA.top
    spots = [
        Spot(
            values.draw(st.floats(AREA.left, AREA.right)),
            AREA.top + (band + values.draw(st.floats(0.02, 0.22))) * height,
            105,
        )
        for band in bands
    ]
    boxes = [box(spot, place) for spot, place in zip(spots, placed(spots, AREA), strict=True)]
    for number, own in enumerate(boxes):
        assert all(own.overlap(other) == 0 for other in boxes[number + 1 :])
        assert own.left >= AREA.left - 0.01 and own.right <= AREA.right + 0.01  # of a pixel
        assert all(own.overlap(around(spot.x, spot.y, 1)) == 0 for spot in spots)


@pytest.mark.parametrize(
    ("value", "text", "up", "down"),
    [
        (0.0611, "0.061", "0.062", "0.061"),
        (1.0, "1", "1", "1"),
        (3.0, "3", "3", "3"),
        (9.96, "10", "10", "9.9"),
        (123.0, "120", "130", "120"),
        (0.29, "0.29", "0.29", "0.29"),
    ],
)
def test_two_digits(value: float, text: str, up: str, down: str) -> None:
    assert (two_digits(value), two_digits(value, True), two_digits(value, False)) == (
        text, up, down,
    )  # fmt: skip


def test_times_and_sizes_are_said_in_their_units() -> None:
    assert [milliseconds(v) for v in (None, 0.0312, 54.6, 1234.0)] == [
        "\u2013", "0.031 ms", "55 ms", "1.2 s",
    ]  # fmt: skip
    assert [file_size(v) for v in (None, 47_123, 370_000, 96_400_000)] == [
        "\u2013", "47 kB", "0.37 MB", "96 MB",
    ]  # fmt: skip
    assert sentences.times_as_long(2.34) == "2.3 times as long"
