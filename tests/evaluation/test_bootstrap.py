import numpy as np
import pytest
from makers import CLASSES, table
from scipy.stats import bootstrap as scipy_bootstrap

from vestry.evaluation.bootstrap import bootstrap, drawn, percentiles
from vestry.predictions.scores import SCORES, score
from vestry.predictions.sums import equal_mass_bins
from vestry.predictions.table import ProbabilityTable


def two_makers(rows=240, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, len(CLASSES), rows)
    tables = {
        name: table(truth, skill, rng, maker=name) for name, skill in {"A": 2, "B": 1}.items()
    }
    return tables, truth


def counts_of(truth, resamples, seed):
    """(resamples, rows) of the rows as they stand."""
    support = np.bincount(truth, minlength=len(CLASSES))
    counts = np.concatenate(
        list(drawn(support, resamples, np.random.default_rng(seed))), axis=1
    ).T.astype(int)
    found = np.empty_like(counts)
    found[:, np.argsort(truth, kind="stable")] = counts
    return found


def ece_in_fixed_bins(values, truth, rows):
    confidence, right = values.max(axis=1), values.argmax(axis=1) == truth
    number = np.empty(len(truth), dtype=int)
    for bin_, part in enumerate(equal_mass_bins(confidence)):
        number[part] = bin_
    gap = np.bincount(number[rows], (confidence - right)[rows], minlength=15)
    return np.abs(gap).sum() / len(truth)


def test_every_score_is_that_of_the_resampled_rows():
    """Against a plain loop that scores the rows of each resample one by one."""
    tables, truth = two_makers()
    found = bootstrap(tables, truth, resamples=25, seed=4)
    for number, count in enumerate(counts_of(truth, 25, 4)):
        rows = np.repeat(np.arange(len(truth)), count)
        for name, made in tables.items():
            expected = score(made.probabilities[rows], truth[rows], CLASSES)
            values = made.probabilities.astype(np.float64)
            expected["ece"] = ece_in_fixed_bins(values, truth, rows)
            for each in SCORES:
                assert found.values(name, each)[number] == pytest.approx(expected[each], abs=1e-9)


def test_classes_that_nobody_names_have_no_score_to_average():
    truth = np.array([0, 0, 1, 1, 1])
    values = np.zeros((5, 4), np.float32)
    values[np.arange(5), [0, 2, 1, 1, 0]] = 1
    ids = np.array([f"test/{n}" for n in range(5)])
    tables = {"A": ProbabilityTable(ids, CLASSES, values, "A", "test")}
    found = bootstrap(tables, truth, resamples=40)
    for number, count in enumerate(counts_of(truth, 40, 0)):
        rows = np.repeat(np.arange(5), count)
        expected = score(values[rows], truth[rows], CLASSES)
        for each in ("f1_macro", "precision_macro", "recall_weighted", "precision_weighted"):
            assert found.values("A", each)[number] == pytest.approx(expected[each])


def test_every_class_keeps_its_number_of_rows():
    truth = two_makers(seed=1)[1]
    for count in counts_of(truth, 30, 9):
        kept = np.bincount(truth, count, minlength=len(CLASSES))
        assert kept.tolist() == np.bincount(truth, minlength=len(CLASSES)).tolist()
    counts = counts_of(truth, 4000, 0)
    assert counts.mean(axis=0) == pytest.approx(np.ones(len(truth)), abs=0.1)
    assert counts.var() == pytest.approx(1, abs=0.05)


def test_the_seed_decides_and_nothing_else(monkeypatch):
    tables, truth = two_makers()
    once = bootstrap(tables, truth, 300, seed=1)
    alone = bootstrap({"B": tables["B"]}, truth, 300, seed=1)
    monkeypatch.setattr("vestry.evaluation.bootstrap.CELLS", 1700)
    in_parts = bootstrap(tables, truth, 300, seed=1)
    for each in SCORES:
        assert np.allclose(once.values("B", each), alone.values("B", each), atol=1e-12)
        assert np.allclose(once.values("B", each), in_parts.values("B", each), atol=1e-12)
    other = bootstrap(tables, truth, 300, seed=2)
    assert not np.array_equal(once.values("B", "brier"), other.values("B", "brier"))


def test_an_interval_agrees_with_scipys():
    rng = np.random.default_rng(0)
    truth = np.zeros(400, dtype=np.int64)  # one class: then strata change nothing
    tables = {"A": table(truth, 1.5, rng)}
    losses = -np.log(tables["A"].probabilities[:, 0].astype(np.float64))
    theirs = scipy_bootstrap(
        (losses,), np.mean, n_resamples=6000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    ours = bootstrap(tables, truth, 6000).interval("A", "log_loss")
    assert ours == pytest.approx(tuple(theirs), abs=0.01)


def test_a_difference_is_paired():
    tables, truth = two_makers()
    found = bootstrap(tables, truth, 500)
    low, high = found.difference("A", "B", "log_loss")
    assert (low, high) == percentiles(found.values("A", "log_loss") - found.values("B", "log_loss"))
    assert found.difference("B", "A", "log_loss") == pytest.approx((-high, -low))
    assert found.difference("A", "A", "brier") == (0, 0)
    with pytest.raises(ValueError, match="ece"):
        found.difference("A", "B", "ece")


def calibrated(rng, rows):
    """A maker whose confidence is as it should be: labels drawn from its own probabilities."""
    values = rng.dirichlet(np.full(len(CLASSES), 0.4), rows)
    truth = (values.cumsum(axis=1) > rng.random((rows, 1))).argmax(axis=1)
    ids = np.array([f"test/{n}" for n in range(rows)])
    return ProbabilityTable(ids, CLASSES, values.astype(np.float32), "A", "test"), truth


def test_the_interval_of_a_calibration_error_holds_0_where_there_is_none():
    rng = np.random.default_rng(6)
    held, percentile_held = 0, 0
    for _ in range(60):
        made, truth = calibrated(rng, 400)
        found = bootstrap({"A": made}, truth, 200)
        low, high = found.interval("A", "ece")
        error = score(made.probabilities, truth, CLASSES)["ece"]
        assert low <= error <= high + 1e-12
        held += low == 0
        percentile_held += percentiles(found.values("A", "ece"))[0] < 0.003
    assert held >= 54
    assert percentile_held == 0  # why percentiles will not do


def test_the_interval_of_a_large_calibration_error_is_near_its_percentiles():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, len(CLASSES), 1000)
    found = bootstrap({"A": table(truth, 3, rng)}, truth, 400)
    low, high = found.interval("A", "ece")
    assert low > 0.1
    assert (low, high) == pytest.approx(percentiles(found.values("A", "ece")), abs=0.004)


def test_intervals_hold_the_truth():
    """300 small studies; benchmarks/coverage.py has 1,000 larger ones."""
    rng = np.random.default_rng(1)
    many, truth = np.arange(100_000) % len(CLASSES), np.arange(200) % len(CLASSES)
    true = score(table(many, 2.5, rng).probabilities, many, CLASSES)
    scores = ("log_loss", "f1_macro", "brier", "accuracy")
    held = dict.fromkeys(scores, 0)
    for study in range(300):
        found = bootstrap({"A": table(truth, 2.5, rng)}, truth, 200, seed=study)
        for each in scores:
            low, high = found.interval("A", each)
            held[each] += low <= true[each] <= high
    assert all(0.91 <= count / 300 <= 0.98 for count in held.values()), held
