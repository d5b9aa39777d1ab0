"""A small version of `benchmarks/folds.py`, with other draws: what folds choose of few images."""

import sys
from pathlib import Path

import pytest

from vestry.data.paths import DataPaths
from vestry.evaluation.intervals import out_of_fold_interval, share_interval

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import folds

ROWS, DRAWS = 150, 4


@pytest.fixture(scope="module")
def found(fashion_mnist):
    places = DataPaths.of(data=fashion_mnist)
    few = {name: folds.CANDIDATES[name] for name in ("SVM", "5 nearest", "Naive Bayes")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folds, "CANDIDATES", few)
        draws = [folds.draw(ROWS, seed, places, test_rows=1_000) for seed in range(DRAWS)]
        return draws, folds.summary(draws)


def test_folds_choose_no_worse_than_a_fifth_that_is_held_out(found):
    _, summary = found
    assert summary["folds"] >= summary["held_out"] - 1.5  # four draws only
    assert summary["folds"] <= summary["best"]


def test_the_final_models_lie_in_the_intervals_of_the_folds(found):
    draws, summary = found
    assert summary["of_all"] >= 80  # of twelve, four of them at a time from the same rows
    for draw in draws:
        for name, share in draw.folds.items():
            low, high = share_interval(round(share * ROWS), ROWS)
            assert draw.lower[name] < low and draw.upper[name] > high
            wider = out_of_fold_interval(share, (low, high))
            assert (draw.lower[name], draw.upper[name]) == pytest.approx(wider)
