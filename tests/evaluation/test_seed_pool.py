"""Seeds of all models lent to each; the whole simulation is benchmarks/false_alarms.py."""

from itertools import combinations
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from makers import analysed, makers_of, small_run

from equal_models import equal_models
from vestry.evaluation.difference import difference
from vestry.evaluation.paired_tests import strictest
from vestry.evaluation.seed_pool import SeedPool, scale_of, seed_pool, seed_spread
from vestry.evaluation.two_way import mean_difference


def spread_of(rights):
    return seed_spread(rights.astype(float), scale_of(rights))


def halves(tables, pool):
    """Half widths at the strictest level of all pairs."""
    level = strictest(len(tables) * (len(tables) - 1) // 2)
    return [mean_difference(*pair, pool=pool).half(level) for pair in combinations(tables, 2)]


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=5),
    st.sampled_from([0.0, 0.01, 0.05, None]),
    st.integers(0, 10**6),
)
def test_a_pool_rests_on_every_further_seed_and_never_says_less_than_the_images(
    counts, spread, seed
):
    rng = np.random.default_rng(seed)
    tables = equal_models(rng, counts, 120, 0.8, [spread] * len(counts))
    pool = seed_pool(tables)
    assert 0 <= pool.freedom <= sum(counts) - len(counts)
    assert pool.share >= 0 and pool.noise >= 0
    assert pool == seed_pool(tables) and seed_pool([t[:1] for t in tables]) == SeedPool()
    for table in tables:
        own = spread_of(table)
        assert pool.lent(own).variance >= own.variance or own.is_still
        assert pool.lent(own).noise == own.noise or len(table) == 1
    if len(tables) > 1:
        found = mean_difference(*tables[:2], pool=pool)
        assert found.half(0.05) >= 1.95 * found.images**0.5


def test_three_seeds_of_many_models_show_what_those_of_two_cannot():
    """Half the difference that three seeds showed of two among twelve, on many images."""
    rng = np.random.default_rng(5)
    tables = equal_models(rng, (3,) * 12, 5000, 0.9, 0.01)
    pool = seed_pool(tables)
    assert 20 <= pool.freedom <= 24
    assert pool.share * 0.09 == pytest.approx(0.01**2, rel=0.6)
    assert np.median(halves(tables, pool)) < 0.05
    assert np.median(halves(tables, SeedPool())) > 2 * np.median(halves(tables, pool))


def test_four_models_and_a_committee_that_never_errs_are_told_apart_by_three_seeds():
    """Ten points ahead on 500 images: "cannot be told" of each model's own seeds."""
    rng = np.random.default_rng(6)
    tables = equal_models(rng, (3,) * 4, 500, 0.9, 0.01)
    committee, pool = np.ones((3, 500), dtype=bool), seed_pool(tables)
    found = [mean_difference(committee, each, paired=True, pool=pool) for each in tables]
    assert all(each.half(strictest(10)) < 0.06 < each.value for each in found)


def test_a_diverged_fit_stands_alone_and_seeds_that_do_nothing_lend_nothing():
    rng = np.random.default_rng(7)
    alike = equal_models(rng, (3,) * 4, 2000, 0.9, 0.01)
    diverged = np.array([rng.random(2000) < share for share in (0.9, 0.9, 0.3)])
    still = equal_models(rng, (3,), 2000, 0.9, [None])
    pool = seed_pool(alike)
    assert seed_pool([*alike, diverged, *still]) == pool
    own = spread_of(diverged)
    assert pool.lent(own) is own
    found = mean_difference(alike[0], diverged, pool=pool)
    assert found.freedom == pytest.approx(2, abs=0.1)
    assert pool.lent(spread_of(still[0])).variance == 0
    one, other = spread_of(alike[0]), spread_of(alike[1])
    beside_still = mean_difference(alike[0], still[0], pool=pool)
    assert beside_still.seeds == pool.lent(one).variance / 3
    assert beside_still.seeds < pool.lent(one).variance / 3 + pool.lent(other).variance / 3


@pytest.mark.parametrize(
    ("counts", "spreads"),
    [
        ((3,) * 5, (0.03, *(0.0075,) * 4)),
        ((2,) * 5, (0.03, *(0.0075,) * 4)),
        ((3,) * 4, (0.01, 0.01, None, None)),
        ((5, 3, 3, 3), (0.0075, 0.03, 0.0075, 0.0075)),
    ],
)
def test_models_that_seeds_do_not_move_alike_are_rarely_told_apart(counts, spreads):
    rng = np.random.default_rng(sum(counts))
    alarms, draws = 0, 200
    level = strictest(len(counts) * (len(counts) - 1) // 2)
    for _ in range(draws):
        tables = equal_models(rng, counts, 1000, 0.9, spreads)
        pool = seed_pool(tables)
        found = [mean_difference(*pair, pool=pool) for pair in combinations(tables, 2)]
        alarms += any(abs(each.centre) > each.half(level) for each in found)
    assert alarms / draws <= 0.1  # 5% and three standard errors


def test_everything_of_a_run_that_compares_over_seeds_rests_on_its_members():
    run = small_run({"A": 1.2, "B": 1.1, "C": 1.0, "D": 0.9}, seeds=3, committee=("A", "B"))
    models = makers_of(run)
    members = [model.rights for model in models.values() if not model.is_committee]
    pool = seed_pool(members)
    assert len(models) == 5 and all(model.pool == pool for model in models.values())
    assert pool.freedom >= 6
    found = analysed(*run)
    (pair,) = [p for p in found.comparisons.pairs if {p.one, p.other} == {"A", "D"}]
    ordered = models[pair.one], models[pair.other]
    assert pair.interval == difference(*ordered).interval
    assert pair.interval != mean_difference(*(m.rights for m in ordered)).interval()
    sizes = [
        mean_difference(
            models[found.ranking[0].name].rights, models[r.name].rights, pool=pool
        ).half(strictest(10))
        for r in found.ranking[1:4]
    ]
    marked = [r.on_test for r in found.ranking[1:] if r.on_test.mark in ("ahead", "behind")]
    shown = [abs(beside.difference) for beside in marked]
    assert found.resolution.test.difference == min([median(sizes), *shown])
