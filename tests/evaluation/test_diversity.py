from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from makers import makers_of, small_run

from vestry.evaluation.diversity import MEASURES, diversity, measures
from vestry.evaluation.intervals import share_interval
from vestry.evaluation.predictions import EvaluatedModel as Maker


def maker(name, right):
    """A maker that is right where `right` says so; the truth is class 0 everywhere."""
    right = np.array(right, dtype=bool)
    return Maker(name, {}, np.where(right, 0, 1)[None], np.zeros(len(right), dtype=np.int64))


def test_measures_by_hand():
    # both right 4, only the one 3, only the other 2, neither 1
    one = np.array([1] * 7 + [0] * 3, dtype=bool)
    other = np.array([1] * 4 + [0] * 3 + [1] * 2 + [0], dtype=bool)
    found = measures(one, other)
    assert found["disagreement"] == pytest.approx(5 / 10)
    assert found["double_fault"] == pytest.approx(1 / 10)
    assert found["q"] == pytest.approx((4 * 1 - 3 * 2) / (4 * 1 + 3 * 2))
    assert found["correlation"] == pytest.approx((4 - 6) / np.sqrt(7 * 3 * 6 * 4))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_phi_is_the_correlation_of_the_errors(rows):
    one, other = (np.array(column) for column in zip(*rows, strict=True))
    found = measures(one, other)
    flat = one.all() or other.all() or not one.any() or not other.any()
    if flat:
        assert found["correlation"] is None
    else:
        assert found["correlation"] == pytest.approx(np.corrcoef(one, other)[0, 1], abs=1e-9)
    assert found["q"] is None or -1 <= found["q"] <= 1
    assert measures(other, one) == pytest.approx(found, nan_ok=True)


def test_means_leave_out_what_is_undefined_and_say_so():
    found = diversity(
        [maker("A", [1, 1, 0, 0]), maker("B", [1, 0, 1, 0]), maker("C", [1, 1, 1, 1])]
    )
    assert found.pairs[0].correlation == 0.0
    assert found.pairs[1].correlation is None and found.pairs[1].q is None
    assert found.mean["correlation"] == 0.0 and found.undefined["correlation"] == 2
    assert found.undefined["disagreement"] == 0
    never = diversity([maker("A", [1, 1]), maker("B", [1, 1])])
    assert never.mean["q"] is None and never.oracle.accuracy == 1.0


def test_the_oracle_is_right_where_some_member_is():
    makers = makers_of(small_run({"A": 1.2, "B": 1.0, "C": 0.8}))
    members = [makers[name] for name in "ABC"]
    found = diversity(members)
    some = sum(any(row) for row in zip(*(m.right.tolist() for m in members), strict=True))
    assert found.oracle.right == some
    assert found.oracle.interval == share_interval(some, found.rows)
    assert [pair.members for pair in found.pairs] == list(combinations("ABC", 2))
    for name in MEASURES:
        assert found.mean[name] == pytest.approx(np.mean([getattr(p, name) for p in found.pairs]))
