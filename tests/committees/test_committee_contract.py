"""What every committee rule promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestry.committees.committee import RULES, Committee, CommitteeSettings
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


@pytest.fixture(params=sorted(RULES))
def rule(request):
    return request.param


def test_every_rule_can_be_named_in_a_study(rule):
    assert CommitteeSettings(name="c", rule=rule, members=["x", "y"]).rule == rule


@settings(max_examples=40, deadline=None)
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
    with pytest.raises(TableError, match="test table"):
        Committee("c", rule).fit(tables(0, 2, 9, "test"), truth_of(9))


def test_it_refuses_tables_of_different_rows(rule):
    fitted = Committee("c", rule).fit(tables(0, 2, 9, "validation"), truth_of(9))
    with pytest.raises(TableError, match="different rows"):
        fitted.table([tables(0, 1, 9, "test")[0], tables(0, 1, 8, "test")[0]])


def test_like_members_change_nothing(rule):
    one = tables(3, 1, 20, "validation")[0]
    fitted = Committee("c", rule).fit([one, one, one], truth_of(20))
    assert np.array_equal(fitted.table([one, one, one]).labels, one.labels)


def test_the_order_of_rows_does_not_matter(rule):
    members = tables(5, 3, 30, "validation")
    fitted = Committee("c", rule).fit(members, truth_of(30))
    order = np.random.default_rng(1).permutation(30)
    shuffled = [
        ProbabilityTable(t.ids[order], CLASSES, t.probabilities[order], t.maker, t.split)
        for t in members
    ]
    straight = fitted.table(members).probabilities[order]
    assert np.allclose(fitted.table(shuffled).probabilities, straight, atol=1e-7)


def test_mean_is_the_mean_of_the_tables():
    members = tables(7, 4, 25, "validation")
    table = Committee("c", "mean").fit(members, truth_of(25)).table(members)
    expected = sum(t.probabilities.astype(np.float64) for t in members) / 4
    assert np.abs(table.probabilities - expected).max() < 1e-6
