import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from vestry.evaluation.intervals import wilson


@given(st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_agrees_with_statsmodels(counts):
    right, rows = counts
    expected = proportion_confint(right, rows, method="wilson")
    assert wilson(right / rows, rows) == pytest.approx(expected, abs=1e-9)
