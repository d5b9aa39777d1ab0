"""Flipped labels are doubted first; what the panel agrees with never is."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from makers import CLASSES, analysed, small_run, table

from vestry.errors import TableError
from vestry.evaluation.label_issues import (
    MOST_KEPT,
    IssuesBySplit,
    find_label_issues,
    label_issues,
)
from vestry.evaluation.predictions import Predictions

ROWS = 400


def panel(truth, split="training", skill=6.0, members=3):
    random = np.random.default_rng(1)
    return {
        f"m{number}": table(truth, skill, random, split, f"m{number}") for number in range(members)
    }


def flipped(truth, count, seed=0):
    random = np.random.default_rng(seed)
    rows = random.choice(len(truth), count, replace=False)
    given = truth.copy()
    given[rows] = (given[rows] + random.integers(1, len(CLASSES), count)) % len(CLASSES)
    return given, rows


def truths(seed=0):
    return np.random.default_rng(seed).integers(0, len(CLASSES), ROWS)


def test_flipped_labels_are_the_most_doubted():
    truth = truths()
    given, rows = flipped(truth, 20)
    found = label_issues(panel(truth), given, "out-of-fold")
    planted = set(rows.tolist())
    assert len(set(found.rows.tolist()) & planted) >= 16 and set(found.rows[:12]) <= planted
    quality = found.mean[found.rows, given[found.rows]]
    assert (np.diff(quality) >= 0).all()
    told = found.record()
    first = told.images[0]
    assert (told.rows, told.panel) == (ROWS, ["m0", "m1", "m2"])
    assert first.id == f"training/{found.rows[0]}" and first.panel == truth[found.rows[0]]
    assert first.given == given[found.rows[0]] and first.quality < 0.1
    assert set(first.votes) == {"m0", "m1", "m2"}


def test_labels_that_nested_folds_test_again_are_doubted_once():
    _, evidence = small_run({"a": 5.0, "b": 5.0})
    apart = find_label_issues(["a", "b"], evidence)
    assert apart.validation and apart.test and apart.of_tested is apart.test
    same = {
        name: {"validation": tables["validation"], "test": tables["validation"]}
        for name, tables in evidence.tables.items()
    }
    truths = evidence.truths | {"test": evidence.truths["validation"]}
    once = find_label_issues(["a", "b"], replace(evidence, tables=same, truths=truths))
    assert once.validation and once.test is None and once.of_tested is once.validation


def test_no_more_than_some_are_kept_and_the_count_is_true():
    truth = truths()
    given, _ = flipped(truth, 90)
    told = label_issues(panel(truth), given, "out-of-fold").record()
    assert told.count > MOST_KEPT == len(told.images)


def test_what_the_panel_calls_by_its_label_is_never_doubted():
    truth = truths()
    for skill in (0.0, 0.5, 2.0):
        found = label_issues(panel(truth, skill=skill), truth, "validation")
        assert (found.mean[found.rows].argmax(axis=1) != truth[found.rows]).all()


def test_nothing_to_doubt_takes_no_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)  # importing it would fail
    truth = truths()
    assert label_issues(panel(truth, skill=40.0), truth, "test").record().count == 0
    one_class = np.zeros(ROWS, np.int64)
    assert len(label_issues(panel(truth), one_class, "test").rows) == 0


def test_a_class_without_rows_is_no_obstacle():
    truth = truths() % 3
    given = np.where(np.arange(ROWS) < 5, (truth + 1) % 3, truth)
    found = label_issues(panel(truth), given, "test")
    assert set(range(5)) <= set(found.rows.tolist())


def test_cross_validated_members_doubt_training_labels_else_all_doubt_validation_labels():
    _, evidence = small_run({"one": 3.0, "two": 2.0})
    plain = find_label_issues(["one", "two"], evidence)
    assert plain.training is None and plain.validation.of_table == "validation"
    assert list(plain.test.tables) == ["one", "two"]
    truth = truths()
    held_out = {"two": table(truth, 2.0, np.random.default_rng(0), "training", "two")}
    known = Predictions(evidence.tables, evidence.truths | {"training": truth}, held_out)
    both = find_label_issues(["one", "two"], known)
    assert both.validation is None and list(both.training.tables) == ["two"]
    assert both.training.of_table == "out-of-fold"
    assert find_label_issues([], evidence) == IssuesBySplit(None, None, None)


def test_committees_do_not_vote_and_results_are_json():
    results = analysed(*small_run({"one": 3.0, "two": 2.0}, committee=("one", "two")))
    found = results.doubts
    assert found.training is None
    assert found.validation.panel == found.test.panel == ["one", "two"]
    assert IssuesBySplit().record().as_json() == dict.fromkeys(("training", "validation", "test"))


def test_tables_of_other_rows_make_no_panel():
    truth = truths()
    tables = panel(truth) | {"other": table(truth, 1.0, np.random.default_rng(0), "test", "other")}
    with pytest.raises(TableError, match="different rows"):
        label_issues(tables, truth, "test")
