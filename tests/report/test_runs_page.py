"""The page of several runs: its sentences follow the numbers that they are made from."""

import copy

import numpy as np
import pytest

from vestry.evaluation.comparison import evaluate
from vestry.evaluation.run_changes import run_changes
from vestry.evaluation.run_comparison import RunEvidence, compared_runs
from vestry.predictions.table import ProbabilityTable
from vestry.report import runs_words as sentences
from vestry.report.runs_page import render_runs
from vestry.schema.base import FORMAT
from vestry.schema.models import ScoredMember
from vestry.schema.run_comparison import RunComparison


def run_evidence(name, skills, truths):
    """A run of members (name: skill) whose answers lean to the truth by their skill."""
    rng = np.random.default_rng(0)
    members, tables = {}, {}
    for member, skill in skills.items():
        own = {}
        for split, truth in truths.items():
            scores = rng.normal(size=(len(truth), 4)) + skill * np.eye(4)[truth]
            values = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
            ids = np.array([f"{split}/{row}" for row in range(len(truth))])
            own[split] = ProbabilityTable(ids, tuple("abcd"), np.float32(values), member, split)
        facts = dict.fromkeys(ScoredMember.model_fields) | {
            "kind": "estimator", "definition": [], "parameters": 10, "fit_seconds": 2.0,
            "fitted_on": "", "warnings": [], "notes": [], "note": "", "threads": 1,
            "reported": {}, "milliseconds_per_image": 0.1,
        }  # fmt: skip
        members[member] = ScoredMember.model_validate(facts | vars(evaluate(own, truths)))
        tables[member] = own["test"]
    return RunEvidence(name, members, tables)


def made(*skills, ordered_by="validation", rows=400):
    """What `compare_runs` writes, of made-up runs."""
    rng = np.random.default_rng(1)
    truths = {split: rng.integers(0, 4, rows) for split in ("validation", "test")}
    evidence = [run_evidence(f"run{number}", own, truths) for number, own in enumerate(skills, 1)]
    studies = {
        run.name: {"data": {"seed": n}, "member": [{"name": m} for m in run.entries]}
        for n, run in enumerate(evidence)
    }
    facts = {
        "title": "A <b>study</b>",
        "study": {"file": "s.toml", "hash": "ab" * 10},
        "created": "2026-01-02T03:04:05+00:00",
        "fingerprint": "ab" * 32,
        "rows": {"training": 1000, "validation": rows, "test": rows},
        "environment": {"processor": "A processor", "cores_used": 2, "system": "Linux"},
        "seconds": 9.0,
        "failures": [],
    }
    found = compared_runs(evidence, truths["test"], ordered_by)
    return {
        "format": FORMAT,
        "created": "2026-01-03T03:04:05+00:00",
        "data": {"used": "random", "classes": list("abcd")},
        "runs": [
            copy.deepcopy(facts) | {"name": run.name, "makers": len(run.tables)} for run in evidence
        ],
        "changes": run_changes(studies, {name: {} for name in studies}).as_json(),
        "rows": rows,
        "ordered_by": ordered_by,
        "ranking": [row.as_json() for row in found.ranking],
        "best": found.best,
        "tests": found.tests.as_json(),
        "test_looks": uses(4, 0.002),
    }


def uses(comparisons, luck):
    return {
        "test": "ab" * 32, "count": comparisons, "comparisons": comparisons, "studies": 1,
        "of_this_study": 1, "first": None, "last": None, "accuracy": 0.9, "luck": luck,
    }  # fmt: skip


def lead(results):
    return sentences.lead(RunComparison.model_validate(results))


@pytest.fixture
def results():
    return made({"A": 3.0, "B": 1.0}, {"A": 0.5, "C": 0.2})


def page(results):
    return render_runs(RunComparison.model_validate(results), "compare.json")


def test_everything_is_on_the_page_and_nothing_of_the_user_is_markup(results):
    text = page(results)
    for label in ("A", "B", "C"):
        assert label in text
    assert "A &lt;b&gt;study&lt;/b&gt;" in text and "<b>study" not in text
    assert "compare.json" in text and text.count('class="strip"') == 4
    assert "http" not in text.replace("http-equiv", "")


def test_the_lead_follows_the_ranking(results):
    assert "run1 / A is the most accurate on the validation rows" in page(results)
    first, second = results["ranking"][:2]
    first["label"], first["accuracy"] = "run9 / Z", 0.5
    text = lead(results)[0]
    assert text.startswith("run9 / Z") and "50.0%" in text
    assert text.endswith("and the difference to every other model is significant.")
    second["on_test"]["mark"] = "unknown"
    assert f"of {second['label']} nothing can be told." in lead(results)[0]
    assert "cannot be told: too few images" in page(results)
    second["on_test"]["mark"] = "ahead"
    assert f"{second['label']} is ahead of it there." in lead(results)[0]


def test_the_verdict_follows_the_test(results):
    pair = next(pair for pair in results["tests"]["pairs"] if pair["both_best"])
    assert "a significant difference (p < 0.001 after" in lead(results)[1]
    pair |= {"told_apart": False, "p_holm": 0.31}
    said = lead(results)[1]
    assert "no significant difference (p = 0.310 after Holm’s adjustment for 6 tests)" in said
    pair["alike"] = results["rows"]
    assert "say the same of every test image" in lead(results)[1]


def test_several_runs_speak_of_all_pairs_of_their_best():
    results = made({"A": 3.0}, {"B": 3.0}, {"C": 0.1})
    best = [pair for pair in results["tests"]["pairs"] if pair["both_best"]]
    assert len(best) == 3
    for apart, words in (
        (3, "All 3 pairs"),
        (0, "None of the 3 pairs"),
        (1, "1 differ significantly"),
    ):
        for number, pair in enumerate(best):
            pair["told_apart"] = number < apart
        assert words in lead(results)[1]


def test_without_a_common_order_the_page_says_so_and_marks_no_first():
    results = made({"A": 3.0}, {"B": 2.0}, ordered_by="test")
    text = page(results)
    assert "does not choose among them" in text and "by test accuracy" in text
    assert 'class="first"' not in text.split("<tbody")[1]
    assert "does not choose" not in page(made({"A": 3.0}, {"B": 2.0}))


def test_what_changed_follows_the_changes(results):
    text = page(results)
    assert "Only in run1: B." in text and "Only in run2: C." in text
    assert "1 setting of what they share has other values." in text and "data.seed" in text
    results["changes"] = {"makers": [], "settings": [], "environment": []}
    text = page(results)
    assert "Both studies have the same models." in text and "Settings that differ" not in text
    assert "All ran on A processor, 2 cores." in text
    results["runs"][1]["environment"]["cores_used"] = 4
    assert "times are not comparable" in page(results)


def test_looks_and_luck(results):
    assert "4 times, this one among them" in page(results) and "0.2 points better" in page(results)
    results["test_looks"] = uses(1, 0.0)
    assert "once, now" in page(results) and "points better" not in page(results)


def test_namesakes_are_named(results):
    (pair,) = [pair for pair in results["tests"]["pairs"] if pair["same_name"]]
    assert "1 pair of models shares a name across runs: A (" in page(results)
    pair["told_apart"] = False
    assert "none differs significantly" in page(results)
    pair["same_name"] = False
    assert "a name across runs" not in page(results)


def test_many_models_make_a_small_page():
    skills = {f"Model {number} with quite a long name": 0.1 * number for number in range(12)}
    text = page(made(skills, skills, skills, rows=60))
    assert len(text.encode()) < 400_000
    assert text.count('class="strip"') == 36


def test_one_image_alone_is_shown_where_a_run_timed_it(results):
    assert "many images predicted in one go" in page(results)
    latency = {"median_ms": 0.777, "p99_ms": 1.0, "rounds": 200}
    none = {"bytes": 1, "images_per_second": 9.0, "threads": 1, "reason": None}
    results["ranking"][0]["cost"] = none | {"latency": latency}
    results["ranking"][1]["cost"] = none | {"latency": None}
    text = page(results)
    assert "0.777" in text and "median for one image alone" in text
    assert "predicted in one go" not in text
