"""Ranks follow validation alone; test images only mark who is ahead, behind or level."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from makers import analysed, small_run

from as_written import as_written
from vestry.evaluation.comparison import evaluate_seeds
from vestry.evaluation.decision_settings import DecisionSettings
from vestry.evaluation.intervals import paired_difference
from vestry.evaluation.paired_tests import mcnemar
from vestry.evaluation.predictions import Predictions
from vestry.evaluation.standing import PairBeside, beside_first, ranks, resolution, smallest_shown
from vestry.evaluation.two_way import mean_difference
from vestry.predictions.table import ProbabilityTable
from vestry.schema.significance import SmallestShown

FIGURES = st.lists(st.tuples(st.integers(-20, 0), st.integers(0, 5)), min_size=1)


@given(FIGURES.map(sorted))
def test_only_equal_figures_share_a_rank(figures):
    found = ranks(figures)
    assert found[0] == 1
    for place, ((before, rank), (own, after)) in enumerate(
        pairwise(zip(figures, found, strict=True)), 2
    ):
        assert after == (rank if own == before else place)


def test_rounding_is_no_difference():
    assert ranks([(-0.9, 0.3), (-0.9, 0.3 + 1e-12), (-0.9, 0.31), (-0.89, 0.1)]) == [1, 1, 3, 4]


def test_a_mark_never_contradicts_the_interval_beside_it():
    for only_one in range(0, 60, 3):
        for only_other in range(0, 60, 3):
            for rows in (150, 2000):
                shown = beside_first("A", [pair("A", "B", only_one, only_other, rows)], rows, 0.01)
                low, high = shown["B"].interval
                mark = shown["B"].mark
                assert mark != "level" or -0.01 <= low <= high <= 0.01
                assert mark != "ahead" or low > 0
                assert mark != "behind" or high < 0


def pair(one, other, only_one, only_other, rows):
    interval = paired_difference(only_one, only_other, rows)
    p = mcnemar(only_one, only_other).p
    return PairBeside(one, other, only_one, only_other, interval, p)


def test_marks_say_what_the_images_show():
    pairs = [
        pair("A", "B", 40, 2, 1000),
        pair("C", "A", 40, 2, 1000),
        pair("A", "D", 1, 1, 1000),
        pair("A", "E", 30, 20, 1000),
        pair("B", "C", 0, 90, 1000),
    ]
    found = beside_first("A", pairs, 1000, 0.01)
    marks = {name: entry.mark for name, entry in found.items()}
    assert marks == {"B": "behind", "C": "ahead", "D": "level", "E": "unknown"}
    assert found["B"].difference == -0.038 and found["C"].difference == 0.038
    low, high = paired_difference(40, 2, 1000)
    assert found["B"].interval == (-high, -low) and found["C"].interval == (low, high)


@given(st.integers(1, 298), st.data())
def test_fewer_than_three_hundred_images_never_show_a_level_of_one_point(rows, data):
    only_one = data.draw(st.integers(0, rows))
    only_other = data.draw(st.integers(0, rows - only_one))
    found = beside_first("A", [pair("A", "B", only_one, only_other, rows)], rows, 0.01)
    assert found["B"].mark != "level"


def first_rows(tables, count):
    """The same tables with fewer test rows."""
    test = tables["test"]
    few = ProbabilityTable(
        test.ids[:count], test.classes, test.probabilities[:count], test.maker, "test"
    )
    return {**tables, "test": few}


def test_ten_test_images_pull_nobody_up():
    """They tell nothing apart, and all the same the order and the ranks stay validation's."""
    results, evidence = small_run({"Good": 6.0, "Fair": 2.0, "Guess": 0.0, "Wrong": -6.0})
    tables = {name: first_rows(each, 10) for name, each in evidence.tables.items()}
    few = Predictions(tables, {**evidence.truths, "test": evidence.truth[:10]})
    for name, each in tables.items():
        results["members"][name] |= as_written(vars(evaluate_seeds({0: each}, few.truths)))
    found = analysed(results, few)
    assert [row.name for row in found.ranking] == ["Good", "Fair", "Guess", "Wrong"]
    assert [row.rank for row in found.ranking] == [1, 2, 3, 4]
    marks = [row.on_test and row.on_test.mark for row in found.ranking]
    assert marks[:2] == [None, "unknown"] and not {"level", "ahead"} & set(marks)
    intervals = found.members["Good"].intervals.test
    assert intervals["accuracy"][0] < 0.75 and intervals["f1_macro"] is None


def test_the_margin_of_the_study_is_that_of_the_marks():
    results, evidence = small_run({"A": 3.5, "B": 3.4})
    narrow, wide = (
        analysed(results, evidence, deciding=DecisionSettings(within=within)).ranking[1]
        for within in (0.001, 0.3)
    )
    assert (narrow.on_test.mark, wide.on_test.mark) == ("unknown", "level")


def test_the_smallest_difference_that_so_many_images_show():
    assert smallest_shown(0, 12) == 0.5 and smallest_shown(0, 5) == 1.0
    for differ in (100, 400, 1000):
        share = smallest_shown(differ, 10_000)
        won = round((differ + share * 10_000) / 2)
        assert mcnemar(won + 2, differ - won - 2).p < 0.05 < mcnemar(won - 4, differ - won + 4).p
    right = np.arange(100) < 80
    found = resolution([right[None], right[None], np.roll(right, 20)[None]], 3, [])
    sizes = [smallest_shown(differ, 100, 0.05 / 3) for differ in (0, 40)]
    assert found == SmallestShown(rows=100, difference=sum(sizes) / 2, tests=3)
    assert sizes[1] > smallest_shown(40, 100)


def test_no_difference_that_is_marked_is_below_what_can_be_seen():
    right = np.arange(600) < 480
    far = [np.roll(right, 200)[None]] * 3
    assert resolution([right[None], *far], 3, []).difference > 0.05
    assert resolution([right[None], *far], 3, [0.04, 0.2]).difference == 0.04
    unsure = np.stack([right, np.roll(right, 300)])
    few_seeds = resolution([right[None], unsure, right[None], right[None]], 3, [])
    assert few_seeds.difference < 0.02, "one pair of few seeds does not speak for all"


def test_over_seeds_it_is_what_their_own_test_shows():
    rng = np.random.default_rng(0)
    rights = [rng.random((3, 400)) < 0.8 for _ in range(2)]
    found = resolution(rights, 1, []).difference
    assert found == mean_difference(*rights).half(0.05)
