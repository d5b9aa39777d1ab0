"""Answers left out where the model is unsure."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from makers import analysed, small_run
from pydantic import ValidationError

from vestry.evaluation.abstention import AbstentionSettings, abstention, answered, areas, threshold
from vestry.evaluation.intervals import share_interval
from vestry.predictions.table import ProbabilityTable


def sure(confidences, right, split="test"):
    """A table of two classes that names class 0; and the labels that make it right or wrong."""
    top = np.asarray(confidences, dtype=np.float32)
    ids = np.array([f"{split}/{i}" for i in range(len(top))])
    values = np.stack([top, 1 - top], axis=1)
    return ProbabilityTable(ids, ("a", "b"), values, "m", split), 1 - np.asarray(right, dtype=int)


def both(confidences, right):
    """Validation and test alike."""
    made = {split: sure(confidences, right, split) for split in ("validation", "test")}
    return {s: t for s, (t, _) in made.items()}, {s: truth for s, (_, truth) in made.items()}


CONFIDENCES = [0.9, 0.9, 0.9, 0.8, 0.75, 0.75, 0.6, 0.6, 0.6, 0.6]
RIGHT = [1, 1, 1, 1, 1, 0, 1, 0, 0, 1]


def test_threshold_takes_all_rows_that_are_as_sure():
    found = answered(*sure(CONFIDENCES, RIGHT))
    assert found.thresholds == pytest.approx([0.9, 0.8, 0.75, 0.6])
    assert found.answered.tolist() == [3, 4, 6, 10]
    assert found.wrong.tolist() == [0, 0, 1, 3]
    limit = float(np.float32(0.75))
    assert found.at(limit).rows == 6
    assert found.at(limit + 1e-9).rows == 4
    assert found.at(0.0).rows == 10
    nothing = {"rows": 0, "coverage": 0.0, "accuracy": None, "interval": None}
    assert found.at(0.95).as_json() == nothing


def many(*groups):
    """Confidences and right answers: (confidence, right, wrong) by group."""
    confidences = np.concatenate([np.full(right + wrong, c) for c, right, wrong in groups])
    right = np.concatenate([np.r_[np.ones(yes), np.zeros(no)] for _, yes, no in groups])
    return confidences, right


GROUPS = many((0.95, 300, 0), (0.9, 298, 2), (0.8, 180, 20), (0.6, 60, 40))


@pytest.mark.parametrize(
    ("accuracy", "limit", "rows"),
    [(0.985, 0.9, 600), (0.98, 0.9, 600), (0.96, 0.8, 800), (0.9, 0.0, 900), (0.5, 0.0, 900)],
)
def test_most_is_answered_that_can_be_guaranteed(accuracy, limit, rows):
    tables, truths = both(*GROUPS)
    found = abstention(tables, truths, AbstentionSettings(accuracy=accuracy)).threshold
    assert found.threshold == pytest.approx(limit, abs=2e-5)
    assert found.accuracy_asked == accuracy and found.confidence_asked == 0.95
    assert found.reason is None and found.validation_needed is None
    assert found.validation_rows == 900 and found.test.interval is not None
    mine = {"interval": None} if limit else {}  # what set the threshold has no interval
    assert found.validation == found.test.model_copy(update=mine)
    assert found.test.rows == rows and found.test.accuracy >= accuracy
    assert found.test.interval == share_interval(round(found.test.accuracy * rows), rows)


def test_reaching_it_on_few_rows_is_no_guarantee():
    """All of 100 right is what an accuracy of 97.1% gives once in twenty times."""
    tables, truths = both(*many((0.9, 100, 0)))
    found = abstention(tables, truths, AbstentionSettings(accuracy=0.98)).threshold
    assert found.threshold is None and found.validation is None and found.test is None
    assert "too few" in found.reason and 160 <= found.validation_needed <= 1200
    tables, truths = both(*many((0.9, found.validation_needed, 0)))
    again = abstention(tables, truths, AbstentionSettings(accuracy=0.98)).threshold
    assert again.threshold == 0.0


def test_last_digits_of_another_runtime_turn_no_tie_away():
    tables, truths = both(*GROUPS)
    limit = abstention(tables, truths, AbstentionSettings(accuracy=0.98)).threshold.threshold
    assert 0.8 + 1e-4 < limit < float(np.float32(0.9)) - 1e-6


def test_tied_mistake_cannot_be_left_out():
    """Nine of ten are right and all are as sure: no threshold gives more than 90%."""
    tables, truths = both([0.8] * 10, [1] * 9 + [0])
    found = abstention(tables, truths, AbstentionSettings(accuracy=0.95))
    assert found.threshold.threshold is None and found.threshold.test is None
    assert "validation" in found.threshold.reason
    assert found.threshold.validation_needed is None, "more such rows would not help"
    assert found.curve.as_json() == {"coverage": [1.0], "risk": [pytest.approx(0.1)]}
    assert {row.coverage for row in found.at_coverage} == {1.0}


def test_validation_alone_chooses_the_threshold():
    validation = answered(*sure(*GROUPS, "validation"))
    unsure = answered(*sure([0.5, 0.5, 0.5], [1, 0, 0]))
    found = threshold(validation, unsure, AbstentionSettings(accuracy=0.98))
    assert found.threshold == pytest.approx(0.9, abs=2e-5)
    assert found.validation.rows == 600
    assert found.test.as_json() == {"rows": 0, "coverage": 0.0, "accuracy": None, "interval": None}


def test_coverage_asked_is_reached():
    tables, truths = both(CONFIDENCES, RIGHT)
    found = abstention(tables, truths).at_coverage
    assert [row.coverage_asked for row in found] == [0.95, 0.9, 0.8, 0.5]
    assert [row.coverage for row in found] == [1.0, 1.0, 1.0, 0.6]
    assert found[-1].accuracy == pytest.approx(5 / 6)
    assert found[-1].threshold == pytest.approx(0.75)


def test_area_by_hand():
    area, least = areas(answered(*sure([0.9, 0.8, 0.7, 0.6], [1, 0, 1, 0])))
    assert area == pytest.approx((0 + 1 / 2 + 1 / 3 + 2 / 4) / 4)
    assert least == pytest.approx((0 + 0 + 1 / 3 + 2 / 4) / 4)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.5, 0.6, 0.7, 0.8]), st.booleans()), min_size=1,
                max_size=12), st.integers(0, 2**32 - 1))  # fmt: skip
def test_area_is_the_mean_over_orders_of_equals(rows, seed):
    confidences, right = (np.array(column) for column in zip(*rows, strict=True))
    area, least = areas(answered(*sure(confidences, right)))
    assert least - 1e-12 <= area
    rng = np.random.default_rng(seed)
    risks = []
    for _ in range(400):
        order = np.lexsort((rng.random(len(rows)), -confidences))
        wrong = np.cumsum(~right[order].astype(bool))
        risks.append((wrong / np.arange(1, len(rows) + 1)).mean())
    assert area == pytest.approx(np.mean(risks), abs=0.06)


def test_curve_is_short_and_ends_with_every_answer():
    results, evidence = small_run({"A": 1.5}, rows=5000)
    found = analysed(results, evidence).members["A"]
    curve = found.abstention.curve
    assert len(curve.coverage) == len(curve.risk) == 100
    assert curve.coverage == sorted(curve.coverage)
    assert curve.coverage[-1] == 1.0
    assert curve.risk[-1] == pytest.approx(1 - found.scores.test.accuracy)
    assert found.abstention.excess_area > 0
    assert curve.risk[49] < curve.risk[-1]


def test_study_names_the_accuracy():
    results, evidence = small_run({"A": 1.5})
    asked = analysed(results, evidence, abstaining=AbstentionSettings(accuracy=0.9))
    assert asked.members["A"].abstention.threshold.accuracy_asked == 0.9
    for wrong in (0, 1, 98):
        for key in ("accuracy", "confidence", "coverage"):
            with pytest.raises(ValidationError):
                AbstentionSettings(**{key: wrong})
