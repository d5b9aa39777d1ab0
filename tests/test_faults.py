"""Faults that people met in the field, each tried as a kind: what is damaged is made anew, what
cannot be meant is refused in a line, and nothing ends in a traceback."""

import copy
import datetime
import json
import math
import pickle
import shutil
import subprocess
import sys
import tomllib

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from studies_at_hand import LEFT_OUT
from test_run import results_of, without_times
from vestry import CommitteeClassifier, Predictor
from vestry.errors import DataError, StudyError
from vestry.members.networks import checkpoint
from vestry.predictions.given import read_given
from vestry.predictions.truth import read_truth
from vestry.sklearn_api.checks import ParameterError
from vestry.study.reader import read_study

HEAD = f'title = "Faults"\n{LEFT_OUT}'
DATA = '[data]\nsource = "npz:d.npz"\nvalidation = { fraction = 0.25 }\n'
LR = '[[model]]\nname = "LR"\nestimator = "sklearn.linear_model.LogisticRegression"\n'
NB = '[[model]]\nname = "NB"\nestimator = "sklearn.naive_bayes.GaussianNB"\n'
NET = '[[model]]\nname = "Net"\nlayers = [{ flatten = true }, { dense = 8 }]\nepochs = 2\n'
BOTH = '[[committee]]\nname = "Both"\nmembers = ["LR", "Net"]\n'


def arrays(rows=120, classes=3):
    """(rows, 6, 6) images that are easy to tell apart, and their labels."""
    random = np.random.default_rng(0)
    labels = np.arange(rows) % classes
    images = (
        random.integers(0, 60, (rows, 6, 6)) + 190 * np.eye(classes, 6, dtype=int)[labels, None]
    )
    return images.astype(np.uint8), labels


def project(folder, text, data=DATA, **more):
    images, labels = arrays()
    folder.mkdir(exist_ok=True)
    np.savez(folder / "d.npz", **({"images": images, "labels": labels} | more))
    (folder / "s.toml").write_text(HEAD + data + text, encoding="utf-8")
    return folder


@pytest.fixture
def run(vestry):
    def start(folder, *more, command=("run", "s.toml")):
        return vestry(*command, *more, cwd=folder, env={"VESTRY_CORES": "1"})

    return start


def refused(done, *words, code=None):
    """In lines, before any work: no traceback, nothing started."""
    assert done.returncode in (1, 2) if code is None else done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr and ": done" not in done.stderr, done.stderr
    assert all(word in done.stderr for word in words), done.stderr


# Files of a run that a loss of power has emptied or cut.


WAYS = {
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "zeros": lambda content: bytes(len(content)),
}
OF_TASKS = {
    "cards": ["tasks/*/card.json"],
    "tables": ["tasks/*/*.npz"],
    "models": ["tasks/*/*.onnx", "tasks/*/*.safetensors"],
    "histories": ["tasks/*/history.csv"],
}
OF_THE_RUN = {
    "shown": ["members/*/*", "committees/*/*"],
    "marker": ["vestry.json"],
    "results": ["results.json", "study.toml", "environment.json", "split.json", "figures/*.npz"],
    "all": ["vestry.json", "results.json", "tasks/*/*", "study.toml", "figures/*.npz"],
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory, vestry):
    folder = project(tmp_path_factory.mktemp("damage") / "whole", LR + NET + BOTH)
    done = vestry("run", "s.toml", cwd=folder, env={"VESTRY_CORES": "1"})
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def whole(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "copy")


def damage(folder, patterns, way):
    found = [path for pattern in patterns for path in folder.glob(pattern) if path.is_file()]
    assert found
    for path in found:
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(WAYS[way](content))
    return found


@pytest.mark.parametrize(
    ("kind", "way"),
    [
        *((kind, way) for kind in OF_TASKS for way in ("empty", "cut")),
        ("models", "zeros"),
        *((kind, "empty") for kind in OF_THE_RUN),
        *((kind, "cut") for kind in ("marker", "all")),
    ],
)
def test_what_is_damaged_is_done_again_with_a_line_and_comes_to_the_same(
    finished, whole, run, kind, way
):
    damage(whole / "runs/s", (OF_TASKS | OF_THE_RUN)[kind], way)
    done = run(whole)
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    assert ("is done again" in done.stderr) == (kind in (*OF_TASKS, "all")), done.stderr
    assert same(results_of(whole / "runs/s")) == same(results_of(finished / "runs/s"))
    for path in (whole / "runs/s").rglob("*.json"):
        json.loads(path.read_text())
    for table in (whole / "runs/s").rglob("*.npz"):
        with np.load(table) as stored:
            assert all(len(stored[name].tobytes()) for name in stored)


def same(results):
    """What a run comes to, but for the clock and how often it looked."""
    kept = without_times(results)
    return {key: kept[key] for key in ("ranking", "decision", "pairs") if key in kept}


def test_a_run_that_is_whole_is_not_done_again(whole, run):
    cards = {path: path.stat().st_mtime_ns for path in whole.glob("runs/s/tasks/*/card.json")}
    done = run(whole)
    assert done.returncode == 0 and "again" not in done.stderr
    assert cards == {path: path.stat().st_mtime_ns for path in cards}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "command", [("report", "runs/s"), ("export", "runs/s", "-o", "m.onnx"), ("runs",)]
)
def test_commands_on_damaged_results_end_in_a_line(whole, run, command, way):
    damage(whole, ["runs/s/results.json"], way)
    done = run(whole, command=command)
    assert "Traceback" not in done.stderr
    assert "damaged" in done.stderr + done.stdout


@pytest.mark.parametrize("kind", ["committees/Both/card.json", "tasks/*/card.json"])
def test_a_committee_of_damaged_cards_is_not_exported(whole, run, kind):
    damage(whole / "runs/s", [kind, kind.replace("tasks", "members")], "cut")
    done = run(whole, command=("export", "runs/s", "--member", "Both", "-o", "m.onnx"))
    assert done.returncode in (1, 2) and "Traceback" not in done.stderr
    assert not (whole / "m.onnx").exists()


def test_an_emptied_study_file_of_a_run_changes_nothing_of_what_is_exported(whole, run):
    damage(whole, ["runs/s/study.toml"], "empty")
    done = run(whole, command=("export", "runs/s", "-o", "m.onnx"))
    assert done.returncode == 0, done.stderr


def test_somebody_elses_marker_is_not_taken_for_a_damaged_one(tmp_path, run):
    folder = project(tmp_path, LR)
    (folder / "runs/s").mkdir(parents=True)
    (folder / "runs/s/vestry.json").write_text('{"mine": 1}')
    refused(run(folder), "holds other files", code=2)


@pytest.mark.parametrize("way", WAYS)
def test_a_damaged_checkpoint_is_thrown_away(tmp_path, way):
    import torch

    checkpoint.write(tmp_path, {"a": torch.ones(9)}, {})
    assert checkpoint.read(tmp_path) is not None
    damage(tmp_path, [checkpoint.NAME], way)
    assert checkpoint.read(tmp_path) is None
    assert not (tmp_path / checkpoint.NAME).exists()


# Numbers that are not finite, and other values that nobody can mean.


@pytest.mark.parametrize("number", ["inf", "-inf", "nan", "1e400"])
@pytest.mark.parametrize(
    "place",
    [
        "model.LR.params.C",
        "model.LR.reported.accuracy",
        "decision.within",
        "training.learning_rate",
    ],
)
def test_a_number_that_is_not_finite_is_refused_wherever_it_stands(tmp_path, run, number, place):
    folder = project(tmp_path, LR)
    refused(run(folder, "--set", f"{place}={number}"), "is no finite number", code=2)


@pytest.mark.parametrize("number", ["inf", "-inf", "nan", "1e400"])
def test_a_table_with_a_number_that_is_not_finite_is_refused(tmp_path, number):
    path = tmp_path / "p.csv"
    path.write_text(f"id,a,b\n1,0.5,0.5\n2,{number},0.5\n")
    with pytest.raises(DataError, match="row 2"):
        read_given(path)
    labels = np.array([0, float(number), 1])
    np.savez(tmp_path / "t.npz", ids=np.arange(3), labels=labels, splits=np.array(["test"] * 3))
    with pytest.raises(DataError, match="NaN or infinite"):
        read_truth(tmp_path / "t.npz")


@pytest.mark.parametrize("number", ["inf", "nan", "-1", "1e308"])
def test_a_cost_that_cannot_be_is_refused(tmp_path, run, number):
    rows = "1,a,validation\n2,b,validation\n3,a,test\n4,b,test\n"
    (tmp_path / "truth.csv").write_text("id,label,split\n" + rows)
    (tmp_path / "m.csv").write_text("id,a,b\n1,1,0\n2,0,1\n3,1,0\n4,0,1\n")
    (tmp_path / "costs.csv").write_text(f"name,mb\nm,{number}\n")
    command = ("judge", "truth.csv", "m.csv", "--costs", "costs.csv")
    refused(run(tmp_path, command=command), "for mb; give a number", code=1)


STUDY = """
title = "t"
time_limit = 60
[data]
source = "npz:d.npz"
test = { count = 20 }
[votes]
rows = 5
[decision]
within = 0.01
[[model]]
name = "LR"
estimator = "sklearn.linear_model.LogisticRegression"
params = { C = 1.0 }
seeds = [0, 1]
reported = { accuracy = 0.5 }
[[model]]
name = "S"
estimator = "sklearn.svm.SVC"
params = { C = { between = [0.1, 10.0], log = true } }
search = { trials = 3 }
[[model]]
name = "Net"
layers = [{ flatten = true }, { dense = 16 }]
learning_rate = 0.01
[[committee]]
name = "C"
members = ["LR", "S"]
rule = "weighted"
[[pair]]
what = "x"
without = "LR"
with = "Net"
[[claim]]
says = "x"
maker = "LR"
score = "accuracy"
value = 0.5
"""
ODD = [
    *(math.inf, math.nan, datetime.date(2020, 1, 1), datetime.time(3), 10**400, 1e308, -1, 0, ""),
    *([], {}, True, "a\0b", {"a": 1}, [[1]], "x"),
]


def places(value, above=()):
    """Every place in a study, as the keys that lead there."""
    inner = {list: enumerate, dict: dict.items}.get(type(value), lambda _: ())
    for key, part in inner(value):
        yield (*above, key)
        yield from places(part, (*above, key))


@pytest.mark.parametrize("odd", ODD, ids=lambda value: repr(value)[:12])
def test_whatever_a_key_holds_is_read_or_refused(tmp_path, monkeypatch, odd):
    tables = tomllib.loads(STUDY.replace("[[model]]", "[[member]]"))
    for *way, last in places(tables):
        changed = at = copy.deepcopy(tables)
        for key in way:
            at = at[key]
        at[last] = copy.deepcopy(odd)
        monkeypatch.setattr("vestry.study.reader.read_toml", lambda _, now=changed: now)
        try:
            study = read_study(tmp_path / "s.toml").study
        except StudyError:
            continue
        assert study.digest and tomllib.loads(study.to_toml())


@pytest.mark.parametrize("text", ["a = " + "[" * 2000, "a = " + "9" * 5000, "a = \x01"])
def test_a_study_file_without_end_is_refused(tmp_path, run, text):
    (tmp_path / "s.toml").write_text(text)
    refused(run(tmp_path), "is not TOML", code=2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("model.LR=2", "write model.LR.KEY=VALUE"),
        ("model.LR.reported.acuracy=0.9", "did you mean `accuracy`?"),
        ("model.LR.cross_validation.folds=200", "asks for 200 folds of"),
    ],
)
def test_what_cannot_be_meant_is_known_before_any_work(tmp_path, run, change, words):
    refused(run(project(tmp_path, LR), "--set", change), words, code=2)


def test_a_study_file_may_begin_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "s.toml"
    path.write_bytes(b"\xef\xbb\xbf" + (HEAD + DATA + LR).encode())
    assert read_study(path).study.title == "Faults"


# A single test row, wherever it comes from.


@pytest.mark.parametrize(
    ("keys", "own"),
    [
        ("test = { count = 1 }\n", 0),
        ("test_rows = { count = 1 }\n", 20),
        ("", 1),
        ("split = { training = 0.7, validation = 0.295, test = 0.005 }\n", 0),
    ],
)
def test_a_single_test_row_is_refused(tmp_path, run, keys, own):
    images, labels = arrays()
    more = {"test_images": images[:own], "test_labels": labels[:own]} if own else {}
    data = DATA if "split" not in keys else '[data]\nsource = "npz:d.npz"\n'
    folder = project(tmp_path, LR, data + keys, **more)
    refused(run(folder), "there is one test row", code=2)


# Classes by their import path, and models from elsewhere.


def test_what_is_no_classifier_is_not_called(tmp_path, run):
    made = tmp_path / "made"
    paths = {
        "A": ("subprocess.Popen", f'args = ["touch", "{made}"]'),
        "B": ("os.system", f'command = "touch {made}"'),
        "C": ("pathlib.Path", ""),
        "D": ("sklearn.metrics.accuracy_score", ""),
        "E": ("sklearn.preprocessing.StandardScaler", ""),
        "F": ("own.KINDS", ""),
        "H": ("sklearn.linear_model.LinearRegression", ""),
        "I": ("sklearn.ensemble.IsolationForest", ""),
        "J": ("sklearn.cluster.KMeans", ""),
        "G": ("own.starts", ""),
    }
    models = [
        f'[[model]]\nname = "{name}"\nestimator = "{path}"\nparams = {{ {params} }}\n'
        for name, (path, params) in paths.items()
    ]
    good = '[[model]]\nname = "{0}"\nestimator = "own.{0}"\n'
    folder = project(tmp_path, "".join(models) + good.format("built") + good.format("PART"))
    (folder / "own.py").write_text(
        "import functools, subprocess\n"
        "from sklearn.naive_bayes import GaussianNB\n"
        "KINDS = 3\n"
        f"starts = functools.partial(subprocess.Popen, ['touch', {str(made)!r}])\n"
        "PART = functools.partial(GaussianNB, var_smoothing=0.1)\n"
        "def built():\n    return GaussianNB()\n"
    )
    done = run(folder)
    found = results_of(folder / "runs/s")
    assert {failure["name"] for failure in found["failures"]} >= set(paths), done.stderr
    reasons = {f["name"]: f["reason"] for f in found["failures"] if f["name"] in paths}
    assert all("is no classifier" in reason for reason in reasons.values()), reasons
    assert set(found["members"]) == {"built", "PART"} and not made.exists()


@pytest.mark.parametrize("zipmap", [True, False])
def test_an_onnx_model_answers_in_the_order_of_its_own_class_names(tmp_path, run, zipmap):
    from skl2onnx import to_onnx

    images, labels = arrays()
    names = np.array(["b", "c", "a"])
    flat = (images.reshape(len(images), -1) / 255).astype(np.float32)
    model = LogisticRegression().fit(flat, names[labels])
    folder = project(tmp_path, '[[model]]\nname = "O"\nonnx = "m.onnx"\n', classes=names)
    made = to_onnx(model, flat[:1], options={"zipmap": zipmap})
    (folder / "m.onnx").write_bytes(made.SerializeToString())
    done = run(folder)
    assert done.returncode == 0, done.stderr
    assert results_of(folder / "runs/s")["members"]["O"]["scores"]["test"]["accuracy"] > 0.9


def test_two_runs_on_the_same_images_under_other_labels_are_not_compared(tmp_path, run):
    images, labels = arrays(150)
    other = labels.copy()
    other[140] = (other[140] + 1) % 3
    for name, truth in (("one", labels), ("two", other)):
        parts = {"images": images[:100], "labels": labels[:100]}
        project(tmp_path, LR, **parts, test_images=images[100:], test_labels=truth[100:])
        (tmp_path / "d.npz").rename(tmp_path / f"{name}.npz")
        text = (tmp_path / "s.toml").read_text().replace("npz:d.npz", f"npz:{name}.npz")
        (tmp_path / f"{name}.toml").write_text(text)
        assert run(tmp_path, command=("run", f"{name}.toml")).returncode == 0
    done = run(tmp_path, command=("compare", "runs/one", "runs/two"))
    refused(done, "on the same images under other labels")


def test_too_few_rows_for_the_folds_are_told_in_rows():
    images, labels = load_digits(return_X_y=True)
    members = [("a", GaussianNB()), ("b", GaussianNB())]
    with pytest.raises(ParameterError, match=r"no class has more than \d rows, too few for cv = 5"):
        CommitteeClassifier(members, rule="stacking").fit(images[:20], labels[:20])


# Standard streams that are closed, or cannot take what is said.


def test_a_run_needs_no_open_stream(tmp_path):
    folder = project(tmp_path, NB)
    line = f'exec "{sys.executable}" -m vestry run s.toml <&- >&- 2>&-'
    done = subprocess.run(["bash", "-c", line], cwd=folder, timeout=240, check=False)
    assert done.returncode == 0
    assert (folder / "runs/s/report.html").is_file()


@pytest.mark.skipif(sys.platform != "linux", reason="started, not forked, elsewhere")
@pytest.mark.parametrize("closed", [[2], [1], [0, 1, 2]], ids=str)
def test_a_run_may_lack_any_stream(tmp_path, vestry, closed):
    folder = project(tmp_path, NB)
    done = vestry("run", "s.toml", cwd=folder, closed=closed)
    assert done.returncode == 0, done.stderr
    assert (folder / "runs/s/report.html").is_file()
    assert bool(done.stdout) == (1 not in closed) and bool(done.stderr) == (2 not in closed)


def test_what_a_stream_cannot_encode_is_written_as_an_escape(tmp_path, vestry_started):
    folder = project(tmp_path, NB)
    text = (folder / "s.toml").read_text().replace('"Faults"', '"\N{CAT}"')
    (folder / "s.toml").write_text(text, encoding="utf-8")
    done = vestry_started("run", "s.toml", cwd=folder, env={"PYTHONIOENCODING": "latin-1"})
    assert done.returncode == 0 and "Traceback" not in done.stderr
    assert "\\U0001f408" in done.stdout


# What is said, and to whom.


def test_a_wrong_value_is_named_by_its_key_and_not_by_types(tmp_path, run):
    layers = "layers = [{ conv = 8, kernel = 0 }]\n"
    done = run(project(tmp_path, f'[[model]]\nname = "N"\n{layers}'))
    refused(done, "`layers #1.kernel`: input should be greater", code=2)
    assert len(done.stderr.splitlines()) == 1 and "tuple" not in done.stderr


def test_control_characters_of_class_names_are_refused_and_written_out(tmp_path, run):
    folder = project(tmp_path, LR, classes=np.array(["a\nb", "c\td", "\x1b[31mred"]))
    done = run(folder, command=("explore", "npz:d.npz", "-q", "--sample", "20"))
    assert done.returncode == 1 and "control signs" in done.stderr
    assert "\\n" in done.stderr and "a\nb" not in done.stderr and "\x1b" not in done.stderr


def test_a_predictor_can_be_sent_to_another_process():
    predictor = Predictor()
    images = np.random.default_rng(0).integers(0, 256, (3, *predictor.image_shape), dtype=np.uint8)
    again = pickle.loads(pickle.dumps(predictor))  # noqa: S301 - our own, as pools of processes do
    assert np.array_equal(again(images), predictor(images))
