"""Rules that average: each against its formula."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gmean

from vestry.committees.rules.averaging import Geometric, Mean, Weighted
from vestry.schema.base import ScoreName


def drawn(seed, members=3, rows=40, classes=4):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(classes), (members, rows)), rng.integers(0, classes, rows)


def test_mean_is_the_mean():
    stacked, truth = drawn(7, members=4)
    expected = sum(stacked) / 4
    assert np.abs(Mean().fit(stacked, truth).combine(stacked) - expected).max() < 1e-15


def test_weights_by_accuracy_are_in_proportion_to_accuracy_above_chance():
    truth = np.zeros(100, dtype=int)
    truth[50:] = 1
    stacked = np.full((3, 100, 2), 0.5)
    for member, right in enumerate((90, 70, 40)):  # 0.4 and 0.2 above chance, and below it
        hit = np.arange(100) < right
        stacked[member] = np.where((hit[:, None]) == (np.eye(2)[truth] == 1), 0.8, 0.2)
    weights = Weighted("accuracy").fit(stacked, truth).card()["weights"]
    assert weights == pytest.approx([2 / 3, 1 / 3, 0])


def test_where_nobody_is_better_than_guessing_all_count_alike_and_it_is_said():
    truth = np.array([0, 0, 1, 1])
    wrong = np.eye(2)[1 - truth]
    card = Weighted("accuracy").fit(np.stack([wrong, wrong]), truth).card()
    assert card["weights"] == [0.5, 0.5]
    assert "better than guessing" in card["notes"][0]


def test_weights_by_log_loss_are_in_proportion_to_the_likelihood_of_a_row():
    stacked, truth = drawn(1)
    given_to_truth = stacked[:, np.arange(len(truth)), truth]
    expected = gmean(given_to_truth, axis=1)
    weights = Weighted("log_loss").fit(stacked, truth).card()["weights"]
    assert weights == pytest.approx(expected / expected.sum())


@pytest.mark.parametrize("by", get_args(ScoreName))
def test_the_weighted_table_is_the_weighted_mean(by):
    stacked, truth = drawn(2)
    rule = Weighted(by).fit(stacked, truth)
    expected = sum(w * p for w, p in zip(rule.card()["weights"], stacked, strict=True))
    assert np.abs(rule.combine(stacked) - expected).max() < 1e-15


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["accuracy", "log_loss"]))
def test_weights_sum_to_one_and_a_better_member_weighs_no_less(seed, by):
    stacked, truth = drawn(seed)
    weights = np.array(Weighted(by).fit(stacked, truth).card()["weights"])
    assert weights.sum() == pytest.approx(1) and (weights >= 0).all()
    right = (stacked.argmax(2) == truth).mean(1)
    loss = -np.log(stacked[:, np.arange(len(truth)), truth]).mean(1)
    quality = right if by == "accuracy" else -loss
    assert (np.diff(weights[np.argsort(quality)]) >= -1e-12).all()


def test_geometric_is_the_normalised_geometric_mean():
    stacked, truth = drawn(3)
    expected = gmean(stacked, axis=0)
    expected /= expected.sum(axis=1, keepdims=True)
    assert np.abs(Geometric().fit(stacked, truth).combine(stacked) - expected).max() < 1e-12


def test_a_zero_is_no_veto():
    stacked = np.array([[[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]], [[0.0, 1.0, 0.0]]])
    combined = Geometric().combine(stacked)
    assert np.isfinite(combined).all() and (combined > 0).all()
    assert combined.argmax() == 1
