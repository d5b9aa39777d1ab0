"""The guarantee of a threshold: what it must be whatever the rows, and that it holds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestry.evaluation.selective_threshold import (
    fewest_rows,
    guaranteed_place,
    rows_that_would_do,
)

CONFIDENCE = 0.95
GROUPS = st.lists(st.tuples(st.integers(1, 400), st.floats(0, 0.3)), min_size=1, max_size=12)
"""Rows of equal confidence, and the share of mistakes among them."""
TOTALS = (300, 4800)
"""Rows in all: what depends on these alone is computed once."""


def counts(groups):
    rows = np.array([count for count, _ in groups])
    rows[-1] += TOTALS[int(rows.sum() > TOTALS[0])] - rows.sum()
    wrong = np.array([int(count * share) for count, (_, share) in zip(rows, groups, strict=True)])
    return np.cumsum(rows), np.cumsum(wrong)


@settings(max_examples=100, deadline=None)
@given(GROUPS, st.sampled_from([0.7, 0.9, 0.95, 0.98]))
def test_it_reached_on_validation_what_it_promises(groups, accuracy):
    answered, wrong = counts(groups)
    place = guaranteed_place(answered, wrong, accuracy, CONFIDENCE)
    if place is not None:
        assert wrong[place] / answered[place] < 1 - accuracy
        assert answered[place] >= fewest_rows(accuracy, CONFIDENCE)


@settings(max_examples=100, deadline=None)
@given(GROUPS)
def test_asking_for_more_never_answers_more(groups):
    answered, wrong = counts(groups)
    found = [
        guaranteed_place(answered, wrong, accuracy, CONFIDENCE)
        for accuracy in (0.6, 0.8, 0.9, 0.95, 0.98)
    ]
    places = [-1 if place is None else place for place in found]
    assert places == sorted(places, reverse=True)


@pytest.mark.parametrize("rows", [1, 10, 59, 160, 1000, 12_000])
def test_a_perfect_model_answers_all_or_nothing(rows):
    one_by_one, none = np.arange(1, rows + 1), np.zeros(rows, dtype=np.int64)
    for accuracy in (0.9, 0.98):
        place = guaranteed_place(one_by_one, none, accuracy, CONFIDENCE)
        enough = rows >= fewest_rows(accuracy, CONFIDENCE)
        assert place == (rows - 1 if enough else None)


@pytest.mark.parametrize("rows", [10, 300, 5000])
def test_a_constant_confidence_is_all_or_nothing(rows):
    for wrong in range(0, rows, max(1, rows // 7)):
        place = guaranteed_place(np.array([rows]), np.array([wrong]), 0.9, CONFIDENCE)
        assert place in (None, 0)
        assert place is None or wrong < 0.1 * rows


def test_rows_that_would_do_do_in_most_cases():
    rng = np.random.default_rng(4)
    errors = 0.3 * np.linspace(0, 1, 100) ** 4
    expected = np.cumsum(errors * 30).round().astype(np.int64)
    needed = rows_that_would_do(np.arange(30, 3001, 30), expected, 0.98, CONFIDENCE)
    found = []
    for _ in range(200):
        place, wrong = drawn(rng, errors, needed)
        found.append(guaranteed_place(place, wrong, 0.98, CONFIDENCE) is not None)
    assert np.mean(found) > 0.55


def drawn(rng, errors, rows):
    """Rows one by one, the surest first; errors: a probability of a mistake by rank."""
    rank = np.sort(rng.random(rows))
    wrong = rng.random(rows) < errors[(rank * len(errors)).astype(int)]
    return np.arange(1, rows + 1), np.cumsum(wrong)


def by_point_estimate(answered, wrong, accuracy):
    """What was done before: the last threshold that reaches it."""
    reached = np.flatnonzero(wrong / answered <= 1 - accuracy)
    return int(reached[-1]) if len(reached) else None


RISING = 0.6 * np.linspace(0, 1, 2000) ** 3
LEVEL = np.full(2000, 0.052)


@pytest.mark.parametrize(("errors", "rows"), [(RISING, 300), (RISING, 1000), (LEVEL, 400)])
def test_true_accuracy_is_what_was_asked_as_often_as_promised(errors, rows):
    rng, accuracy, draws = np.random.default_rng(77), 0.95, 400
    risk = np.cumsum(errors) / np.arange(1, len(errors) + 1)
    rules = {
        "now": lambda *of: guaranteed_place(*of, accuracy, CONFIDENCE),
        "before": lambda *of: by_point_estimate(*of, accuracy),
    }
    kept = dict.fromkeys(rules, 0)
    for _ in range(draws):
        answered, wrong = drawn(rng, errors, rows)
        for name, rule in rules.items():
            place = rule(answered, wrong)
            share = 0 if place is None else answered[place] / rows
            last = int(share * len(errors)) - 1
            kept[name] += last < 0 or risk[last] <= 1 - accuracy
    assert kept["now"] >= 0.93 * draws
    assert kept["before"] < 0.75 * draws
