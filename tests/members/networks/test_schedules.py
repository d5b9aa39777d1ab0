import itertools
import math

import pytest
from pydantic import TypeAdapter, ValidationError

from vestry.members.networks.settings import Schedule

PARSED = TypeAdapter(Schedule)


def factors(value, epochs):
    schedule = PARSED.validate_python(value)
    return [schedule.factor(epoch, epochs) for epoch in range(epochs)]


def test_exponential_is_that_of_report_001():
    """Keras's callback there: unchanged while the epoch, from 0, is below 10, then times exp(-0.1)
    each.
    """
    expected, rate = [], 1.0
    for epoch in range(14):
        rate = rate if epoch < 10 else rate * math.exp(-0.1)
        expected.append(rate)
    assert factors({"exponential": 0.1, "after": 10}, 14) == pytest.approx(expected)


def test_step():
    assert factors({"step": 0.5, "every": 2}, 5) == [1, 1, 0.5, 0.5, 0.25]


def test_cosine_rises_then_falls_to_nothing():
    found = factors({"cosine": True, "warmup": 2}, 12)
    assert found[:3] == pytest.approx([1 / 3, 2 / 3, 1])
    assert found[7] == pytest.approx(0.5)
    assert all(earlier > later for earlier, later in itertools.pairwise(found[2:]))


def test_unknown_schedule():
    with pytest.raises(ValidationError):
        PARSED.validate_python({"linear": 1})
