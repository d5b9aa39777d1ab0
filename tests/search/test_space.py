"""The space of a search, found in a member's table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from vestry.search.space import Between, Choose, first_values, space_of, substituted, variations

TABLE = {
    "layers": [
        {"conv": {"choose": [16, 32]}, "kernel": 3},
        {"flatten": True},
        {"dropout": {"between": [0.1, 0.5]}},
    ],
    "learning_rate": {"between": [1e-4, 1e-2], "log": True},
    "params": {"C": {"choose": ["a", [1, 2]]}},
}


def test_values_are_found_wherever_they_stand_and_put_back_there():
    space = space_of(TABLE)
    assert list(space) == ["layers #1.conv", "layers #3.dropout", "learning_rate", "params.C"]
    values = {
        "layers #1.conv": 32,
        "layers #3.dropout": 0.2,
        "learning_rate": 1e-3,
        "params.C": [1, 2],
    }
    assert substituted(TABLE, values) == {
        "layers": [{"conv": 32, "kernel": 3}, {"flatten": True}, {"dropout": 0.2}],
        "learning_rate": 1e-3,
        "params": {"C": [1, 2]},
    }


def test_variations_show_every_choice_and_both_ends():
    space = space_of(TABLE)
    tried = list(variations(space))
    assert tried[0] == first_values(space)
    assert len(tried) == 1 + 1 + 1 + 1 + 1
    for key, choice in space.items():
        assert all(any(values[key] == end for values in tried) for end in choice.ends())


@given(st.floats(1e-6, 1e3), st.floats(1.01, 1e3), st.floats(0, 1), st.booleans())
def test_an_edge_is_named_only_near_an_end(low, factor, place, log):
    choice = Between(between=(low, low * factor), log=log)
    value = low * factor**place if log else low + (low * factor - low) * place
    value = min(max(value, low), low * factor)
    if place < 0.019:
        assert choice.edge(value) == "low"
    if 0.03 < place < 0.97:
        assert choice.edge(value) is None
    if place > 0.981:
        assert choice.edge(value) == "high"


def test_a_choice_has_an_edge_where_it_is_between_several_numbers():
    assert Choose(choose=[8, 16, 4]).edge(16) == "high"
    assert Choose(choose=[8, 16, 4]).edge(8) is None
    assert Choose(choose=[8]).edge(8) is None
    assert Choose(choose=["adam", "sgd"]).edge("adam") is None
    assert Choose(choose=[True, False]).edge(True) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"choose": []},
        {"between": [2, 1]},
        {"between": [0, 1], "log": True},
        {"between": [0.1]},
        {"choose": [1], "log": True},
    ],
)
def test_what_is_no_choice_is_refused(wrong):
    with pytest.raises(ValidationError):
        space_of({"dropout": wrong})
