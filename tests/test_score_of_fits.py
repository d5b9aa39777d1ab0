"""A study that names the score that it chooses by: what its fits go by, and what a run says."""

import json

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from vestry.errors import StudyError
from vestry.predictions.table import load_table
from vestry.study.reader import read_study
from vestry.study.settings import Study

NET = {"name": "Net", "layers": [{"flatten": True}], "early_stopping": {"patience": 2}}
OWN = {"name": "Own", "layers": [{"flatten": True}],
       "early_stopping": {"patience": 2, "monitor": "val_loss"}}  # fmt: skip
SEARCHED = {"name": "Searched", "estimator": "sklearn.linear_model.LogisticRegression",
            "params": {"C": {"choose": [0.1, 1.0]}}, "search": {"trials": 2}}  # fmt: skip
BOTH = {"members": ["Net", "Own"]}
TABLES = {
    "title": "Scores",
    "data": {"source": "digits"},
    "member": [NET, OWN, SEARCHED],
    "committee": [
        {"name": "W", "rule": "weighted"} | BOTH,
        {"name": "G", "rule": "greedy"} | BOTH,
        {"name": "L", "rule": "greedy", "by": "log_loss"} | BOTH,
        {"name": "M", "rule": "mean"} | BOTH,
    ],
}


def followed(decision):
    study = Study.model_validate(TABLES | ({"decision": decision} if decision else {}))
    net, own, searched = study.member
    rules = {entry.name: entry.options.get("by") for entry in study.committee}
    return (
        net.early_stopping.monitor, own.early_stopping.monitor, searched.search.score,
        rules["W"], rules["G"], rules["L"], rules["M"],
    )  # fmt: skip


def test_fits_follow_the_score_that_a_study_names_unless_they_name_their_own():
    usual = ("val_loss", "val_loss", "accuracy", "accuracy", "log_loss", "log_loss", None)
    assert followed(None) == followed({"within": 0.02}) == usual
    assert followed({"score": "macro_f1"}) == (
        *("val_macro_f1", "val_loss", "macro_f1", "macro_f1", "macro_f1", "log_loss", None),
    )
    assert followed({"score": "log_loss"})[:5] == (
        *("val_loss", "val_loss", "log_loss", "log_loss", "log_loss"),
    )
    at = {"sensitivity_at_specificity": 0.9}
    assert followed({"score": at})[2:5] == ("roc_auc", "roc_auc", "roc_auc")


def test_a_resolved_study_means_what_it_meant():
    import tomllib

    study = Study.model_validate(TABLES | {"decision": {"score": "roc_auc"}})
    again = tomllib.loads(study.to_toml())
    again["member"] = again.pop("model")
    assert Study.model_validate(again).digest == study.digest


A_FILE = """
title = "Scores"
[data]
source = "digits"
[decision]
score = {score}
[training]
early_stopping = {{ patience = 2, restore_best = true }}
[[model]]
name = "Usual"
layers = [{{ flatten = true }}]
[[model]]
name = "Own table"
layers = [{{ flatten = true }}]
early_stopping = {{ patience = 3 }}
[[model]]
name = "Own monitor"
layers = [{{ flatten = true }}]
early_stopping = {{ patience = 3, monitor = "val_accuracy" }}
[[model]]
name = "Searched"
layers = [{{ conv = {{ choose = [4, 8] }}, kernel = 3 }}, {{ flatten = true }}]
search = {{ trials = 2 }}
[[model]]
name = "Searched by its own"
estimator = "sklearn.linear_model.LogisticRegression"
params = {{ C = {{ choose = [0.1, 1.0] }} }}
search = {{ trials = 2, score = "log_loss" }}
[[committee]]
name = "Greedy"
rule = "greedy"
members = ["Usual", "Own table"]
"""


def of_a_file(folder, score, *assignments):
    path = folder / "study.toml"
    path.write_text(A_FILE.format(score=score))
    return read_study(path, assignments).study


@pytest.mark.parametrize(
    ("score", "fits"),
    [
        ('"balanced_accuracy"', "balanced_accuracy"),
        ('"macro_f1"', "macro_f1"),
        ('"roc_auc"', "roc_auc"),
        ("{ sensitivity_at_specificity = 0.95 }", "roc_auc"),
    ],
)
def test_the_score_of_a_study_file_reaches_every_fit(tmp_path, score, fits):
    usual, own_table, own_monitor, searched, by_its_own = of_a_file(tmp_path, score).member
    assert usual.early_stopping.monitor == own_table.early_stopping.monitor == f"val_{fits}"
    assert (usual.early_stopping.patience, own_table.early_stopping.patience) == (2, 3)
    assert own_monitor.early_stopping.monitor == "val_accuracy"
    assert searched.search.score == fits and by_its_own.search.score == "log_loss"
    assert searched.with_values({"layers #1.conv": 4}).early_stopping.monitor == f"val_{fits}"


def test_a_score_that_is_set_on_the_command_line_reaches_every_fit(tmp_path):
    study = of_a_file(tmp_path, '"accuracy"', 'decision.score="log_loss"')
    assert study.member[0].early_stopping.monitor == "val_loss"
    assert study.member[3].search.score == study.committee[0].options["by"] == "log_loss"


@pytest.mark.parametrize(
    ("score", "said"),
    [
        ('"balanced_acuracy"',
         "there is no score 'balanced_acuracy'; did you mean `balanced_accuracy`?"),
        ('"AUC"', "there is no score 'AUC'; "),
        ("0.9", "there is no score 0.9; "),
        ("{ sensitivity_at_specificity = 95 }",
         "`sensitivity_at_specificity` takes a share above 0 and below 1, not 95"),
        ("{ sensitivity_at_specificity = 0 }",
         "`sensitivity_at_specificity` takes a share above 0 and below 1, not 0"),
        ('{ sensitivity_at_specificity = "high" }',
         "`sensitivity_at_specificity` takes a share above 0 and below 1, not 'high'"),
        ("{ sensitivity_at_specificty = 0.95 }", "did you mean `sensitivity_at_specificity`?"),
        ('{ positive = "1" }', "key `sensitivity_at_specificity` is missing"),
        ("{ sensitivity_at_specificity = 0.9, positive = 1 }",
         "`positive` takes the name of a class, not 1"),
    ],
)  # fmt: skip
def test_a_score_that_there_is_not_is_refused_in_one_line(tmp_path, score, said):
    with pytest.raises(StudyError) as caught:
        of_a_file(tmp_path, score)
    (line,) = str(caught.value).splitlines()
    assert "`decision.score`: " in line and said in line


STUDY = """
title = "Unbalanced"
[data]
source = "npz:rare.npz"
validation = {{ fraction = 0.3 }}
[exploration]
skip = true
[explanation]
skip = true
[robustness]
skip = true
[decision]
score = {score}
[[model]]
name = "LR"
estimator = "sklearn.linear_model.LogisticRegression"
[[model]]
name = "Balanced LR"
estimator = "sklearn.linear_model.LogisticRegression"
params = {{ class_weight = "balanced" }}
[[committee]]
name = "Greedy"
rule = "greedy"
members = ["LR", "Balanced LR"]
"""


def rare(folder, rows=500):
    """One image in ten has a brighter corner, hard to tell."""
    rng = np.random.default_rng(1)
    labels = (np.arange(2 * rows) % 10 > 0).astype(np.int64)
    images = rng.integers(0, 200, (2 * rows, 4, 4))
    images[labels == 0, :2, :2] += 50
    images, parts = images.astype(np.uint8), {}
    for name, part in (("", slice(None, rows)), ("test_", slice(rows, None))):
        parts |= {f"{name}images": images[part], f"{name}labels": labels[part]}
    np.savez(folder / "rare.npz", classes=np.array(["ill", "well"]), **parts)


def run(folder, vestry, score, code=0):
    (folder / "rare.toml").write_text(STUDY.format(score=score))
    done = vestry("run", "rare.toml", "-q", cwd=folder)
    assert done.returncode == code, done.stderr
    return done


def test_an_unbalanced_study_by_another_score(tmp_path, vestry):
    rare(tmp_path)
    console = run(tmp_path, vestry, '"balanced_accuracy"').stdout
    results = json.loads((tmp_path / "runs/rare/results.json").read_text())
    rows = {row["name"]: row for row in results["ranking"]}
    order = [row["validation_score"] for row in results["ranking"]]
    assert order == sorted(order, reverse=True)
    assert results["ranking"][0]["name"] != "LR" and results["score"]["name"] == "balanced_accuracy"
    said = load_table(tmp_path / "runs/rare/members/Balanced LR/test.npz").probabilities
    truth = np.load(tmp_path / "rare.npz")["test_labels"]
    theirs = balanced_accuracy_score(truth, said.argmax(axis=1))
    assert rows["Balanced LR"]["test_score"] == pytest.approx(theirs)
    assert results["committees"]["Greedy"]["learnt"]["by"] == "balanced_accuracy"
    page = (tmp_path / "runs/rare/report.html").read_text()
    assert "Every model by validation balanced accuracy" in page and "so accuracy misleads" in page
    assert "by validation balanced accuracy" in console and "so accuracy misleads" in console
    assert "Always “well”" in page and "Chance" in page and "Always “well”" in console
    assert results["baselines"][0]["by_score"] == {"validation": 0.5, "test": 0.5}


@pytest.mark.parametrize("score", ['{ sensitivity_at_specificity = 0.9, positive = "sick" }'])
def test_a_positive_class_that_there_is_not_is_refused_before_anything_is_fitted(
    tmp_path, vestry, score
):
    rare(tmp_path)
    said = run(tmp_path, vestry, score, code=2).stderr
    assert "no class 'sick'; there are ill, well" in said and "decision.score" in said
    assert not (tmp_path / "runs/rare/results.json").exists()
