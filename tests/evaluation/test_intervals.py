import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multinomial
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from vestry.evaluation.intervals import holds, paired_difference, wilson

ACCURACIES = st.lists(st.floats(0.5, 1.0), min_size=2, max_size=8)


@given(st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_agrees_with_statsmodels(counts):
    right, rows = counts
    expected = proportion_confint(right, rows, method="wilson")
    assert wilson(right / rows, rows) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("only_one", "only_other"), [(0.1, 0.1), (0.3, 0.1), (0.05, 0.02), (0.4, 0.2), (0.01, 0.01)]
)
def test_a_paired_interval_holds_the_truth_about_95_times_in_100(only_one, only_other):
    """Coverage by enumeration of every table of 30 images, not by chance."""
    rows = 30
    true = only_one - only_other
    chance = multinomial(rows, [only_one, only_other, 1 - only_one - only_other])
    held = sum(
        chance.pmf([one, other, rows - one - other])
        for one in range(rows + 1)
        for other in range(rows + 1 - one)
        if holds(paired_difference(one, other, rows), true)
    )
    assert 0.94 <= held <= 1.0
    assert held < 0.995 or only_one < 0.1  # with almost no disagreement it may be cautious


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.just(n), *[st.integers(0, n)] * 2)))
def test_a_paired_interval_mirrors_and_stays_inside(counts):
    rows, one, other = counts
    one, other = min(one, rows), min(other, rows - min(one, rows))
    low, high = paired_difference(one, other, rows)
    assert -1 <= low < high <= 1
    assert paired_difference(other, one, rows) == pytest.approx((-high, -low))


def test_a_paired_interval_is_walds_of_the_table_with_half_an_image_in_each_cell():
    one, other, rows = 194, 317, 10_000
    x = np.repeat([1.0, -1.0, 0.0], [one, other, rows - one - other])
    wald = DescrStatsW(x, weights=np.ones(rows)).zconfint_mean()
    assert paired_difference(one, other, rows) == pytest.approx(wald, abs=1e-5)
    assert paired_difference(one, other, rows) != pytest.approx(wald, abs=1e-9)


def test_no_images_no_interval():
    with pytest.raises(ValueError, match="one image"):
        paired_difference(0, 0, 0)
