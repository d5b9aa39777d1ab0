import itertools
import math

import pytest
from pydantic import TypeAdapter, ValidationError

from vestry.members.networks.schedules import Schedule

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


def test_linear_rises_and_falls_step_by_step():
    schedule = PARSED.validate_python({"linear": True, "warmup": 0.2})
    found = [factor for epoch in range(4) for factor in schedule.factors(epoch, 4, 25)]
    assert len(found) == 100
    assert found[:20] == pytest.approx([(step + 0.5) / 20 for step in range(20)])
    assert found[20:] == pytest.approx([(99.5 - step) / 80 for step in range(20, 100)])
    assert min(found) > 0


def test_linear_without_warm_up_only_falls():
    found = PARSED.validate_python({"linear": True, "warmup": 0}).factors(0, 1, 4)
    assert found == pytest.approx([0.875, 0.625, 0.375, 0.125])


@pytest.mark.parametrize("warmup", [1, -0.1, 1.5])
def test_a_warm_up_is_a_part_of_all_steps(warmup):
    with pytest.raises(ValidationError):
        PARSED.validate_python({"linear": True, "warmup": warmup})


@pytest.mark.parametrize("value", [{"step": 0.5, "every": 2}, {"exponential": 0.1}])
def test_schedules_by_epochs_have_one_factor_for_all_steps(value):
    schedule = PARSED.validate_python(value)
    assert schedule.factors(3, 8, 5) == [schedule.factor(3, 8)] * 5


def test_unknown_schedule():
    with pytest.raises(ValidationError):
        PARSED.validate_python({"triangular": True})
