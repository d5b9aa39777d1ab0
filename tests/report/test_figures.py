"""Figures: the data is the results', and the geometry puts it in the right place."""

import itertools
from typing import Any

from drawings import corners, marks, texts
from hypothesis import given
from hypothesis import strategies as st

from vestry.report.plot.axis import Axis, moved_apart, round_axis, share_axis
from vestry.report.plot.canvas import Canvas, series_style
from vestry.report.plot.lines import Line, Plot, Scale, draw_plot, share_scale
from vestry.report.plot.text import shortened_apart, text_width

finite = st.floats(min_value=-1e4, max_value=1e4, allow_nan=False)
shares = st.floats(min_value=0, max_value=1)


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


def test_series_beyond_the_colours_are_dashed() -> None:
    assert len({series_style(number) for number in range(24)}) == 24


def test_colour_and_marker_of_thirty_six_models_differ() -> None:
    canvas = Canvas(10, 10)
    for number in range(36):
        canvas.marker((5, 5), number)
    looks = {
        " ".join(word for word in mark.attrib["class"].split() if not word.startswith("dash"))
        for mark in marks(canvas.svg("x"), "marker")
    }
    assert len(looks) == 36


def line_of(points: list[tuple[float, float] | None], **more: Any) -> Plot:
    scale = share_scale([0.0, 1.0], "accuracy")
    epochs = Scale(Axis(1.0, 3.0, (1.0, 2.0, 3.0)), lambda epoch: f"{epoch:.0f}", "epoch")
    return Plot([Line("one", points, 0, "one")], epochs, scale, **more)


def test_a_line_puts_points_where_they_belong_and_leaves_gaps() -> None:
    plot = line_of([(1, 0.0), None, (3, 1.0)], marked=2.0, reference=0.5)
    canvas = Canvas(400, 300)
    frame = draw_plot(canvas, (50, 20, 350, 220), plot, 50)
    drawing = canvas.svg("x")
    (line,) = marks(drawing, "line")
    assert line.attrib["d"] == "M50 220h0M350 20h0"
    upright, level = marks(drawing, "marked")
    assert corners(upright) == [(200, 20), (200, 220)]
    assert corners(level) == [(50, 120), (350, 120)]
    assert frame.at(2, 0.5) == (200, 120)
    assert {"1", "2", "3", "epoch", "accuracy", "0%", "100%", "one"} <= set(texts(drawing))


@given(st.lists(st.text("abc xyz", min_size=1, max_size=40), min_size=1, max_size=8))
def test_names_that_are_cut_have_room(names: list[str]) -> None:
    for text, name in zip(shortened_apart(names, 90.0), names, strict=True):
        assert text_width(text) <= 90
        assert text == name or "\u2026" in text


def test_names_that_begin_alike_are_cut_in_the_middle() -> None:
    names = [f"A network with a long name {n}" for n in range(3)]
    cut = shortened_apart(names, 120.0)
    assert len(set(cut)) == 3 and [text[-1] for text in cut] == ["0", "1", "2"]
    assert shortened_apart(["one", "another that is long"], 60.0)[1].endswith("\u2026")


def test_names_alike_at_their_start_are_told_apart_where_one_is_bold() -> None:
    """Bold text has less room, so that the same start is cut at other places."""
    names = ["A member with a long name, 1", "A member with a long name, 2", "Other"]
    first, second, other = shortened_apart(names, [120.0, 100.0, 100.0])
    assert first.endswith("1") and second.endswith("2") and other == "Other"
