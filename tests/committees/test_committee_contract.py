"""What every committee rule promises."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestry.committees.committee import Committee, in_use, restored_rule
from vestry.committees.committee_settings import CommitteeSettings
from vestry.committees.rule import RULES
from vestry.errors import TableError
from vestry.predictions.table import ProbabilityTable

CLASSES = ("a", "b", "c")


def tables(seed, members, rows, split):
    rng = np.random.default_rng(seed)
    ids = np.array([f"{split}/{i}" for i in range(rows)])
    return [
        ProbabilityTable(
            ids, CLASSES, rng.dirichlet(np.ones(3), rows).astype(np.float32), f"m{k}", split
        )
        for k in range(members)
    ]


def truth_of(rows, seed=0):
    return np.random.default_rng(seed).integers(0, 3, rows)


def drawn_from(table, seed=0):
    """Labels that the table is right about: each row's is drawn from its probabilities."""
    draws = np.random.default_rng(seed).random(len(table))[:, None]
    return (table.probabilities.cumsum(axis=1) < draws).sum(axis=1).clip(max=2)


def reordered(members, order):
    return [
        ProbabilityTable(t.ids[order], CLASSES, t.probabilities[order], t.maker, t.split)
        for t in members
    ]


@pytest.fixture(params=sorted(RULES))
def rule(request):
    return request.param


def test_every_rule_can_be_named_in_a_study(rule):
    assert CommitteeSettings(name="c", rule=rule, members=["x", "y"]).rule == rule
    if not RULES[rule].learns:
        with pytest.raises(ValueError, match=r"that learn are greedy, stacking, weighted"):
            CommitteeSettings(name="c", rule=rule, members=["x", "y"], fit_on="out_of_fold")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 6), st.integers(1, 50))
def test_its_table_holds_probabilities_for_the_same_rows(seed, members, rows):
    for rule in RULES:
        fitted = Committee("c", rule).fit(
            tables(seed, members, rows, "validation"), truth_of(rows, seed)
        )
        given_tables = tables(seed + 1, members, rows, "test")
        table = fitted.table(given_tables)  # ProbabilityTable itself refuses what is no probability
        assert table.ids.tolist() == given_tables[0].ids.tolist()
        assert (table.split, table.maker, table.classes) == ("test", "c", CLASSES)


def test_it_refuses_to_be_fitted_on_test_rows(rule):
    committee = Committee("c", rule)
    for learn in (committee.fit, committee.held_out_table):
        with pytest.raises(TableError, match="test table"):
            learn(tables(0, 2, 9, "test"), truth_of(9))


def test_it_refuses_tables_of_different_rows(rule):
    fitted = Committee("c", rule).fit(tables(0, 2, 9, "validation"), truth_of(9))
    with pytest.raises(TableError, match="different rows"):
        fitted.table([tables(0, 1, 9, "test")[0], tables(0, 1, 8, "test")[0]])
    with pytest.raises(TableError, match="9 rows in the tables, 8 labels"):
        Committee("c", rule).fit(tables(0, 2, 9, "validation"), truth_of(8))


def test_it_is_fitted_on_out_of_fold_tables_of_training_rows_too(rule):
    fitted = Committee("c", rule).fit(tables(0, 2, 60, "training"), truth_of(60))
    assert fitted.table(tables(1, 2, 9, "test")).split == "test"


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"stacking", "vote"}))
def test_like_members_change_nothing(rule):
    one = tables(3, 1, 20, "validation")[0]
    fitted = Committee("c", rule).fit([one, one, one], truth_of(20))
    again = fitted.table([one, one, one])
    assert np.abs(again.probabilities - one.probabilities).max() < 1e-6


def test_like_members_vote_alike():
    one = tables(3, 1, 20, "validation")[0]
    table = Committee("c", "vote").fit([one, one, one], truth_of(20)).table([one, one, one])
    assert np.array_equal(table.labels, one.labels)


def test_stacking_treats_like_members_alike_and_keeps_what_was_right():
    """Where the members' probabilities are the true ones there is nothing to learn."""
    one = tables(3, 1, 4000, "validation")[0]
    committee = Committee("c", "stacking").fit([one, one, one], drawn_from(one))
    first, *others = np.array(committee.card()["coefficients"]).reshape(3, 3, 3)
    for other in others:
        assert np.abs(other - first).max() < 1e-4
    table = committee.table([one, one, one])
    assert np.abs(table.probabilities - one.probabilities).mean() < 0.02


def test_the_order_of_rows_does_not_matter(rule):
    members, truth = tables(5, 3, 60, "validation"), truth_of(60)
    order = np.random.default_rng(1).permutation(60)
    shuffled = reordered(members, order)
    straight = Committee("c", rule).fit(members, truth)
    again = Committee("c", rule).fit(shuffled, truth[order])
    expected = straight.table(members).probabilities[order]
    assert np.allclose(straight.table(shuffled).probabilities, expected, atol=1e-7)
    assert np.allclose(again.table(shuffled).probabilities, expected, atol=1e-7)
    held_out = straight.held_out_table(members, truth).probabilities[order]
    found = straight.held_out_table(shuffled, truth[order]).probabilities
    assert np.allclose(found, held_out, atol=1e-7)


def test_the_order_of_members_does_not_matter(rule):
    members, truth = tables(5, 4, 60, "validation"), truth_of(60)
    table = Committee("c", rule).fit(members, truth).table(members)
    turned = Committee("c", rule).fit(members[::-1], truth).table(members[::-1])
    assert np.abs(table.probabilities - turned.probabilities).max() < 1e-5


def test_same_rows_same_bits(rule):
    members, truth = tables(8, 3, 80, "validation"), truth_of(80)
    one, other = (Committee("c", rule).fit(members, truth) for _ in range(2))
    assert one.card() == other.card()
    assert np.array_equal(one.table(members).probabilities, other.table(members).probabilities)


def test_what_it_learnt_is_json_with_a_number_a_member(rule):
    members = tables(8, 3, 80, "validation")
    card = Committee("c", rule).fit(members, truth_of(80)).card()
    assert json.loads(json.dumps(card, allow_nan=False)) == card
    for key in {"weights", "chosen", "influence"} & card.keys():
        assert len(card[key]) == 3
    if "weights" in card:
        assert sum(card["weights"]) == pytest.approx(1)


def test_who_has_no_say_can_be_left_out(rule):
    """Of one that is always right, and one that is always wrong, a rule that weighs asks the first
    alone; any rule answers as before without those whom it does not ask."""
    truth = truth_of(80)
    (one, _, other) = tables(8, 3, 80, "validation")
    sure = np.eye(3, dtype=np.float32)
    right = ProbabilityTable(one.ids, CLASSES, sure[truth], "right", one.split)
    wrong = ProbabilityTable(one.ids, CLASSES, sure[(truth + 1) % 3], "wrong", one.split)
    members = [wrong, right, other] if rule != "greedy" else [wrong, right]
    committee = Committee("c", rule).fit(members, truth)
    whole = committee.card() | {"members": [table.maker for table in members]}
    card = in_use(whole)
    assert ("wrong" in card["members"]) is (rule not in ("greedy", "weighted"))
    asked = np.stack([t.probabilities for t in members if t.maker in card["members"]])
    answers = restored_rule(card, 3).combine(asked.astype(np.float64))
    np.testing.assert_allclose(answers, committee.table(members).probabilities, atol=1e-6)
    assert in_use(card) == card


def test_a_held_out_row_has_no_say_in_its_own_probabilities(rule, monkeypatch):
    members, truth = tables(8, 3, 90, "validation"), truth_of(90)
    committee = Committee("c", rule).fit(members, truth)
    seen, learn = [], committee.fitted
    monkeypatch.setattr(committee, "fitted", lambda s, t, o: seen.append(s) or learn(s, t, o))
    held_out = committee.held_out_table(members, truth).probabilities
    assert [part.shape[1] for part in seen] == [72] * 5
    whole = np.stack([t.probabilities for t in members]).astype(float)
    for part in seen:
        rows = {row.tobytes() for row in part.transpose(1, 0, 2)}
        unseen = [i for i in range(90) if np.ascontiguousarray(whole[:, i]).tobytes() not in rows]
        assert len(unseen) == 18
        own = np.array([truth_at(whole, truth, p) for p in part.transpose(1, 0, 2)])
        alone = learn(part, own, committee.rule_.refit_options(committee.card()))
        assert np.abs(alone.combine(whole[:, unseen]) - held_out[unseen]).max() < 1e-6
    fitted = committee.table(members).probabilities
    assert np.array_equal(held_out, fitted) != committee.learns


def truth_at(whole, truth, row):
    place = np.flatnonzero((whole.transpose(1, 0, 2) == row).all(axis=(1, 2)))
    return truth[place[0]]


def test_one_row_cannot_be_held_out(rule):
    with pytest.raises(TableError, match="one row"):
        Committee("c", rule).held_out_table(tables(0, 2, 1, "validation"), truth_of(1))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"rule": "mean", "by": "accuracy"}, "'stacking' and 'weighted', not to 'mean'"),
        ({"rule": "stacking", "rounds": 3}, "`rounds` belongs to rule 'greedy'"),
        ({"rule": "vote", "fit_on": "out_of_fold"}, "rule 'vote' learns nothing"),
        ({"rule": "mean", "members": ["x", "y", "x"]}, "the member 'x' is named 2 times"),
        ({"rule": "meen"}, "rule"),
        ({"rule": "greedy", "rounds": 0}, "rounds"),
        ({"rule": "greedy", "bags": 1}, "bags"),
    ],
)
def test_settings_that_do_not_go_together_are_named(keys, words):
    with pytest.raises(ValueError, match="validation error") as caught:
        CommitteeSettings(**{"name": "c", "members": ["x", "y"]} | keys)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "options"),
    [
        ({"rule": "weighted"}, {"by": "accuracy"}),
        ({"rule": "weighted", "by": "log_loss"}, {"by": "log_loss"}),
        ({"rule": "greedy", "rounds": 7}, {"rounds": 7, "start": 1, "by": "log_loss"}),
        ({"rule": "greedy", "bags": 5}, {"rounds": 50, "start": 1, "by": "log_loss", "bags": 5}),
        ({"rule": "stacking", "fit_on": "out_of_fold"}, {"by": "log_loss"}),
        ({}, {}),
    ],
)
def test_a_rules_options_are_filled_in_and_survive_json(keys, options):
    entry = CommitteeSettings(**{"name": "c", "members": ["x", "y"]} | keys)
    assert entry.options == options
    again = CommitteeSettings(**json.loads(entry.model_dump_json()))
    assert again == entry
    Committee("c", entry.rule, entry.options).fit(tables(0, 2, 30, "validation"), truth_of(30))


def test_an_option_that_came_later_is_no_part_of_a_study_that_does_not_use_it():
    """Else the digests of all studies with committees would be others."""
    for rule in RULES:
        entry = CommitteeSettings(name="c", members=["x", "y"], rule=rule)
        assert "bags" not in entry.model_dump() | entry.options
