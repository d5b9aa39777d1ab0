import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestry.evaluation.paired_tests import mcnemar, rows_needed

COUNTS = st.tuples(st.integers(0, 300), st.integers(0, 300))


@pytest.mark.parametrize("level", [0.05, 0.05 / 66])
@pytest.mark.parametrize(
    ("one", "other", "rows"), [(60, 40, 1000), (30, 10, 1000), (130, 70, 1000), (40, 20, 200)]
)
def test_the_power_is_08_with_that_many_images(one, other, rows, level):
    needed = rows_needed(one, other, rows, level)
    rng = np.random.default_rng(0)
    shares = [one / rows, other / rows, 1 - (one + other) / rows]
    drawn = rng.multinomial(needed, shares, size=4000)
    seen = np.mean([mcnemar(int(a), int(b)).p < level for a, b, _ in drawn])
    assert 0.78 < seen < 0.87


def test_where_a_few_images_decide_it_is_not_less():
    needed = rows_needed(40, 1, 200, 0.05 / 66)
    drawn = np.random.default_rng(0).multinomial(needed, [0.2, 0.005, 0.795], size=4000)
    assert np.mean([mcnemar(int(a), int(b)).p < 0.05 / 66 for a, b, _ in drawn]) > 0.78


def test_connor_by_hand():
    # shares 0.06 and 0.04: (1.959964 sqrt(0.1) + 0.841621 sqrt(0.0996))^2 / 0.0004 = 1959.9
    assert 1960 <= rows_needed(60, 40, 1000, 0.05) <= 2000


@given(COUNTS)
@settings(deadline=None, max_examples=40)
def test_it_mirrors_and_grows_with_power(counts):
    one, other = counts
    needed = rows_needed(one, other, 1000, 0.05)
    assert needed == rows_needed(other, one, 1000, 0.05)
    more = rows_needed(one, other, 1000, 0.05, power=0.9)
    assert (needed is None) == (one == other)
    assert needed is None or more >= needed


def test_no_realistic_number():
    assert rows_needed(50, 50, 1000, 0.05) is None
    assert rows_needed(10_001, 10_000, 100_000, 0.05) is None
    assert rows_needed(10_400, 10_000, 100_000, 0.05) > 100_000
