"""Stacking: the regression against scikit-learn's, its penalty, and classes without rows."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from vestry.committees.regression import regress
from vestry.committees.rule import log_losses
from vestry.committees.rules import stacking
from vestry.committees.rules.stacking import STRENGTHS, Stacking, design


def members(rows, seed=0, classes=5, noise=(0.5, 1.0, 2.0)):
    """Softmax scores that see the truth through shared and through own noise."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, rows)
    shared = rng.normal(size=(rows, classes))
    scores = [
        3 * np.eye(classes)[truth] + shared + n * rng.normal(size=shared.shape) for n in noise
    ]
    powers = np.exp(np.stack(scores))
    return powers / powers.sum(axis=2, keepdims=True), truth


@pytest.mark.parametrize("strength", STRENGTHS)
def test_the_regression_is_scikit_learns(strength):
    stacked, truth = members(600)
    features = design(stacked)
    reference = LogisticRegression(
        C=strength, solver="newton-cholesky", tol=1e-10, max_iter=1000
    ).fit(features, truth)
    ours = regress(features, truth, 5, strength, 1e-7)
    assert ours.converged
    assert np.abs(ours.coefficients - reference.coef_.T).max() < 1e-4
    found = np.exp(ours.log_probabilities(features))
    assert np.abs(found - reference.predict_proba(features)).max() < 1e-4


def test_the_penalty_is_the_one_with_the_lowest_held_out_loss():
    stacked, truth = members(400)
    card = Stacking().fit(stacked, truth).card()
    assert card["c"] == STRENGTHS[int(np.argmin(card["log_loss"]))]
    few = Stacking().fit(stacked[:, :60], truth[:60]).card()
    assert few["c"] < 1.0  # weak penalties overfit where rows are few


def test_a_given_penalty_is_kept_and_none_is_searched_for():
    stacked, truth = members(400)
    rule = Stacking(strength=0.1).fit(stacked, truth)
    assert rule.card()["c"] == 0.1 and rule.card()["log_loss"] == []
    searched = Stacking().fit(stacked, truth)
    same = Stacking(strength=searched.strength_).fit(stacked, truth)
    assert np.array_equal(same.combine(stacked), searched.combine(stacked))


def test_it_learns_that_a_member_exaggerates():
    stacked, truth = members(3000)
    sharpened = stacked**6 / (stacked**6).sum(axis=2, keepdims=True)
    fresh, fresh_truth = members(3000, seed=1)
    fresh = fresh**6 / (fresh**6).sum(axis=2, keepdims=True)
    combined = Stacking().fit(sharpened, truth).combine(fresh)
    assert log_losses(combined[None], fresh_truth)[0] < log_losses(fresh, fresh_truth).min() - 0.05


def test_the_better_member_has_more_influence():
    stacked, truth = members(2000)
    influence = Stacking().fit(stacked, truth).card()["influence"]
    assert influence[0] > influence[1] > influence[2]


def test_influence_of_the_plain_mean_of_logarithms_is_one_in_the_number_of_members():
    coefficients = np.concatenate([np.eye(4) / 3] * 3)
    found = stacking.influence(coefficients, (3, 4), np.arange(4))
    assert found == pytest.approx([1 / 3] * 3)


def test_a_class_without_rows_keeps_the_members_mean_and_that_is_said():
    stacked, truth = members(300)
    seen = truth != 2
    rule = Stacking().fit(stacked[:, seen], truth[seen])
    combined = rule.combine(stacked)
    assert np.abs(combined[:, 2] - stacked.mean(axis=0)[:, 2]).max() < 1e-12
    assert np.abs(combined.sum(axis=1) - 1).max() < 1e-12
    assert "1 of 5 classes had no rows" in rule.card()["notes"][0]


def test_too_few_rows_to_choose_a_penalty_is_said():
    stacked, truth = members(8)
    card = Stacking().fit(stacked, truth).card()
    assert card["c"] == min(STRENGTHS)
    assert "8 rows are too few" in card["notes"][0]


def test_zeros_in_a_table_do_no_harm():
    stacked, truth = members(100)
    hard = np.eye(5)[stacked.argmax(axis=2)]
    combined = Stacking().fit(hard, truth).combine(hard)
    assert np.isfinite(combined).all()
