"""Chance of images and of seeds together; the whole simulation is benchmarks/false_alarms.py."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equal_models import equal_models
from vestry.evaluation.difference import Answers, adjusted, difference
from vestry.evaluation.intervals import paired_difference
from vestry.evaluation.seed_pool import seed_pool
from vestry.evaluation.two_way import mean_accuracy, mean_difference
from vestry.schema.base import Spread

SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(2, 60), st.integers(0, 10**6))


def tables(shape):
    one, other, rows, seed = shape
    rng = np.random.default_rng(seed)
    return rng.random((one, rows)) < 0.8, rng.random((other, rows)) < 0.6


@settings(deadline=None)
@given(SHAPES)
def test_a_difference_turns_round_and_its_p_is_where_its_interval_reaches_0(shape):
    ours, theirs = tables(shape)
    found, turned = mean_difference(ours, theirs), mean_difference(theirs, ours)
    assert found.value == pytest.approx(ours.mean() - theirs.mean())
    low, high = found.interval()
    assert turned.interval() == pytest.approx((-high, -low))
    p = found.p()
    assert 0 <= p <= 1 and p == pytest.approx(turned.p())
    if 1e-6 < p < 1:
        assert min(map(abs, found.interval(1 - p))) == pytest.approx(0, abs=1e-6)


@settings(deadline=None)
@given(SHAPES)
def test_with_one_seed_each_it_is_that_of_pairs(shape):
    ours, theirs = (table[:1] for table in tables(shape))
    only, only_other = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    expected = paired_difference(only, only_other, ours.shape[1])
    assert mean_difference(ours, theirs).interval() == pytest.approx(expected, abs=1e-9)


def test_a_difference_of_everything_has_a_tiny_p_and_none_has_1():
    right, wrong = np.ones((3, 5000), bool), np.zeros((3, 5000), bool)
    assert 0 < mean_difference(right, wrong).p() < 1e-30
    assert mean_difference(right, right).p() == 1.0


def test_the_same_fit_again_and_again_is_no_more_evidence_than_once():
    ours, theirs = tables((1, 1, 300, 0))
    once = mean_difference(ours, theirs)
    again = mean_difference(np.repeat(ours, 5, axis=0), np.repeat(theirs, 5, axis=0))
    assert again.interval() == pytest.approx(once.interval())


def test_seeds_that_move_make_the_interval_wider_and_more_seeds_narrower():
    rng = np.random.default_rng(3)
    images = rng.random(5000)

    def model(seeds, spread):
        return np.array([images < 0.9 + spread * (-1) ** seed for seed in range(seeds)])

    def width(seeds, spread):
        low, high = mean_accuracy(model(seeds, spread)).interval()
        return high - low

    assert width(4, 0.03) > 2 * width(4, 0.0)
    assert width(10, 0.03) < width(4, 0.03)


def test_a_single_fit_is_lent_the_spread_of_the_other():
    rng = np.random.default_rng(5)
    several = np.array([rng.random(2000) < share for share in (0.85, 0.9, 0.95)])
    once = rng.random((1, 2000)) < 0.9
    pool = seed_pool([several])
    lent, own = (mean_difference(several, other, pool=pool) for other in (once, several[::-1]))
    assert lent.seeds > 1.5 * own.seeds  # a third and a whole, beside two thirds
    assert lent.freedom == 2
    assert mean_difference(several, once).interval() == lent.interval()


def test_more_images_do_not_help_where_seeds_leave_it_open():
    rng = np.random.default_rng(6)
    several = np.array([rng.random(2000) < share for share in (0.80, 0.9, 0.95)])
    other = np.array([rng.random(2000) < share for share in (0.82, 0.88, 0.97)])
    assert mean_difference(several, other).rows_needed(0.05, 0.8) is None
    still = np.repeat(rng.random((1, 2000)) < 0.9, 3, axis=0)
    assert mean_difference(still, np.repeat(other[1:2], 3, axis=0)).rows_needed(0.05, 0.8) > 0


@pytest.mark.parametrize(
    ("counts", "spread"),
    [((3, 3), 0.01), ((5, 5), 0.0), ((1, 5), 0.01), ((3,) * 6, 0.01), ((2,) * 6, 0.02)],
)
def test_equal_models_are_rarely_told_apart(counts, spread):
    rng = np.random.default_rng(len(counts) + counts[0])
    alarms, draws = 0, 250
    for _ in range(draws):
        tables = equal_models(rng, counts, 500, 0.9, spread)
        pool = seed_pool(tables)
        models = [Answers(rights, pool) for rights in tables]
        found = adjusted([difference(*pair) for pair in combinations(models, 2)])
        alarms += min(each.p_holm for each in found) < 0.05
    assert alarms / draws <= 0.085  # 5% and three standard errors


@pytest.mark.parametrize("accuracy", [0.65, 0.93, 0.985])
@pytest.mark.parametrize("seeds", [3, 10])
def test_the_interval_of_a_mean_over_seeds_holds(seeds, accuracy):
    rng = np.random.default_rng(seeds)
    held, draws = 0, 400
    for _ in range(draws):
        (rights,) = equal_models(rng, (seeds,), 100, accuracy, 0.003)
        low, high = mean_accuracy(rights).interval()
        held += low <= accuracy <= high
    assert held / draws >= 0.91


def test_an_interval_over_images_alone_is_widened_by_seeds():
    from vestry.evaluation.two_way import widened

    over = Spread(mean=0.5, deviation=0.1, values=[0.4, 0.5, 0.6])
    low, high = widened((0.4, 0.7), over, 1.0)
    half = 4.302652729911275 * 0.1 / 3**0.5
    assert (0.5 - low, high - 0.5) == pytest.approx((np.hypot(0.1, half), np.hypot(0.2, half)))
    assert widened((0.4, 0.7), Spread(mean=0.5, deviation=0.0, values=[0.5] * 3), 1.0) == (0.4, 0.7)
