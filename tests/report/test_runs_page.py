"""The page of several runs: its sentences follow the numbers that they are made from."""

import copy
import json
import re

import numpy as np
import pytest

from vestry.evaluation.comparison import evaluate_seeds
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
        members[member] = ScoredMember.model_validate(
            facts | vars(evaluate_seeds({0: own}, truths))
        )
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
    assert "compare.json" in text and 'class="whisker"' not in text
    assert "http" not in text.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")


def test_every_model_of_every_run_has_its_dots(results):
    _, figure = page(results).split("<figure")
    for drawing in figure.split("<svg")[1:]:
        assert drawing.count('class="dot') == 4 + 1, "one of them explains the sign"
        for name in ("run1", "run2"):
            assert f">{name}</text>" in drawing
    (data,) = [table for key, table in taken_home(results).items() if key == "models"]
    found = {(run, model): (low, test, high) for run, model, _, test, low, high, _ in data["rows"]}
    for row in results["ranking"]:
        low, high = row["interval"]
        assert found[row["run"], row["name"]] == (low, row["accuracy"], high)


def taken_home(results):
    text = page(results).split('id="tables">')[1].split("</script>")[0]
    return json.loads(text)


def test_the_ranking_is_taken_home_as_it_was_measured(results):
    table = taken_home(results)["ranking"]
    keys = [key for key, *_ in table["columns"]]
    for row, stored in zip(table["rows"], results["ranking"], strict=True):
        found = dict(zip(keys, row, strict=True))
        assert (found["run"], found["model"]) == (stored["run"], stored["name"])
        assert [found["test_low"], found["test_high"]] == stored["interval"]
        assert found["validation"] == stored["validation_accuracy"]
        assert found["difference"] == (stored["on_test"] or {}).get("difference")


def test_the_lead_follows_the_ranking(results):
    assert '<p class="recommended">run1 / A</p>' in page(results)
    assert "Significantly better on test than the other 3 models" in page(results)
    first, second = results["ranking"][:2]
    first["label"], first["accuracy"] = "run9 / Z", 0.5
    text = lead(results)[0]
    assert text.startswith("run9 / Z") and "50.0%" in text
    assert text.endswith("and the difference to every other model is significant.")
    assert '<p class="recommended">run9 / Z</p>' in page(results) and "50.0%" in page(results)
    second["on_test"]["mark"] = "unknown"
    assert f"of {second['label']} nothing can be told." in lead(results)[0]
    assert "Of 3 other models: too few images to tell from 1" in page(results)
    assert "cannot be told: too few images" in page(results)
    second["on_test"]["mark"] = "ahead"
    assert f"{second['label']} is ahead of it there." in lead(results)[0]
    assert "1 significantly better on test" in page(results)


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
    assert 'class="recommended"' not in text and 'class="band"' not in text
    assert "does not choose" not in page(made({"A": 3.0}, {"B": 2.0}))


def test_what_changed_follows_the_changes(results):
    text = page(results)
    assert "1 setting and 2 models differ between the runs" in text
    rows = taken_home(results)["changes"]["rows"]
    assert ["data.seed", "", "0", "1"] in rows
    assert ["member", "B", "yes", "no"] in rows and ["member", "C", "no", "yes"] in rows
    results["changes"] = {"makers": [], "settings": [], "environment": []}
    text = page(results)
    assert "The studies have the same models and settings" in text and "changes" not in [
        *taken_home(results)
    ]
    assert "All ran on A processor, 2 cores." in text
    results["runs"][1]["environment"]["cores_used"] = 4
    assert "times are not comparable" in page(results)


def test_many_changes_are_folded_and_all_are_taken_home(results):
    rows = [{"key": f"key{number}", "values": [number, None], "of": []} for number in range(40)]
    results["changes"]["settings"] = rows
    text, tables = page(results), taken_home(results)
    assert "the first 12 of 42" in text and len(tables["first-changes"]["rows"]) == 12
    assert len(tables["changes"]["rows"]) == 42
    assert text.index('id="table-first-changes"') < text.index('id="all-changes"')
    assert text.index('id="all-changes"') < text.index('id="table-changes"')


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
    assert len(taken_home(made(skills, skills, skills, rows=60))["models"]["rows"]) == 36


def test_no_id_of_a_page_stands_twice(results):
    ids = re.findall(r'<[^>]* id="([^"]+)"', page(results))
    assert len(ids) == len(set(ids)) > 10


def test_one_image_alone_is_shown_where_a_run_timed_it(results):
    assert "many images predicted in one go" in page(results)
    latency = {"median_ms": 0.777, "p99_ms": 1.0, "rounds": 200}
    none = {"bytes": 1, "images_per_second": 9.0, "threads": 1, "reason": None}
    results["ranking"][0]["cost"] = none | {"latency": latency}
    results["ranking"][1]["cost"] = none | {"latency": None}
    text = page(results)
    assert "0.777" in text and "median for one image alone" in text
    assert "predicted in one go" not in text
