import numpy as np
import pytest

from vestry.evaluation.comparison import evaluate_seeds, mean_of_members, over_seeds
from vestry.predictions.table import ProbabilityTable
from vestry.schema.models import ScoredMember

CLASSES = ("a", "b", "c")


def table(split, rows=60, seed=0):
    values = np.random.default_rng(seed).dirichlet(np.ones(3), rows).astype(np.float32)
    ids = np.array([f"{split}/{i}" for i in range(rows)])
    return ProbabilityTable(ids, CLASSES, values, "m", split)


@pytest.fixture
def truths():
    rng = np.random.default_rng(9)
    return {split: rng.integers(0, 3, 60) for split in ("validation", "test")}


def evaluated(seed, truths):
    tables = {"validation": table("validation", seed=seed), "test": table("test", seed=seed + 50)}
    return evaluate_seeds({0: tables}, truths)


def member(scores):
    """Of these scores alone."""
    return ScoredMember.model_construct(scores=scores, over_seeds=None)


def test_mistakes_are_the_off_diagonal_cells_and_the_most_confident_come_first(truths):
    found = evaluated(1, truths)
    confusion = np.array(found.scores.test.confusion)
    counts = {(c.truth, c.predicted): c.count for c in found.mistakes.cells}
    expected = {(t, p): confusion[t, p] for t in range(3) for p in range(3) if t != p}
    assert counts == {cell: count for cell, count in expected.items() if count}
    for cell in found.mistakes.cells:
        assert len(cell.ids) == min(cell.count, 40)
    confidences = [mistake.confidence for mistake in found.mistakes.hardest]
    assert confidences == sorted(confidences, reverse=True) and len(confidences) == 12


def test_seeds_give_mean_and_sample_deviation(truths):
    each = [evaluated(seed, truths).scores for seed in range(3)]
    values = [scores.test.accuracy for scores in each]
    found = over_seeds(each).test["accuracy"]
    assert found.values == values
    assert found.mean == pytest.approx(np.mean(values))
    assert found.deviation == pytest.approx(np.std(values, ddof=1))
    assert over_seeds(each[:1]) is None


def test_the_mean_of_members_is_the_mean_of_their_scores(truths):
    members = [member(evaluated(seed, truths).scores) for seed in range(3)]
    expected = np.mean([entry.scores.test.accuracy for entry in members])
    assert mean_of_members(members).test["accuracy"] == pytest.approx(expected)
