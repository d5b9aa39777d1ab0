"""The recommendation in simulated studies: what it costs in accuracy, and whom it finds."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import decisions

POINT = 0.01
SLACK = 0.1 * POINT
"""Of a hundred studies' mean."""


@pytest.mark.parametrize("shared", [0.0, decisions.SHARED])
@pytest.mark.parametrize(
    ("rows", "studies", "most"), [(50, 60, 0.0), (100, 60, 1.0), (1000, 15, 0.3)]
)
def test_little_is_lost_against_the_best_and_against_the_first(rows, studies, most, shared):
    first, before, now = decisions.shortfalls(rows, shared, studies, seed=900 + rows)
    assert now <= first + 0.5 * POINT
    assert now <= max(first, most * POINT) + SLACK
    assert now < before - POINT, "microseconds no longer decide"


def test_of_equal_models_the_cheapest_is_found_where_rows_can_show_it():
    assert decisions.cheapest_taken(10_000, 10, seed=77) >= 0.8
    assert decisions.cheapest_taken(100, 30, seed=78) < 0.6, "chance, as with the first by figures"
