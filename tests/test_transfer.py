"""Frozen backbones as a user runs them: a network of an earlier run, a weights file, no network."""

import json
import re

import pytest
import torch

from made_onnx_models import network, written_by_torch
from studies_at_hand import LEFT_OUT
from vestry.members.backbones.published import PUBLISHED
from vestry.members.backbones.weights import random_backbone
from vestry.study.reader import read_study

BEFORE = """
title = "Before"
[data]
source = "digits"
validation = { fraction = 0.2 }
[training]
epochs = 3
[[member]]
name = "CNN"
layers = [{ conv = 8, kernel = 3 }, { pool = 2 }, { flatten = true }, { dense = 24 }]
"""
AFTER = """
title = "After"
[data]
source = "digits"
validation = { fraction = 0.2 }
training_rows = { count = 200, take = "first" }
[training]
epochs = 4
early_stopping = { patience = 2 }
[[member]]
name = "On CNN"
backbone = "study:before/CNN"
layers = [{ flatten = true }, { dense = 16 }]
seeds = [0, 1]
cross_validation = { folds = 2 }
[[member]]
name = "Found"
backbone = "study:before/CNN"
layers = [{ flatten = true }, { dense = { choose = [8, 16] } }]
search = { trials = 2 }
"""
PUBLISHED_STUDY = """
title = "Published"
[data]
source = "digits"
validation = { fraction = 0.06 }
training_rows = { count = 60, take = "first" }
test = { count = 20 }
[[member]]
name = "ResNet50"
backbone = "resnet50"
layers = [{ flatten = true }, { dense = 8 }]
precision = "fp32"
epochs = 2
"""


@pytest.fixture
def run(tmp_path, vestry):
    """Run a study with a cache of its own and without a network, one fit after the other: two that
    end at the same moment may each write their backbone."""
    nowhere = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9")
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "TORCH_HOME": str(tmp_path / "torch")}
    env |= {"VESTRY_CORES": "1"}

    def run(name, text, *arguments):
        (tmp_path / f"{name}.toml").write_text(text.replace("[data]", f"{LEFT_OUT}[data]", 1))
        return vestry("run", f"{name}.toml", *arguments, cwd=tmp_path, env=nowhere | env)

    return run


def results(tmp_path, name):
    return json.loads((tmp_path / "runs" / name / "results.json").read_text())


def test_an_earlier_network_serves_and_one_trained_anew_is_another_backbone(run, tmp_path, vestry):
    missing = run("after", AFTER)
    assert missing.returncode == 2 and "model On CNN" in missing.stderr
    assert "run its study first" in missing.stderr and not (tmp_path / "runs/after").exists()

    assert run("before", BEFORE).returncode == 0
    done = run("after", AFTER)
    assert done.returncode == 0, done.stderr
    entry = results(tmp_path, "after")["members"]["On CNN"]
    assert entry["kind"] == "backbone" and entry["backbone"]["weights"] == "study"
    assert entry["parameters"] == entry["backbone"]["parameters"] + entry["trainable_parameters"]
    assert entry["milliseconds_per_image"] > 0 and len(entry["seeds"]) == 2
    assert results(tmp_path, "after")["members"]["Found"]["search"]["best"]["values"]
    folder = tmp_path / "runs/after/members/On CNN"
    assert {"weights.safetensors", "history.csv"} <= {path.name for path in folder.iterdir()}
    (stored,) = folder.glob("backbone-*.safetensors")
    for twin in (tmp_path / "runs/after").rglob(stored.name):
        assert twin.samefile(stored), "what one fit has written the next ones link to"

    again = run("after", AFTER)
    assert again.returncode == 0 and "tasks found finished" in again.stderr
    assert ": done" not in again.stderr
    assert run("before", BEFORE.replace("epochs = 3", "epochs = 4")).returncode == 0
    anew = run("after", AFTER)
    assert anew.returncode == 0 and "On CNN: done" in anew.stderr
    assert "Found, search: done" in anew.stderr

    export = ("export", tmp_path / "runs/after", "--model", "On CNN", "--json")
    (said,) = json.loads(vestry(*export).stdout)
    assert said["certificate"]["labels_equal"] == said["certificate"]["rows"] == 200


def test_without_weights_or_network_one_error_says_how_to_go_on(run, tmp_path):
    done = run("p", PUBLISHED_STUDY)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    said = done.stderr.splitlines()[-1]
    assert "model ResNet50: the published weights of ResNet50 are not on this machine" in said
    assert re.search(r"fetch https://\S+/resnet50-0676ba61\.pth .* into \S+/vestry/backbones", said)
    assert not (tmp_path / "runs").exists()


def test_random_weights_stand_in_loudly(run, tmp_path):
    done = run("p", PUBLISHED_STUDY.replace("epochs", 'otherwise = "random"\nepochs'))
    assert done.returncode == 0, done.stderr
    assert "asked for imagenet weights and runs on random ones" in done.stderr
    found = results(tmp_path, "p")
    assert found["members"]["ResNet50"]["backbone"]["asked"] == "imagenet"
    assert any("runs on random ones" in notice["text"] for notice in found["notices"])
    assert "runs on random ones" in (tmp_path / "runs/p/report.html").read_text()


def test_a_weights_file_in_torchvision_s_format_runs_and_a_wrong_one_fails_alone(run, tmp_path):
    state = random_backbone(PUBLISHED["resnet50"], 1).state_dict()
    torch.save(state | {"fc.weight": torch.zeros(1000, 2048)}, tmp_path / "own.pth")
    text = PUBLISHED_STUDY.replace("epochs", 'weights = "file:own.pth"\nepochs')
    done = run("p", text)
    assert done.returncode == 0, done.stderr
    assert results(tmp_path, "p")["members"]["ResNet50"]["backbone"]["weights"] == "file"
    torch.save({"conv1.weight": state["conv1.weight"]}, tmp_path / "own.pth")
    wrong = run("p", text + BEFORE.partition("epochs = 3")[2])
    assert wrong.returncode == 3
    assert "does not hold ResNet50 in torchvision's names: `bn1.weight`" in wrong.stdout


ON_A_FILE = """
title = "On a file"
[data]
source = "digits"
validation = { fraction = 0.2 }
training_rows = { count = 300, take = "first" }
[training]
epochs = 3
scale = "unit"
early_stopping = { patience = 2 }
[[model]]
name = "Net"
layers = [{ flatten = true }, { dense = 8 }]
[[model]]
name = "Head"
backbone = "onnx:theirs.onnx"
layers = [{ flatten = true }]
[[model]]
name = "Logistic"
backbone = "onnx:theirs.onnx"
estimator = "sklearn.linear_model.LogisticRegression"
params = { max_iter = 300, C = { choose = [0.1, 1.0] } }
search = { trials = 2, epochs = 1 }
refit = true
[[committee]]
name = "All"
members = ["Net", "Head", "Logistic"]
"""


def test_a_model_file_serves_under_layers_and_estimators(run, tmp_path, vestry):
    written_by_torch(tmp_path / "theirs.onnx", network(seed=0))
    done = run("file", ON_A_FILE)
    assert done.returncode == 0, done.stderr
    assert "Head: head of 970 parameters on theirs.onnx, 60 frozen" in done.stderr
    found = results(tmp_path, "file")["members"]
    assert found["Logistic"]["stored"] == "head.onnx" and found["Logistic"]["training"] is None
    assert found["Head"]["backbone"]["sha256"] == found["Logistic"]["backbone"]["sha256"]
    assert found["Logistic"]["scores"]["test"]["accuracy"] > 0.8
    page = (tmp_path / "runs/file/report.html").read_text()
    assert "theirs.onnx" in page and "cut before its output layer" in page
    again = read_study(tmp_path / "runs/file/study.toml").study  # with every default said
    assert [entry.name for entry in again.models] == ["Net", "Head", "Logistic"]

    for name in ("Logistic", "All"):
        export = ("export", tmp_path / "runs/file", "--model", name, "--json")
        (said,) = json.loads(vestry(*export).stdout)
        assert said["certificate"]["labels_equal"] == said["certificate"]["rows"]

    written_by_torch(tmp_path / "theirs.onnx", network(seed=1))
    anew = run("file", ON_A_FILE)
    assert anew.returncode == 0 and "Logistic, search: done" in anew.stderr
    assert "Head: done" in anew.stderr and "Net: done" not in anew.stderr


def test_a_damaged_model_file_is_one_error_before_any_fit(run, tmp_path):
    written_by_torch(tmp_path / "theirs.onnx", network())
    content = (tmp_path / "theirs.onnx").read_bytes()
    (tmp_path / "theirs.onnx").write_bytes(content[: len(content) // 2])
    done = run("file", ON_A_FILE)
    assert done.returncode in (1, 2) and "Traceback" not in done.stderr
    assert f"model Head: {tmp_path}" in done.stderr and not (tmp_path / "runs").exists()
