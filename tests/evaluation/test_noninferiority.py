"""The exact test of a margin: its level holds with few images, too."""

from math import isclose

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestry.evaluation.difference import within_margin

LEVEL = 0.05


def multinomial(rows, shares):
    """(rows + 1, rows + 1) chances of so many images that only the best, only the other gets."""
    from scipy.stats import binom

    best, other = shares
    counts = np.arange(rows + 1)
    first = binom.pmf(counts, rows, best)
    rest = [
        binom.pmf(counts, rows - n, min(1.0, other / (1 - best)) if best < 1 else 0.0)
        for n in counts
    ]
    return first[:, None] * np.array(rest)


@pytest.mark.parametrize(("rows", "margin"), [(10, 0.01), (10, 0.3), (50, 0.01), (50, 0.1)])
def test_a_model_just_at_the_margin_is_rarely_called_within(rows, margin):
    """By enumeration of every outcome, over many shares that only the other gets right."""
    shown = np.zeros((rows + 1, rows + 1), bool)
    for best in range(rows + 1):
        for other in range(rows + 1 - best):
            shown[best, other] = within_margin(best, other, rows, margin) < LEVEL
    for share in np.linspace(0, (1 - margin) / 2, 15):
        assert multinomial(rows, (share + margin, share))[shown].sum() <= LEVEL + 1e-3


@pytest.mark.parametrize("rows", [10, 50, 400])
def test_choosing_the_best_first_does_not_make_it_bolder(rows):
    """Of two models of which one is a margin behind, whichever comes first on the rows is best."""
    rng, margin, draws = np.random.default_rng(rows), 0.1, 400
    false = 0
    for _ in range(draws):
        drawn = rng.random(rows)
        only_good, only_bad = int((drawn < 0.15).sum()), int((drawn > 0.95).sum())
        if only_good >= only_bad:
            false += within_margin(only_good, only_bad, rows, margin) < LEVEL
    assert false / draws < LEVEL + 0.03


def test_no_difference_shows_a_point_from_299_images_on():
    assert within_margin(0, 0, 298, 0.01) > LEVEL > within_margin(0, 0, 299, 0.01)
    assert isclose(within_margin(0, 0, 50, 0.01), 0.99**50)


def test_nothing_is_shown_at_or_beyond_the_margin():
    assert within_margin(10, 0, 100, 0.1) == 1.0 == within_margin(40, 3, 100, 0.1)
    assert within_margin(0, 50, 100, 0.0) == 1.0


def test_many_images_show_what_few_do_not():
    assert within_margin(600, 600, 12_000, 0.01) < 0.001
    assert within_margin(50, 50, 1000, 0.01) > LEVEL
    assert within_margin(120, 100, 5000, 0.01) < LEVEL


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 120), st.sampled_from([0.01, 0.05, 0.2]), st.data())
def test_one_more_image_of_the_best_never_speaks_for_the_other(rows, margin, data):
    only_best = data.draw(st.integers(0, rows - 1))
    only_other = data.draw(st.integers(0, rows - only_best - 1))
    p = within_margin(only_best, only_other, rows, margin)
    assert 0 <= p <= within_margin(only_best + 1, only_other, rows, margin) + 1e-9


@pytest.mark.parametrize("counts", [(-1, 0, 5), (3, 3, 5), (0, 0, 0)])
def test_counts_that_cannot_be(counts):
    with pytest.raises(ValueError, match="cannot differ"):
        within_margin(*counts, 0.01)
