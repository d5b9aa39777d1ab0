import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, multinomial
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from vestry.evaluation.intervals import holds, paired_difference, share_interval

ACCURACIES = st.lists(st.floats(0.5, 1.0), min_size=2, max_size=8)


def unusual(found: int, rows: int, share: float) -> float:
    """The chance of what was found and of all that is at least as unusual: Blaker's definition."""
    counts = np.arange(rows + 1)
    chance = binom.pmf(counts, rows, share)
    tail = np.minimum(chance.cumsum(), chance[::-1].cumsum()[::-1])
    return float(chance[tail <= tail[found] * (1 + 1e-9)].sum())


@given(st.integers(1, 80).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_lies_between_the_first_and_last_that_are_not_unusual(counts):
    found, rows = counts
    low, high = share_interval(found, rows)
    assert 0 <= low <= found / rows <= high <= 1
    for end, outside in ((low, low - 1e-6), (high, high + 1e-6)):
        if 0 < end < 1:
            inside = end + (1e-6 if end == low else -1e-6)
            assert unusual(found, rows, inside) > 0.05 > unusual(found, rows, outside)


@given(st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_lies_inside_the_interval_of_clopper_and_pearson_as_statsmodels_has_it(counts):
    found, rows = counts
    low, high = share_interval(found, rows)
    least, most = proportion_confint(found, rows, method="beta")
    assert least - 1e-9 <= low <= high <= most + 1e-9
    assert high - low > 0.7 * (most - least)
    assert share_interval(rows - found, rows) == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize("rows", [1, 7, 50, 100, 300])
def test_a_share_holds_the_truth_95_times_in_100_whatever_it_is(rows):
    """By enumeration; Wilson's holds it 84 times in 100 near 1, where models are."""
    shares, counts = np.linspace(0.001, 0.999, 499)[:, None], np.arange(rows + 1)
    low, high = np.transpose([share_interval(found, rows) for found in counts])
    held = (binom.pmf(counts, rows, shares) * ((low <= shares) & (shares <= high))).sum(axis=1)
    assert held.min() >= 0.95
    before = proportion_confint(counts, rows, method="wilson")
    held = (binom.pmf(counts, rows, shares) * ((before[0] <= shares) & (shares <= before[1]))).sum(
        axis=1
    )
    assert held.min() < 0.94


@pytest.mark.parametrize(("found", "rows"), [(1, 0), (3, 2), (-1, 2)])
def test_a_share_of_nothing_has_no_interval(found, rows):
    with pytest.raises(ValueError, match="images"):
        share_interval(found, rows)


@pytest.mark.parametrize("rows", [20, 50, 100])
@pytest.mark.parametrize("discordant", [0.01, 0.05, 0.1, 0.3])
@pytest.mark.parametrize("ahead", [0.5, 0.7, 0.9, 1.0])
def test_a_paired_interval_holds_the_truth(rows, discordant, ahead):
    """Coverage by enumeration of every table, not by chance.

    Agresti and Min's, with half an image in each cell, holds it 90 times in 100 where one model is
    right on all images that the other is right on."""
    one, other = np.meshgrid(np.arange(rows + 1), np.arange(rows + 1), indexing="ij")
    all_tables = one + other <= rows
    one, other = one[all_tables], other[all_tables]
    shares = [discordant * ahead, discordant * (1 - ahead), 1 - discordant]
    chance = multinomial(rows, shares).pmf(np.transpose([one, other, rows - one - other]))
    held = sum(
        p
        for p, a, b in zip(chance, one, other, strict=True)
        if p > 1e-7 and holds(paired_difference(int(a), int(b), rows), shares[0] - shares[1])
    )
    assert held >= 0.935


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.just(n), *[st.integers(0, n)] * 2)))
def test_a_paired_interval_mirrors_and_stays_inside(counts):
    rows, one, other = counts
    one, other = min(one, rows), min(other, rows - min(one, rows))
    low, high = paired_difference(one, other, rows)
    assert -1 <= low < high <= 1
    assert paired_difference(other, one, rows) == pytest.approx((-high, -low))


def test_a_paired_interval_is_walds_with_an_image_more_on_each_side():
    one, other, rows = 194, 317, 10_000
    x = np.repeat([1.0, -1.0, 0.0], [one + 1, other + 1, rows - one - other])
    wald = DescrStatsW(x).zconfint_mean()
    assert paired_difference(one, other, rows) == pytest.approx(wald, abs=1e-6)


def test_no_images_no_interval():
    with pytest.raises(ValueError, match="one image"):
        paired_difference(0, 0, 0)
