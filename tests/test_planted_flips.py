"""Labels that were flipped in a file of digits are doubted by a study of it."""

import json

import numpy as np

from studies_at_hand import LEFT_OUT
from vestry.data.sources.digits import load
from vestry.data.split_record import ids_of

FLIPS = 25
STUDY = f"""
title = "Planted"
{LEFT_OUT}[data]
source = "npz:planted.npz"
validation = {{ fraction = 0.2 }}
[[member]]
name = "Forest"
estimator = "sklearn.ensemble.ExtraTreesClassifier"
params = {{ n_estimators = 60 }}
cross_validation = {{ folds = 3 }}
[[member]]
name = "Neighbours"
estimator = "sklearn.neighbors.KNeighborsClassifier"
cross_validation = {{ folds = 3 }}
"""


def test_flipped_digits_are_among_the_most_doubted(tmp_path, vestry):
    source = load()
    random = np.random.default_rng(0)
    labels = source.train.labels.copy()
    rows = random.choice(len(labels), FLIPS, replace=False)
    labels[rows] = (labels[rows] + random.integers(1, 10, FLIPS)) % 10
    np.savez(tmp_path / "planted.npz", images=source.train.images, labels=labels)
    (tmp_path / "planted.toml").write_text(STUDY)
    done = vestry("run", "planted.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "runs" / "planted" / "results.json").read_text())
    found = results["doubts"]["training"]
    assert found["of_table"] == "out-of-fold" and results["doubts"]["validation"] is None
    doubted = {image["id"] for image in found["images"]}
    flipped = {f"train/{row:05d}" for row in rows.tolist()}
    split = json.loads((tmp_path / "runs" / "planted" / "split.json").read_text())
    flipped &= set(ids_of(split["ids"]["training"]))
    assert len(flipped) > FLIPS / 2  # the others are validation or test rows
    assert len(flipped & doubted) >= 0.7 * len(flipped)
    assert len(doubted - flipped) <= 5
    assert results["leaks"]["reason"].startswith("the study leaves out")
    page = (tmp_path / "runs" / "planted" / "report.html").read_text()
    tables = json.loads(page.split('id="tables">')[1].split("</script>")[0])
    assert [key for key, *_ in tables["corrections"]["columns"]] == ["id", "label"]
    corrected = dict(tables["corrections"]["rows"])
    most = [row for row in tables["label-issues"]["rows"] if 2 * row[6] > row[7]]
    assert set(corrected) == {row[0] for row in most} and len(most) >= 0.7 * len(doubted)
    right = source.train.labels
    found = [corrected[name] == str(right[int(name[-5:])]) for name in flipped & set(corrected)]
    assert sum(found) >= 0.7 * len(found), "what they suggest is the label that was flipped"

    lines = "".join(f"{name},{label}\n" for name, label in corrected.items())
    (tmp_path / "labels.csv").write_text(f"id,label\n{lines}")
    again = STUDY.replace("[data]\n", '[data]\ncorrections = "labels.csv"\n', 1)
    (tmp_path / "corrected.toml").write_text(again)
    done = vestry("run", "corrected.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    data = json.loads((tmp_path / "runs" / "corrected" / "results.json").read_text())["data"]
    applied = data["corrections"]
    assert sum(applied["relabelled"].values()) + applied["left"] == len(corrected)
    assert data["fingerprint"] != results["data"]["fingerprint"]
    assert any("Corrected by labels.csv" in note for note in data["notes"])
