"""Figures: the data is the results', and the geometry puts it in the right place."""

import itertools
from typing import Any

import example
from hypothesis import given
from hypothesis import strategies as st

from vestry.report.models import Model, models_in_study_order
from vestry.report.plot.axis import moved_apart, round_axis, share_axis
from vestry.report.plot.lines import (
    Curves,
    Line,
    draw,
    member_curves,
    series_style,
    validation_curves,
)

finite = st.floats(min_value=-1e4, max_value=1e4, allow_nan=False)
shares = st.floats(min_value=0, max_value=1)


def networks_of(results: dict[str, Any]) -> list[Model]:
    return [m for m in models_in_study_order(example.typed(results)) if m.history]


@given(st.lists(finite, min_size=1, max_size=40))
def test_an_axis_holds_its_values_between_round_ends(values: list[float]) -> None:
    axis = round_axis(values)
    assert axis.low <= min(values) + 1e-6 and max(values) - 1e-6 <= axis.high
    assert 2 <= len(axis.ticks) <= 8
    assert all(0 <= axis.place(value) <= 1 for value in values)


@given(st.lists(shares, min_size=1, max_size=40))
def test_an_axis_of_shares_stays_within_them(values: list[float]) -> None:
    axis = share_axis(values)
    assert 0 <= axis.low < axis.high <= 1
    assert len(axis.ticks) >= 2


@given(st.lists(shares, min_size=1, max_size=20), st.floats(min_value=0.01, max_value=0.2))
def test_labels_are_moved_apart_in_order(places: list[float], gap: float) -> None:
    moved = moved_apart(places, gap)
    assert all(0 <= place <= 1 for place in moved)
    ordered = [moved[i] for i in sorted(range(len(places)), key=lambda i: places[i])]
    room = min(gap, 1 / len(places))
    assert all(b - a >= room - 2e-4 for a, b in itertools.pairwise(ordered))


def test_curves_hold_the_history(results: dict[str, Any]) -> None:
    for network in networks_of(results):
        history = network.history
        titles = []
        for curves in member_curves(network):
            titles.append(curves.title)
            assert curves.epochs == history["epoch"]
            assert curves.marked_epoch == 6
        assert titles == [
            "Loss", "Accuracy", "Precision, macro", "Recall, macro",
            "Precision, micro at 0.5", "Recall, micro at 0.5",
        ]  # fmt: skip
        loss = member_curves(network)[0]
        assert [line.values for line in loss.lines] == [
            history["train_loss"],
            history["validation_loss"],
        ]


def test_columns_that_are_missing_or_empty_leave_no_line(results: dict[str, Any]) -> None:
    network = networks_of(results)[0]
    history = network.history
    del history["validation_loss"]
    history["validation_accuracy"] = [None] * 11
    loss, accuracy = member_curves(network)[:2]
    assert [line.name for line in loss.lines] == ["train"]
    assert [line.name for line in accuracy.lines] == ["train"]
    assert validation_curves([network]) is None


def test_all_networks_in_one_figure(results: dict[str, Any]) -> None:
    networks = networks_of(results)
    curves = validation_curves(networks)
    assert curves is not None
    assert [line.name for line in curves.lines] == [m.name for m in networks]
    assert len({line.style for line in curves.lines}) == len(networks)
    assert curves.lines[0].values == networks[0].history["validation_accuracy"]


def test_series_beyond_the_colours_are_dashed() -> None:
    assert len({series_style(number) for number in range(24)}) == 24


def test_drawing_puts_points_where_they_belong() -> None:
    line = Line("train", [0.0, None, 1.0], "train")
    drawing = draw(Curves("Accuracy", "", [1, 2, 3], [line], marked_epoch=2), 150)
    assert drawing.paths == [("M0 1000h0M1000 0h0", "train")]
    assert drawing.marked_x == 0.5
    assert [tick.text for tick in drawing.x_ticks] == ["1", "2", "3"]
    assert drawing.labels[0].text == "100.0% train"
    assert (drawing.y_ticks[0].text, drawing.y_ticks[0].y) == ("0%", 1)


def test_one_epoch_can_be_drawn() -> None:
    drawing = draw(Curves("Loss", "", [1], [Line("train", [0.5], "train")], 1, False), 150)
    assert drawing.paths[0][0].startswith("M500 ")
    assert [tick.text for tick in drawing.x_ticks] == ["1"]
