"""A committee rule, a corruption and a score that another package brings go all the way that ours
go, by the command. Nothing of Vestry is changed for them, and no worker is told of them.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from pydantic import create_model
from sklearn.datasets import load_digits
from sklearn.tree import DecisionTreeClassifier

import own_judgement
from studies_at_hand import LEFT_OUT
from vestry import CommitteeClassifier
from vestry.committees.committee_settings import CommitteeSettings
from vestry.committees.rule import RULES, Options
from vestry.data.paths import DataPaths
from vestry.data.sources import digits
from vestry.errors import StudyError
from vestry.pipeline.export import ExportOptions, export_run
from vestry.pipeline.take_home import redraw
from vestry.predictions.scores import SCORES
from vestry.predictions.table import load_table
from vestry.serve.predictor import Predictor
from vestry.storage.run_folder import RunFolder
from vestry.study.reader import read_study
from vestry.study.settings import Study
from vestry.system.registry import Registry

ENTRY_POINTS = """
[vestry.rules]
sharpened = own_judgement:Sharpened
[vestry.corruptions]
blinds = own_judgement:BLINDS
[vestry.scores]
spherical = own_judgement:SPHERICAL
"""
STUDY = f"""
title = "Own judgement"
{LEFT_OUT.replace("robustness = { skip = true }", "robustness = { rows = 60 }")}[data]
source = "digits"
validation = {{ fraction = 0.2, take = "last" }}
[[member]]
name = "Linear"
estimator = "sklearn.linear_model.RidgeClassifier"
[[member]]
name = "Forest"
estimator = "sklearn.ensemble.RandomForestClassifier"
params = {{ n_estimators = 10 }}
reported = {{ spherical = 0.75 }}
cross_validation = {{ folds = 2 }}
[[member]]
name = "Tree"
estimator = "sklearn.tree.DecisionTreeClassifier"
[[committee]]
name = "Three"
rule = "sharpened"
most = 4
members = ["Linear", "Forest", "Tree"]
[[claim]]
says = "one figure"
maker = "Forest"
score = "spherical"
value = 0.0
"""


def installed_at(place, entry_points=ENTRY_POINTS):
    """The package as it is once it has been installed; the environment in which it is there."""
    shutil.copy(own_judgement.__file__, place)
    facts = place / "own_judgement-1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: own-judgement\nVersion: 1\n")
    (facts / "entry_points.txt").write_text(entry_points)
    paths = [str(place), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths)}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="module")
def installed(place):
    return installed_at(place)


@pytest.fixture(scope="module")
def run(installed, vestry, tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    (folder / "own.toml").write_text(STUDY)
    done = vestry("run", "own.toml", cwd=folder, env=installed)
    assert done.returncode == 0, done.stderr
    return folder / "runs" / "own"


@pytest.fixture(scope="module")
def results(run):
    return json.loads((run / "results.json").read_text())


@pytest.fixture(scope="module")
def page(run):
    return (run / "report.html").read_text()


def test_the_score_is_measured_resampled_and_shown(run, results, page):
    makers = results["members"] | results["committees"]
    for name, entry in makers.items():
        folder = "members" if name in results["members"] else "committees"
        table = load_table(run / folder / name / "test.npz")
        labels = labels_of(table)
        value = entry["scores"]["test"]["spherical"]
        assert value == pytest.approx(own_judgement.cosines(table.probabilities, labels).mean())
        low, high = entry["intervals"]["test"]["spherical"]
        assert low < value < high
        assert f"{value:.3f} <small>({low:.3f} to {high:.3f})</small>" in page
    assert len(makers["Forest"]["cross_validation"]["scores"]["spherical"]["values"]) == 2
    assert results["claims"][0]["verdict"] == "open"
    assert "here the spherical score of Forest is" in page and ">Spherical<" in page


def labels_of(table):
    every = digits.load().train
    places = {name: row for row, name in enumerate(every.ids.tolist())}
    return every.labels[[places[name] for name in table.ids.tolist()]]


def test_the_corruption_is_asked_about_in_workers_and_shown(run, results, page):
    found = results["robustness"]
    assert found["kinds"][-1] == {
        "kind": "blinds",
        "unit": "of the height",
        "strengths": [0.125, 0.25, 0.375, 0.5, 0.75],
    }
    for maker in found["makers"].values():
        accuracy = maker["accuracy"]["blinds"]
        assert len(accuracy) == 5 and accuracy[-1] < accuracy[0] <= 1
    pictures = np.load(RunFolder(run).images)
    place = pictures["ids"].tolist().index("altered/blinds/4")
    assert not pictures["images"][place][4:].any() and pictures["images"][place][:4].any()
    assert "8 kinds of alteration in 5 strengths each" in page
    assert "<dt>Blinds</dt>" in page and ">dark from below<" in page
    assert "Blinds: 12.5%, 25%, 37.5%, 50% or 75% of it are dark from below." in page


def test_the_rule_is_fitted_judged_and_shown(run, results, page):
    entry = results["committees"]["Three"]
    assert entry["options"] == {"most": 4} and entry["fitted_on"] == "validation"
    power = entry["learnt"]["power"]
    assert f"sharpened, learnt from the validation rows; to the power of {power}." in page
    stacked = [load_table(run / "members" / n / "test.npz").probabilities for n in entry["members"]]
    table = load_table(run / "committees" / "Three" / "test.npz")
    expected = own_judgement.raised(np.mean(np.array(stacked, float), axis=0), power)
    assert table.probabilities == pytest.approx(expected, abs=1e-6)
    assert len(entry["leave_one_out"]["members"]) == 3
    assert entry["cost"]


@pytest.fixture
def here(monkeypatch):
    """What the package brings, in this process."""
    monkeypatch.setitem(RULES, "sharpened", own_judgement.Sharpened)
    monkeypatch.setitem(SCORES, "spherical", own_judgement.SPHERICAL)


def test_the_rule_is_exported_with_parity_and_served_without_its_package(run, here, tmp_path):
    path, places = tmp_path / "three.onnx", DataPaths.of(base=run.parents[1])
    done = export_run(run, "Three", path, ExportOptions(), places, lambda event: None)
    found = done.bundle.certificate
    assert found["labels_equal"] == found["rows"] >= 1000 and found["largest_gap"] < 1e-5
    assert Predictor(path)(np.zeros((1, 8, 8), np.uint8)).sum() == pytest.approx(1)


def test_its_options_are_checked(run, here):
    study = run.parents[1] / "own.toml"
    for key, words in {
        "most=0": "`committee #1.most`: input should be greater than or equal to 1, not 0",
        "rounds=3": "`rounds` belongs to rule 'greedy', not to 'sharpened'",
    }.items():
        with pytest.raises(StudyError, match=re.escape(words)):
            read_study(study, [f"committee.{key}"])
    assert "most" in Study.model_json_schema()["$defs"]["CommitteeSettings"]["properties"]


def test_it_combines_scikit_learns_classifiers(here):
    rows, labels = load_digits(return_X_y=True)
    members = [("tree", DecisionTreeClassifier()), ("few", DecisionTreeClassifier(max_depth=4))]
    given = {"rule": "sharpened", "options": {"most": 3}, "cv": 2}
    committee = CommitteeClassifier(members, **given).fit(rows, labels)
    assert committee.committee_.card()["power"] <= 3 and committee.score(rows, labels) > 0.9
    with pytest.raises(ValueError, match="most"):
        CommitteeClassifier(members, **given | {"options": {"most": 0}}).fit(rows, labels)


def test_without_the_package_its_study_is_refused_and_its_page_drawn(run, tmp_path):
    with pytest.raises(StudyError) as caught:
        read_study(run.parents[1] / "own.toml")
    assert "`committee #1.rule` cannot be 'sharpened'" in str(caught.value)
    assert "`claim #1.score` cannot be 'spherical'" in str(caught.value)
    copy = RunFolder(shutil.copytree(run, tmp_path / "copy"))
    page = redraw(copy, force=False).read_text()
    assert "<dt>Blinds</dt>" in page and "rule \u201csharpened\u201d" in page


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("own_judgement:Rule", "it is no rule"),
        ("own_judgement:BLINDS", "it is no rule"),
        ("own_judgement:Sharper", "has no attribute 'Sharper'"),
        ("nothing_of_that_name:X", "nothing_of_that_name"),
    ],
)
def test_a_package_that_brings_something_else_is_named(tmp_path, monkeypatch, entry, words):
    installed_at(tmp_path, f"[vestry.rules]\nhalf = {entry}")
    monkeypatch.syspath_prepend(tmp_path)
    registry = Registry("rule", RULES.home, RULES.is_one)
    for _ in range(2):  # the second look does not find what the first one refused
        with pytest.raises(StudyError, match=words) as caught:
            registry.get("half")
        assert str(caught.value).startswith(f"own-judgement brings the rule 'half' ({entry})")


def test_names_that_results_need_are_not_given():
    for name in ("clean", "all", "half/1"):
        with pytest.raises(ValueError, match="cannot be called"):
            replace(own_judgement.BLINDS, name=name)
    for name in ("per_class", "f1"):
        with pytest.raises(ValueError, match="cannot be called"):
            replace(own_judgement.SPHERICAL, name=name)
    with pytest.raises(ValueError, match="5 strengths"):
        replace(own_judgement.BLINDS, strengths=(0.5,))


def test_an_option_that_every_committee_has_is_refused(here, monkeypatch):
    noted = create_model("Noted", __base__=Options, note=(str, ""))
    monkeypatch.setattr(own_judgement.Sharpened, "options", noted)
    with pytest.raises(ValueError, match="'sharpened' has the option `note`, a key of committees"):
        CommitteeSettings(name="c", rule="sharpened", members=["a", "b"])


def test_a_name_is_given_once():
    with pytest.raises(ValueError, match="there is a rule 'mean' already"):
        RULES.register(type("Mean", (own_judgement.Sharpened,), {"name": "mean"}))


def test_a_change_of_the_package_is_another_key(place, installed):
    """A stored answer of other code must not be taken for its own."""
    code = "from vestry.pipeline.tasks.code_key import code_key; print(code_key('robustness'))"

    def key():
        command = [sys.executable, "-B", "-c", code]
        done = subprocess.run(
            command, env=os.environ | installed, capture_output=True, text=True, check=True
        )
        return done.stdout

    before, path = key(), place / "own_judgement.py"
    text = path.read_text()
    path.write_text(text.replace("0, values)", "9, values)"))
    assert key() != before
    path.write_text(f"# a remark\n{text}")
    assert key() == before
