"""Votes are counted, ties go to the mean, and the table says the winner."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vestry.committees.rules.averaging import Vote


def test_the_majority_wins_against_a_higher_mean():
    stacked = np.array([[[0.4, 0.35, 0.25]], [[0.4, 0.35, 0.25]], [[0.0, 1.0, 0.0]]])
    assert stacked.mean(axis=0).argmax() == 1
    combined = Vote().combine(stacked)
    assert combined.argmax() == 0
    expected = (np.array([2, 1, 0]) + stacked.mean(axis=0)[0]) / 4
    assert np.abs(combined[0] - expected).max() < 1e-15


def test_a_tie_goes_to_the_higher_mean():
    stacked = np.array([[[0.6, 0.4, 0.0]], [[0.1, 0.9, 0.0]]])
    assert Vote().combine(stacked).argmax() == 1


def test_unanimous_members_cannot_be_overruled():
    sure = np.zeros((3, 1, 2))
    sure[:, :, 1] = 1
    assert Vote().combine(sure)[0].tolist() == [0.0, 1.0]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 100_000), st.integers(1, 7), st.integers(2, 6))
def test_the_most_probable_class_is_the_winner_as_counted_by_hand(seed, members, classes):
    stacked = np.random.default_rng(seed).dirichlet(np.ones(classes), (members, 5))
    combined = Vote().combine(stacked)
    assert np.abs(combined.sum(axis=1) - 1).max() < 1e-12
    for row in range(5):
        votes = Counter(int(member[row].argmax()) for member in stacked)
        most = max(votes.values())
        tied = [c for c, count in votes.items() if count == most]
        mean = stacked[:, row].mean(axis=0)
        assert combined[row].argmax() == max(tied, key=lambda c: mean[c])
