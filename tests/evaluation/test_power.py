import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestry.evaluation.intervals import rows_needed
from vestry.evaluation.paired_tests import mcnemar

COUNTS = st.tuples(st.integers(0, 300), st.integers(0, 300))


@pytest.mark.parametrize(
    ("one", "other", "rows"), [(60, 40, 1000), (30, 10, 1000), (130, 70, 1000)]
)
def test_the_power_is_08_with_that_many_images(one, other, rows):
    needed = rows_needed(one, other, rows)
    rng = np.random.default_rng(0)
    shares = [one / rows, other / rows, 1 - (one + other) / rows]
    drawn = rng.multinomial(needed, shares, size=4000)
    seen = np.mean([mcnemar(int(a), int(b)).p < 0.05 for a, b, _ in drawn])
    assert seen == pytest.approx(0.8, abs=0.03)


def test_connor_by_hand():
    # shares 0.06 and 0.04: (1.959964 sqrt(0.1) + 0.841621 sqrt(0.0996))^2 / 0.0004 = 1959.9
    assert rows_needed(60, 40, 1000) == 1960


@given(COUNTS)
def test_it_mirrors_and_grows_with_power(counts):
    one, other = counts
    needed = rows_needed(one, other, 1000)
    assert needed == rows_needed(other, one, 1000)
    more = rows_needed(one, other, 1000, power=0.9)
    assert (needed is None) == (one == other)
    assert needed is None or more >= needed


def test_no_realistic_number():
    assert rows_needed(50, 50, 1000) is None
    assert rows_needed(10_001, 10_000, 100_000) is None
    assert rows_needed(10_400, 10_000, 100_000) > 100_000
