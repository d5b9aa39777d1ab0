"""Greedy selection: against a plain search, its start, its ties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestry.committees.rules import selection
from vestry.committees.rules.selection import Greedy
from vestry.predictions.choosing import choosing_score


def drawn(seed, members=5, rows=60, classes=3):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(classes), (members, rows)), rng.integers(0, classes, rows)


def loss(stacked, truth, seats):
    mean = stacked[seats].mean(axis=0)
    # Rounded, because doubling every seat is the same committee but for the last digits.
    return round(-np.log(np.maximum(mean[np.arange(len(truth)), truth], 1e-7)).mean(), 12)


def searched(stacked, truth, rounds):
    """The paper's procedure, written plainly."""
    seats, passed = [], []
    for _ in range(rounds):
        tried = [loss(stacked, truth, [*seats, k]) for k in range(len(stacked))]
        seats = [*seats, int(np.argmin(tried))]
        passed.append(min(tried))
    return seats[: int(np.argmin(passed)) + 1]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12))
def test_it_finds_what_a_plain_search_finds(seed, rounds):
    stacked, truth = drawn(seed)
    rule = Greedy(rounds).fit(stacked, truth)
    expected = searched(stacked, truth, rounds)
    assert rule.card()["chosen"] == np.bincount(expected, minlength=5).tolist()
    combined = rule.combine(stacked)
    assert np.abs(combined - stacked[expected].mean(axis=0)).max() < 1e-12


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_it_is_no_worse_on_its_own_rows_than_the_best_member(seed):
    stacked, truth = drawn(seed)
    losses = Greedy().fit(stacked, truth).card()["log_loss"]
    best = min(loss(stacked, truth, [k]) for k in range(5))
    assert losses[0] == pytest.approx(best) and min(losses) <= losses[0]


def test_a_member_may_be_chosen_many_times():
    stacked, truth = drawn(3)
    good = 0.9 * np.eye(3)[truth] + 0.1 * stacked[0]
    chosen = Greedy(30).fit(np.stack([good * 0.6 + stacked[1] * 0.4, stacked[2]]), truth).chosen_
    assert max(chosen) >= 1 and sum(chosen) <= 30


def test_sorted_start_takes_the_best_members_at_once():
    stacked, truth = drawn(4)
    order = np.argsort([loss(stacked, truth, [k]) for k in range(5)])
    card = Greedy(rounds=3, start=3).fit(stacked, truth).card()
    assert sorted(np.flatnonzero(card["chosen"])) == sorted(order[:3])
    assert card["log_loss"] == [pytest.approx(loss(stacked, truth, list(order[:3])))]
    assert sum(Greedy(rounds=2, start=9).fit(stacked, truth).chosen_) == 2


def test_ties_go_to_the_member_named_first():
    stacked, truth = drawn(5)
    twins = np.stack([stacked[0], stacked[0], stacked[1]])
    chosen = Greedy(10).fit(twins, truth).card()["chosen"]
    assert chosen[0] >= 1 and chosen[1] == 0


@pytest.mark.parametrize("by", ["accuracy", "balanced_accuracy", "macro_f1", "roc_auc"])
def test_seats_go_to_whom_the_score_asked_for_wants(by):
    """The committee is no worse by it than its best member, and at times another one by another."""
    score, chosen = choosing_score(by), set()
    for seed in range(6):
        stacked, truth = drawn(seed)
        rule = Greedy(8, by=by).fit(stacked, truth)
        best = max(score.better_of(values, truth) for values in stacked)
        assert score.better_of(rule.combine(stacked), truth) >= best - 1e-9
        assert Greedy.restored(rule.card(), 3).by == by and score.words in Greedy.how(rule.card())
        by_loss = Greedy(8).fit(stacked, truth).card()["chosen"]
        chosen.add(rule.card()["chosen"] == by_loss)
    assert False in chosen


BAGS = {"by": "accuracy", "rounds": 10, "bags": 20}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 8))
def test_bags_give_the_seats_of_each_to_the_committee(seed, bags):
    """Again and again the same; a mean over the seats, which its card restores."""
    stacked, truth = drawn(seed)
    rule, again = (Greedy(6, bags=bags).fit(stacked, truth) for _ in range(2))
    card = rule.card()
    assert card == again.card() and bags <= sum(card["chosen"]) <= 6 * bags
    assert len(card["log_loss"]) == bags == card["bags"]
    expected = np.average(stacked, axis=0, weights=card["chosen"])
    assert np.abs(Greedy.restored(card, 3).combine(stacked) - expected).max() < 1e-12
    assert card["log_loss"][-1] == pytest.approx(log_loss(expected, truth))
    more = Greedy(6, bags=bags + 1).fit(stacked, truth).chosen_
    assert (more >= rule.chosen_).all() and more.sum() > rule.chosen_.sum()


def log_loss(values, truth):
    return -np.log(np.maximum(values[np.arange(len(truth)), truth], 1e-7)).mean()


def test_of_few_rows_bags_make_the_better_committee():
    """Four models, right of the same share of images each by itself, judged by 40 rows."""
    gains = []
    for seed in range(16):
        rng = np.random.default_rng(seed)
        truth = np.arange(2_040) % 4
        votes = np.eye(4)[truth] + rng.normal(0, 1.1, (4, len(truth), 4))
        stacked = np.exp(votes) / np.exp(votes).sum(-1, keepdims=True)
        few, rest = np.s_[:, :40], np.s_[:, 40:]
        once, often = (
            Greedy(10, by="accuracy", bags=bags).fit(stacked[few], truth[:40])
            for bags in (None, 20)
        )
        shares = [
            (rule.combine(stacked[rest]).argmax(-1) == truth[40:]).mean() for rule in (once, often)
        ]
        gains.append(shares[1] - shares[0])
    assert np.mean(gains) > 3 * np.std(gains) / len(gains) ** 0.5 > 0


def test_a_bag_has_some_of_many_rows_and_of_every_class(monkeypatch):
    monkeypatch.setattr(selection, "_MOST_IN_A_BAG", 50)
    truth = np.array([0] * 500 + [1] * 499 + [2])
    (one, other) = list(selection._drawn(truth, 2))
    assert len(one) == 51 and one.tolist() != other.tolist()
    assert set(truth[one]) == set(truth[other]) == {0, 1, 2}


def test_the_page_says_how_often_seats_were_given():
    stacked, truth = drawn(2)
    card = Greedy(**BAGS).fit(stacked, truth).card()
    learnt = card | {"chosen": dict(zip("abcde", card["chosen"], strict=True))}
    assert Greedy.how(learnt).endswith("by accuracy, 20 times by up to 2,000 rows drawn anew")
    assert f"of {sum(card['chosen'])} seats (the best of up to 200)" in Greedy.figures(learnt).lead
