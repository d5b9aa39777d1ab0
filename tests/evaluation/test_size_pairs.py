import numpy as np

from equal_models import equal_models
from vestry.evaluation.ablations import size_pairs
from vestry.evaluation.paired_tests import holm


def test_curves_are_held_against_each_other_where_they_share_a_size():
    rng = np.random.default_rng(0)
    rights = equal_models(rng, (3,) * 5, 300, 0.8)
    curves = {
        "A": {5: rights[0], 50: rights[1]},
        "B": {50: rights[2], 500: rights[3]},
        "C": {50: rights[4]},
    }
    found = size_pairs(curves)
    said = [(pair.images_per_class, pair.one, pair.other) for pair in found]
    assert said == [(50, "A", "B"), (50, "A", "C"), (50, "B", "C")]
    tests = [pair.difference for pair in found]
    assert [each.p_holm for each in tests] == holm([each.p for each in tests])
    assert tests[0].figures == (rights[1].mean(), rights[2].mean())
    assert size_pairs({}) == [] == size_pairs({"A": {5: rights[0]}})


def test_equal_curves_are_rarely_told_apart():
    rng = np.random.default_rng(4)
    alarms, draws = 0, 200
    for _ in range(draws):
        curves = {}
        for name, seeds in (("A", 3), ("B", 3), ("C", 1)):
            sizes = [equal_models(rng, (seeds,), 300, share, 0.01)[0] for share in (0.7, 0.85)]
            curves[name] = dict(zip((10, 100), sizes, strict=True))
        alarms += min(pair.difference.p_holm for pair in size_pairs(curves)) < 0.05
    assert alarms / draws <= 0.09
