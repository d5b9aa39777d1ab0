"""`[[model]] predictions = ...`: what somebody else's model said, as a model of a study."""

import json

import numpy as np
import pytest

from made_tables import write_csv

STUDY = """
title = "given"
[data]
source = "digits"
training_rows = { count = 300, take = "first" }
validation = { fraction = 0.2 }
[exploration]
skip = true
[explanation]
skip = false
[robustness]
skip = false
[[model]]
name = "NB"
estimator = "sklearn.naive_bayes.GaussianNB"
"""
GIVEN = '[[model]]\nname = "{name}"\npredictions = "tables/{file}"\n{more}\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory, vestry):
    """A study, run, and its own tables as somebody else's predictions."""
    folder = tmp_path_factory.mktemp("given")
    (folder / "own.toml").write_text(STUDY.replace("skip = false", "skip = true"))
    done = vestry("run", "own.toml", "--quiet", cwd=folder)
    assert done.returncode == 0, done.stderr
    tables = folder / "tables"
    tables.mkdir()
    parts = [
        dict(np.load(folder / f"runs/own/members/NB/{split}.npz"))
        for split in ("validation", "test")
    ]
    ids = np.concatenate([part["ids"] for part in parts])
    said = np.concatenate([part["probabilities"] for part in parts])
    classes = parts[0]["classes"].tolist()
    order = np.random.default_rng(0).permutation(len(ids))
    whole = {"ids": ids, "classes": np.array(classes), "probabilities": said}
    np.savez(tables / "same@0.npz", **whole)
    np.savez(tables / "same@1.npz", **whole)
    np.savez(tables / "rows.npz", probabilities=said)
    mixed = [[ids[row], *map(repr, said[row].tolist())] for row in order]
    write_csv(tables / "mixed.csv", ["id", *classes], mixed)
    labels = [[ids[row], classes[said[row].argmax()]] for row in order]
    write_csv(tables / "labels.csv", ["id", "label"], labels)
    write_csv(tables / "few.csv", ["id", "label"], labels[1:])
    write_csv(tables / "unknown.csv", ["id", "label"], [[labels[0][0], "cat"], *labels[1:]])
    np.savez(tables / "shuffled.npz", probabilities=said[order])
    return folder


def study(folder, name, *models, committee=""):
    text = STUDY + "".join(
        GIVEN.format(name=model, file=file, more=more) for model, file, more in models
    )
    (folder / f"{name}.toml").write_text(text + committee)
    return f"{name}.toml"


def test_given_predictions_are_compared_and_everything_unknown_is_said(folder, vestry):
    both = '[[committee]]\nname = "Both"\nrule = "mean"\nmembers = ["NB", "Mixed"]\n'
    file = study(
        folder,
        "all",
        ("Mixed", "mixed.csv", ""),
        ("Rows", "rows.npz", ""),
        ("Labels", "labels.csv", ""),
        ("Seeds", "same@{seed}.npz", "seeds = [0, 1]"),
        committee=both,
    )
    done = vestry("run", file, cwd=folder)
    assert done.returncode == 0, done.stderr
    results = json.loads((folder / "runs/all/results.json").read_text())
    members = results["members"]
    own = members["NB"]["scores"]
    for name in ("Mixed", "Rows", "Seeds"):
        for split in ("test", "validation"):  # intervals of a class are those of one fit
            theirs, ours = (dict(each[split]) for each in (members[name]["scores"], own))
            classes, same = theirs.pop("per_class"), ours.pop("per_class")
            assert theirs == ours, name
            assert {c: f["recall"] for c, f in classes.items()} == {
                c: f["recall"] for c, f in same.items()
            }
    assert [each["seed"] for each in members["Seeds"]["seeds"]] == [0, 1]
    assert members["Labels"]["scores"]["test"]["accuracy"] == own["test"]["accuracy"]
    assert members["Labels"]["scores"]["test"]["log_loss"] is None
    assert members["Labels"]["calibration"] is members["Labels"]["abstention"] is None
    for name in ("Mixed", "Rows", "Labels", "Seeds"):
        entry = members[name]
        assert entry["fit_seconds"] is entry["parameters"] is entry["stored"] is None
        assert "not known" in entry["fitted_on"]
        assert entry["cost"]["latency"] is None and entry["cost"]["reason"]
        assert results["explanations"][name]["reason"]
    assert results["committees"]["Both"]["scores"]["test"] == own["test"]
    said = " ".join(notice["text"] for notice in results["notices"])
    assert "Rows: its file has no ids" in said
    assert "Mixed was not asked about altered images: only its predictions are at hand" in said
    for name in ("Mixed", "Both"):
        refused = vestry("export", "runs/all", "--model", name, "-o", "m.onnx", cwd=folder)
        assert refused.returncode == 1, refused.stdout
        assert "only its predictions are at hand" in refused.stderr
        assert not (folder / "m.onnx").exists()


@pytest.mark.parametrize(
    ("file", "more", "said"),
    [
        ("few.csv", "", "no prediction for 1 of"),
        ("unknown.csv", "", "no class 'cat'"),
        ("nowhere.csv", "", "No such file"),
        ("mixed.csv", "seeds = [0, 1]", "2 seeds and one file"),
        ("mixed.txt", "", "predictions are a .csv"),
        ("mixed.csv", "cross_validation = { folds = 3 }", "nothing is fitted"),
    ],
)
def test_what_does_not_fit_is_a_line(folder, vestry, file, more, said):
    name = study(folder, "wrong", ("Theirs", file, more))
    done = vestry("run", name, "--out", "runs/wrong", cwd=folder)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr and "Traceback" not in done.stderr


def test_rows_in_another_order_are_doubted(folder, vestry):
    done = vestry("run", study(folder, "doubt", ("Theirs", "shuffled.npz", "")), cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "hardly more than by guessing" in done.stderr


def test_a_changed_file_is_another_fit_and_is_never_written_over(folder, vestry):
    file = study(folder, "changed", ("Theirs", "mixed.csv", ""))
    assert vestry("run", file, "--quiet", cwd=folder).returncode == 0
    path = folder / "tables/mixed.csv"
    lines = path.read_text().splitlines()
    right = (folder / "runs/changed/members/Theirs/test.npz").read_bytes()
    rows = [line.split(",") for line in lines[1:]]
    path.write_text("\n".join([lines[0], *(",".join([r[0], *r[2:], r[1]]) for r in rows)]))
    try:
        assert vestry("run", file, "--quiet", cwd=folder).returncode == 0
        assert (folder / "runs/changed/members/Theirs/test.npz").read_bytes() != right
    finally:
        path.write_text("\n".join(lines) + "\n")
    refused = vestry("run", file, "--out", "tables", cwd=folder)
    assert refused.returncode == 2
