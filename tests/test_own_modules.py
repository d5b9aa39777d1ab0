"""A study with torch modules of a user's own, from the file to what is exported."""

import json
import shutil
from pathlib import Path

import numpy as np

import own_modules
from studies_at_hand import LEFT_OUT
from vestry.serve.predictor import Predictor

STUDY = f"""
title = "Own modules"
{LEFT_OUT}[data]
source = "digits"
training_rows = {{ count = 300 }}
validation = {{ fraction = 0.3 }}
[training]
epochs = 2
[[model]]
name = "Mine"
module = "own_modules.Small"
params = {{ width = 4 }}
[[model]]
name = "No graph"
module = "own_modules.NoGraph"
[[model]]
name = "Cut"
module = "own_modules.Cut"
[[model]]
name = "Linear"
estimator = "sklearn.linear_model.LogisticRegression"
[[committee]]
name = "Both"
members = ["Mine", "Linear"]
"""


def test_from_the_study_to_the_file_and_again_once_it_is_edited(tmp_path, vestry):
    shutil.copy(own_modules.__file__, tmp_path)
    (tmp_path / "own.toml").write_text(STUDY)
    folder = tmp_path / "runs" / "own"

    def run():
        done = vestry("run", "own.toml", cwd=tmp_path)
        assert done.returncode == 3, done.stderr  # one of them fails
        names = ("Mine", "Linear")
        cards = {name: (folder / "members" / name / "card.json").read_text() for name in names}
        return done.stderr, json.loads((folder / "results.json").read_text()), cards

    said, results, cards = run()
    assert "Cut" in said and "scores (logits) of shape (n, 10) are needed" in said
    assert set(results["members"]) == {"Mine", "No graph", "Linear"}
    assert "torch makes no right ONNX file" in " ".join(results["members"]["No graph"]["warnings"])
    costs = {name: entry["cost"]["latency"] for name, entry in results["members"].items()}
    assert all(costs.values())
    assert str(tmp_path) not in (folder / "report.html").read_text()
    done = vestry("export", "runs/own", "--model", "Both", "-o", "both.onnx", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    answers = Predictor(Path(tmp_path / "both.onnx"))(np.zeros((2, 8, 8), np.uint8))
    assert answers.shape == (2, 10)
    done = vestry("export", "runs/own", "--model", "No graph", "-o", "none.onnx", cwd=tmp_path)
    assert done.returncode == 1 and "No graph cannot be exported: torch makes" in done.stderr
    with (tmp_path / "own_modules.py").open("a") as file:
        file.write("# edited\n")
    again = run()[2]
    assert again["Linear"] == cards["Linear"] and again["Mine"] != cards["Mine"]
