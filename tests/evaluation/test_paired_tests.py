import math
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests

from vestry.evaluation.paired_tests import (
    FEW_DISCORDANT,
    corrected_resampled_t,
    holm,
    mcnemar,
)

SHARES = st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=40)


@given(
    st.integers(0, FEW_DISCORDANT - 1).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))
)
def test_few_discordant_pairs_are_tested_exactly_as_in_statsmodels(counts):
    total, one = counts
    other = total - one
    found = mcnemar(one, other)
    table = [[7, one], [other, 3]]
    assert found.method == "exact"
    assert found.p == pytest.approx(statsmodels_mcnemar(table, exact=True).pvalue, abs=1e-12)


@given(st.integers(0, 4000), st.integers(0, 4000))
def test_many_are_tested_by_mid_p(one, other):
    found = mcnemar(one, other)
    if one + other < FEW_DISCORDANT:
        return
    coin = stats.binom(one + other, 0.5)
    few = min(one, other)
    exact = statsmodels_mcnemar([[7, one], [other, 3]], exact=True).pvalue
    assert found.method == "mid-p"
    assert found.p == pytest.approx(2 * coin.cdf(few) - coin.pmf(few), abs=1e-9)
    if one != other:  # Fagerland, Lydersen and Laake: the exact p less the point's probability
        assert found.p == pytest.approx(exact - coin.pmf(few), abs=1e-9)
    assert found.p <= exact + 1e-12
    assert found.p == mcnemar(other, one).p


def test_mid_p_of_a_published_table():
    """Fagerland, Lydersen and Laake (2013), 1 and 7 discordant: exact 0.070, mid-p 0.039."""
    coin = stats.binom(8, 0.5)
    assert mcnemar(1, 7).p == pytest.approx(0.070, abs=5e-4)
    assert 2 * coin.cdf(1) - coin.pmf(1) == pytest.approx(0.039, abs=5e-4)


def test_equal_counts_and_none():
    assert mcnemar(0, 0).p == mcnemar(12, 12).p == mcnemar(400, 400).p == 1
    assert mcnemar(5000, 9000).p < 1e-200
    with pytest.raises(ValueError, match="negative"):
        mcnemar(-1, 3)


@pytest.mark.parametrize("discordant", [0.02, 0.05, 0.2])
def test_two_equal_models_are_told_apart_in_at_most_6_per_cent(discordant):
    rng = np.random.default_rng(5)
    totals = rng.binomial(1000, discordant, 2000)
    ones = rng.binomial(totals, 0.5)
    rejected = [mcnemar(int(a), int(n - a)).p < 0.05 for a, n in zip(ones, totals, strict=True)]
    assert 0.02 < np.mean(rejected) <= 0.06


@given(SHARES)
def test_holm_agrees_with_statsmodels(p):
    with mock.patch("gc.collect"):  # which it calls each time, for a second in a large process
        expected = multipletests(p, method="holm")[1]
    assert holm(p) == pytest.approx(expected, abs=1e-12)


def test_holm_of_nothing():
    assert holm([]) == []


def test_holm_keeps_ten_equal_models_under_6_per_cent():
    """45 pairs that miss the same hard images; a small version of benchmarks/coverage.py."""
    rng = np.random.default_rng(3)
    alarms = []
    for _ in range(400):
        hard = rng.normal(size=(500, 1))
        right = hard + 0.7 * rng.normal(size=(500, 10)) < 1.3
        only = right.T.astype(np.int64) @ ~right
        p = [mcnemar(int(only[i, j]), int(only[j, i])).p for i in range(10) for j in range(i)]
        alarms.append(min(holm(p)) < 0.05)
    assert np.mean(alarms) <= 0.06


def test_nadeau_and_bengio_by_hand():
    differences = [0.010, 0.014, 0.006, 0.012, 0.008]
    # mean 0.010, variance 1e-5; (1/5 + 200/800) * 1e-5 = 4.5e-6, its root 0.0021213; t = 4.714
    found = corrected_resampled_t(differences, 800, 200)
    assert found.mean == pytest.approx(0.010)
    t = 0.010 / math.sqrt(4.5e-6)
    assert t == pytest.approx(4.714, abs=1e-3)
    assert found.p == pytest.approx(2 * stats.t.sf(t, 4))
    assert found.p == pytest.approx(0.0092, abs=1e-4)
    half = 2.7764451 * math.sqrt(4.5e-6)
    assert found.interval == pytest.approx((0.010 - half, 0.010 + half), abs=1e-8)


def test_without_rows_held_out_it_is_students_test():
    differences = [0.3, -0.1, 0.2, 0.25]
    plain = stats.ttest_1samp(differences, 0)
    found = corrected_resampled_t(differences, 100, 0)
    assert found.p == pytest.approx(plain.pvalue)
    assert found.interval == pytest.approx(tuple(plain.confidence_interval()))
    assert corrected_resampled_t(differences, 100, 25).p > plain.pvalue


def test_folds_that_do_not_vary_say_nothing_of_chance():
    assert corrected_resampled_t([0.5, 0.5], 10, 5) is None
    with pytest.raises(ValueError, match="two"):
        corrected_resampled_t([0.5], 10, 5)
