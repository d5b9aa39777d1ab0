"""No word of a figure meets another or is cut, at any width, however many models and long names."""

import copy
from typing import Any

import example
import example_search
import pytest
from drawings import faults
from example_robustness import TRUTH, add_robustness

from made_corruptions import made_predictions
from vestry.report.contents import all_figures, all_tables, openings, page_data
from vestry.report.plot.canvas import Canvas
from vestry.report.plot.figure import Figure
from vestry.report.plot.figure import drawn as drawn_at
from vestry.report.table import Table

LONG = "A model with an exceedingly long name, number {}"
OWN = ("reliability", "answered", "worse", "epochs", "metrics", "trial", "cross", "images", "steps")


def everything(plan: example.Plan) -> dict[str, Any]:
    results, _ = example_search.build(plan)
    names = list(plan.strengths)
    made = {
        name: made_predictions(TRUTH, 0.9 - n / 40, 0.8 - n / 30, seed=n)
        for n, name in enumerate(names)
    }
    if len(plan.classes) == 10:
        add_robustness(results, made)
    return results


PLANS = {
    "usual": example.Plan(),
    "twelve": example.Plan(
        {LONG.format(n): 2.5 + n / 9 for n in range(12)},
        tuple(LONG.format(n) for n in range(2, 12)),
        tuple(LONG.format(n) for n in range(2, 5)),
    ),
    "two classes": example.Plan(classes=("yes", "no")),
}


def own(figures: list[Figure]) -> list[Figure]:
    return [figure for figure in figures if figure.key.startswith(OWN)]


@pytest.fixture(scope="module", params=PLANS)
def drawn(request: pytest.FixtureRequest) -> tuple[list[Figure], list[str]]:
    results = example.typed(copy.deepcopy(everything(PLANS[request.param])))
    page = page_data(results)
    opened = openings(results, page)
    return own(all_figures(page, opened)), [table.key for table in all_tables(page, opened)]


def test_words_that_meet_or_are_cut_are_found() -> None:
    def draw(width: int) -> Canvas:
        canvas = Canvas(width, 40)
        canvas.text((10, 10), "one and")
        canvas.text((30, 12), "another")
        canvas.text((width - 5, 30), "beyond")
        return canvas

    figure = drawn_at("f", "F", draw, Table("f", "F", (), ()), widths=(100,))
    assert faults(figure) == [
        "f at 100: 'one and' meets 'another'", "f at 100: 'beyond' is cut",
    ]  # fmt: skip


def test_every_word_has_room(drawn: tuple[list[Figure], list[str]]) -> None:
    figures, _ = drawn
    assert len(figures) > 20
    assert [fault for figure in figures for fault in faults(figure)] == []


def test_every_figure_has_its_numbers_and_no_key_comes_twice(
    drawn: tuple[list[Figure], list[str]],
) -> None:
    figures, tables = drawn
    keys = [figure.key for figure in figures]
    assert len(set(keys)) == len(keys)
    assert len(set(tables)) == len(tables)
    assert all(figure.data.rows for figure in figures)
    assert {figure.data.key for figure in figures} <= set(tables)
