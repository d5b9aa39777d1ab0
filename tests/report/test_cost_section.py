"""What models cost: the figures, the table and the sentences above them."""

from typing import Any

import example
import pytest
from cost_example import cost
from hypothesis import given, settings
from hypothesis import strategies as st
from test_page import drawn

from vestry.report.formatting import file_size, milliseconds, two_digits
from vestry.report.plot.pareto import (
    HEIGHT,
    WIDTHS,
    Point,
    Spent,
    around,
    box,
    cost_axis,
    pareto,
    placed,
)
from vestry.report.sections import costs as sentences
from vestry.report.sections.costs import Costs, cost_data

Results = dict[str, Any]


def data(results: Results) -> Costs:
    found = cost_data(example.typed(results))
    assert found is not None
    return found


def test_both_figures_hold_every_measured_model(results: Results) -> None:
    time, size = data(results).figures
    assert {model.name for model in time.models} == {*results["members"], "Committee"}
    shown = {model.name: model for model in time.models}
    assert shown["Forest"].style == "front taken" and shown["Model-2"].style == ""
    assert shown["Linear"].x < shown["Forest"].x < shown["Model-1"].x
    assert shown["Model-1"].y < shown["Forest"].y < shown["Model-2"].y
    assert "Linear 0.031 ms, " in time.words and "Linear 47 kB, " in size.words
    assert not [tick for tick in time.x_ticks + time.y_ticks if tick.is_limit]


def test_limits_are_ticks_of_their_own_and_touch_no_other(results: Results) -> None:
    results["decision"]["settings"] |= {"max_ms": 0.11, "max_mb": 2.0, "min_accuracy": 0.905}
    results["decision"]["excluded"] = [{"name": "Model-2", "limits": []}]
    time, size = data(results).figures
    assert [tick.text for tick in time.x_ticks if tick.is_limit] == ["0.11 ms"]
    assert [tick.text for tick in size.x_ticks if tick.is_limit] == ["2 MB"]
    assert [tick.text for tick in time.y_ticks if tick.is_limit] == ["90.5%"]
    assert "0.1 ms" not in [tick.text for tick in time.x_ticks]
    assert next(m for m in time.models if m.name == "Model-2").style == "out"


def test_a_model_without_figures_is_left_out_and_its_reason_stands_below(results: Results) -> None:
    images = example.build()[1]
    results["members"]["Linear"]["cost"] |= {
        "latency": None, "bytes": None, "images_per_second": None,
        "reason": "ONNX knows no such thing",
    }  # fmt: skip
    assert "Linear" not in {model.name for model in data(results).figures[0].models}
    assert "Linear has no measured cost: ONNX knows no such thing." in drawn(results, images).words


def test_sentences_follow_the_measured_times(results: Results) -> None:
    first, front = data(results).lead
    assert first == "One image takes Linear 0.031 ms and Committee 1 ms, 33 times as long."
    assert front.startswith("Linear, Forest and Model-1 stand on the front")
    results["members"]["Model-2"]["cost"] = cost(90.0, 100)
    assert "Model-2 90 ms, 2,900 times" in data(results).lead[0].replace("\u202f", ",")
    results["decision"]["pareto"]["latency"] = ["Linear"]
    assert data(results).lead[1] == (
        "Linear stands on the front of accuracy against time; the other 5 models are no better in "
        "the one and worse in the other than one of them."
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


def test_without_costs_the_table_stays_and_the_figures_go(results: Results) -> None:
    images = example.build()[1]
    results["decision"] = None
    for entry in [*results["members"].values(), *results["committees"].values()]:
        del entry["cost"]
    found = data(results)
    assert found.figures == [] and found.lead == [] and not found.measured
    words = drawn(results, images).words
    assert "What each model costs" in words and "99th percentile" not in words


def test_a_run_without_models_has_no_section(results: Results) -> None:
    none = {"members": {}, "committees": {}, "ranking": []}
    assert cost_data(example.typed(results | none)) is None


def test_models_of_one_cost_and_accuracy_can_be_drawn() -> None:
    alike = [Spent(name, 0.9, 1.0, True, name == "a", False) for name in "ab"]
    found = pareto("Time", "time", alike, milliseconds)
    assert {(model.x, model.y) for model in found.models} == {(0.5, 0.5)}
    assert found.models[0].name == "a" and found.models[0].label != found.models[1].label
    axis = cost_axis([3.0])
    assert axis.high / axis.low == pytest.approx(4.0)


@pytest.mark.parametrize("count", [1, 5, 12])
@settings(max_examples=15, deadline=None)
@given(values=st.data())
def test_names_cover_no_dot_and_no_other_name(count: int, values: st.DataObject) -> None:
    """Spread over a figure as a dozen models are: three to a band of it."""
    bands = [(number % 4) / 4 for number in range(count)]
    points = [
        Point(
            f"Model number {number}",
            values.draw(st.floats(0, 1)),
            (band + values.draw(st.floats(0.02, 0.22))) * HEIGHT,
        )
        for number, band in enumerate(bands)
    ]
    found = placed(points, HEIGHT)
    for width in WIDTHS:
        boxes = [box(point, place, width) for point, place in zip(points, found, strict=True)]
        for number, own in enumerate(boxes):
            assert all(own.overlap(other) == 0 for other in boxes[number + 1 :])
            assert own.left >= -0.01 and own.right <= width + 0.01  # of a pixel
            dots = [around(point.x * width, point.y, 1) for point in points]
            assert all(own.overlap(dot) == 0 for dot in dots)


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
