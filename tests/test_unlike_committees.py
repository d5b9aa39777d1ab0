"""A forest, an SVM and a CNN in one committee, under every rule, as a user runs it."""

import json

import numpy as np
import pytest
from scipy.special import softmax

from page_text import page_text
from vestry.committees.rule import RULES
from vestry.data.paths import DataPaths
from vestry.pipeline.export import ExportOptions, export_run
from vestry.predictions.table import load_table
from vestry.study.reader import read_study

STUDY = """
title = "Unlike members"
exploration = { skip = true }
explanation = { skip = true }
robustness = { rows = 200 }
[data]
source = "digits"
split = { training = 0.7, validation = 0.15, test = 0.15 }
[training]
epochs = 3
[[member]]
name = "Forest"
estimator = "sklearn.ensemble.RandomForestClassifier"
params = { n_estimators = 30 }
cross_validation = { folds = 3 }
[[member]]
name = "SVM"
estimator = "sklearn.svm.SVC"
scale = "standard"
[[member]]
name = "CNN"
layers = [{ conv = 8, kernel = 3 }, { pool = 2 }, { flatten = true }, { dense = 32 }]
cross_validation = { folds = 3 }
"""
ALL = ["Forest", "SVM", "CNN"]
NAMES = {rule: f"by {rule}" for rule in RULES}


def committee(name, rule, members=ALL, more=""):
    return f'[[committee]]\nname = "{name}"\nrule = "{rule}"\nmembers = {members}\n{more}\n'


@pytest.fixture(scope="module")
def run(tmp_path_factory, vestry):
    folder = tmp_path_factory.mktemp("unlike")
    committees = [committee(name, rule) for rule, name in NAMES.items()]
    on_folds = 'fit_on = "out_of_fold"'
    committees.append(committee("two", "stacking", ["Forest", "CNN"], on_folds))
    committees.append(committee("all", "stacking", ALL, on_folds))
    (folder / "unlike.toml").write_text(STUDY + "".join(committees))
    done = vestry("run", "unlike.toml", cwd=folder)
    assert done.returncode == 3, done.stderr  # one committee has nothing to be fitted on
    return folder / "runs" / "unlike"


@pytest.fixture(scope="module")
def results(run):
    return json.loads((run / "results.json").read_text())


def test_every_rule_makes_a_committee_with_its_own_scores(run, results):
    assert list(results["committees"]) == [*NAMES.values(), "two"]
    for rule, name in NAMES.items():
        entry = results["committees"][name]
        table = load_table(run / "committees" / name / "test.npz")
        assert table.split == "test" and entry["rule"] == rule
        assert entry["scores"]["test"]["accuracy"] > 0.9


def test_what_was_learnt_is_said_by_name(run, results):
    for rule, name in NAMES.items():
        entry = results["committees"][name]
        assert entry["fitted_on"] == ("validation" if RULES[rule].learns else None)
        for key in {"weights", "chosen", "influence"} & entry["learnt"].keys():
            assert list(entry["learnt"][key]) == ["Forest", "SVM", "CNN"]
        card = json.loads((run / "committees" / name / "card.json").read_text())
        assert card["fitted_on"] == entry["fitted_on"] and card["members"] == entry["asked"]
    weights = results["committees"]["by weighted"]["learnt"]["weights"]
    accuracy = {
        name: results["members"][name]["scores"]["validation"]["accuracy"] - 0.1 for name in weights
    }
    for name, weight in weights.items():
        assert weight == pytest.approx(accuracy[name] / sum(accuracy.values()))


def test_test_tables_follow_from_what_was_learnt(run, results):
    stacked = np.stack(
        [load_table(run / "members" / n / "test.npz").probabilities for n in results["members"]]
    ).astype(float)
    for rule in ("weighted", "greedy"):
        entry = results["committees"][NAMES[rule]]
        weights = np.array(list(entry["learnt"]["weights"].values()))
        own = load_table(run / "committees" / NAMES[rule] / "test.npz").probabilities
        assert np.abs(own - np.einsum("m,mnk->nk", weights, stacked)).max() < 1e-6


def test_a_committee_is_fitted_on_out_of_fold_tables_of_the_training_rows(run, results):
    entry = results["committees"]["two"]
    assert entry["fitted_on"] == "out_of_fold"
    card = json.loads((run / "committees" / "two" / "card.json").read_text())
    for split in ("validation", "test"):
        tables = [load_table(run / "members" / n / f"{split}.npz") for n in entry["members"]]
        design = np.concatenate([t.probabilities.astype(float) for t in tables], axis=1)
        scores = np.log(np.maximum(design, 1e-7)) @ card["coefficients"] + card["intercepts"]
        own = load_table(run / "committees" / "two" / f"{split}.npz").probabilities
        assert np.abs(own - softmax(scores, axis=1)).max() < 1e-5


def test_without_out_of_fold_tables_it_says_what_to_add(results):
    failures = [entry for entry in results["failures"] if entry["name"] == "all"]
    assert len(failures) == 1
    assert "none of SVM; give each cross_validation = { folds = 5 }" in failures[0]["reason"]


def test_the_saved_study_reads_as_the_same_study(run):
    saved = read_study(run / "study.toml").study
    assert saved == read_study(run.parent.parent / "unlike.toml").study
    assert saved.data.split is not None and saved.data.validation is None


def test_the_page_says_each_rule_and_what_it_learnt(run):
    page = (run / "report.html").read_text()
    for words in (
        "; mean of the probabilities.",
        "geometric mean of the probabilities",
        "majority vote, ties by the mean probability",
        "weights in proportion to accuracy above chance, learnt from the validation rows: Forest 0",
        "greedy selection with replacement",
        "multinomial logistic regression",
        "come from a rule fitted without that row",
    ):
        assert words in page, words


@pytest.mark.parametrize("name", [*NAMES.values(), "two", *ALL])
def test_every_model_is_exported_as_it_is(run, tmp_path, name):
    """Rules of every kind, members of every kind: the gate would refuse what differs."""
    places = DataPaths.of(base=run.parent.parent)
    done = export_run(run, name, tmp_path / "x.onnx", ExportOptions(), places, lambda event: None)
    found = done.bundle.certificate
    assert found["labels_equal"] == found["rows"] == 1000 and found["largest_gap"] < 1e-5


def test_a_committee_of_one_is_that_model_under_another_name(tmp_path, vestry):
    """All seats of `greedy` go to the SVM, beside which the other knows nothing."""
    guess = "sklearn.dummy.DummyClassifier"
    models = f'[[model]]\nname = "Guess"\nestimator = "{guess}"\n' + (
        '[[model]]\nname = "SVM"\nestimator = "sklearn.svm.SVC"\n'
    )
    study = STUDY.partition("[[member]]")[0] + models
    study += committee("Seats", "greedy", ["Guess", "SVM"], 'by = "accuracy"')
    (tmp_path / "one.toml").write_text(study)
    done = vestry("run", "one.toml", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "runs" / "one" / "results.json").read_text())
    assert found["committees"]["Seats"]["asked"] == ["SVM"]
    assert found["decision"]["recommended"] == "SVM"
    page = page_text((tmp_path / "runs" / "one" / "report.html").read_text())
    assert "Seats asks SVM alone: it is that model under another name, not another choice." in page
