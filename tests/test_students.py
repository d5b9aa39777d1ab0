"""Students and their teachers, as a user runs them: who learns from whom, and from which rows."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from vestry.data.dataset import load_dataset
from vestry.data.paths import DataPaths
from vestry.data.settings import DataSettings
from vestry.data.sources.digits import load
from vestry.errors import MemberError
from vestry.pipeline.tasks.fit import parts_of
from vestry.pipeline.tasks.student import fit_student
from vestry.predictions.table import load_table

ROWS, TESTED, SIDE = 90, 30, 8
HEAD = """
title = "Students"
[data]
source = "npz:few.npz"
validation = {validation}
[exploration]
skip = true
[explanation]
skip = true
[robustness]
skip = true
[training]
epochs = 2
precision = "fp32"
"""
TEACHERS = """
[[model]]
name = "LR"
estimator = "sklearn.linear_model.LogisticRegression"
params = { max_iter = 100 }
[[model]]
name = "Net"
layers = [{ flatten = true }, { dense = 12 }]
early_stopping = { patience = 1, restore_best = true }
[[committee]]
name = "Both"
members = ["LR", "Net"]
"""
STUDENTS = {
    "Default": 'teacher = "Both"',
    "Asked": 'teacher = "Net"\n'
    'distillation = { targets = "in_sample", temperature = 4, mix = 0.9 }',
    "Altered": 'teacher = "Both"\naugmentation = { shift = 0.1 }\n'
    'distillation = { targets = "augmented", copies = 2 }',
    "Grandchild": 'teacher = "Asked"\ndistillation = { targets = "out_of_fold" }',
}
STUDENT = '\n[[model]]\nname = "{}"\nlayers = [{{ flatten = true }}]\n{}\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("students")
    rows = load().train
    asked = slice(ROWS, ROWS + TESTED)
    arrays = {"images": rows.images[:ROWS], "labels": rows.labels[:ROWS]}
    arrays |= {"test_images": rows.images[asked], "test_labels": rows.labels[asked]}
    np.savez(place / "few.npz", **arrays)
    return place


def run(vestry: Callable[..., Any], folder: Path, name: str, text: str) -> Path:
    (folder / f"{name}.toml").write_text(text)
    done = vestry("run", f"{name}.toml", cwd=folder)
    assert done.returncode == 0 and "failed" not in done.stdout, done.stderr + done.stdout
    return folder / "runs" / name


@pytest.fixture(scope="module")
def home(vestry: Callable[..., Any], folder: Path) -> Path:
    text = HEAD.format(validation="{ folds = 2 }") + TEACHERS
    text += "".join(STUDENT.format(*student) for student in STUDENTS.items())
    return run(vestry, folder, "folded", text)


def tasks(home: Path) -> dict[str, dict[str, Any]]:
    """What each finished task was to do, by its folder's name."""
    found = {path.parent.name: json.loads(path.read_text()) for path in home.glob("tasks/*/*.json")}
    return {key: card["task"] for key, card in found.items() if "member" in card.get("task", {})}


def student_fits(home: Path) -> dict[str, dict[str, Any]]:
    return {key: task for key, task in tasks(home).items() if "teacher" in task}


def test_no_teacher_has_learnt_from_a_row_that_its_student_is_judged_by(
    home: Path, folder: Path
) -> None:
    settings = DataSettings(source="npz:few.npz", validation={"folds": 2})
    rows = load_dataset(settings, DataPaths.of(base=folder)).training
    known, checked = tasks(home), 0
    for task in student_fits(home).values():
        own, held_out = parts_of(rows, task.get("part"))
        for key in (key for fits in task["teacher"]["fits"] for key in fits):
            learnt, unseen = parts_of(rows, known[key].get("part"))
            assert set(learnt.ids) <= set(own.ids)
            assert held_out is None or not set(learnt.ids) & set(held_out.ids)
            if task["teacher"]["targets"] == "out_of_fold":
                assert unseen is not None and set(unseen.ids) <= set(own.ids)
                answered = load_table(home / "tasks" / key / "held_out.npz").ids
                assert not set(answered) & set(learnt.ids)
            checked += 1
    assert {task["teacher"]["targets"] for task in student_fits(home).values()} == {
        *("out_of_fold", "in_sample", "augmented")
    }
    assert checked > 20


@pytest.mark.parametrize("targets", ["in_sample", "out_of_fold"])
def test_a_teacher_that_saw_held_out_rows_is_caught(
    home: Path, folder: Path, tmp_path: Path, targets: str
) -> None:
    fits = student_fits(home)
    fold = next(
        task
        for task in fits.values()
        if task.get("part", {}).get("kind") == "fold" and task["teacher"]["targets"] == targets
    )
    whole = next(t for t in fits.values() if "part" not in t and t["teacher"]["targets"] == targets)
    forged = fold | {"teacher": whole["teacher"]}
    settings = DataSettings(source="npz:few.npz", validation={"folds": 2})
    context = {
        "data": settings.model_dump(mode="json"),
        "places": DataPaths.of(base=folder).as_dict(),
    }
    with pytest.raises(MemberError, match="has learnt from rows that it is judged by"):
        fit_student(forged, context, home / "tasks" / "new", tmp_path, lambda _: None)


def test_card_and_page_say_whose_student_it_is(home: Path) -> None:
    results = json.loads((home / "results.json").read_text())
    page = (home / "report.html").read_text()
    for name, keys in STUDENTS.items():
        teacher = keys.split('"')[1]
        assert results["members"][name]["kind_words"] == f"network, student of {teacher}"
        assert f"It is a student of {teacher}: " in " ".join(results["members"][name]["notes"])
        assert f"student of {teacher}" in page
    cards = {n: json.loads((home / "members" / n / "card.json").read_text()) for n in STUDENTS}
    assert cards["Default"]["teacher"] == {
        "name": "Both",
        "members": ["LR", "Net"],
        "targets": "out_of_fold",
        "temperature": 2.0,
        "mix": 1.0,
    }
    assert cards["Altered"]["teacher"]["copies"] == 2
    assert cards["Asked"]["teacher"]["mix"] == 0.9
    assert "teacher" not in cards["Asked"]["task"]["member"].get("layers", [])


def test_what_is_exported_is_the_student_alone(
    vestry: Callable[..., Any], home: Path, tmp_path: Path
) -> None:
    done = vestry(
        "export", home, "--model", "Default", "--output", tmp_path / "s.onnx", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    session = onnxruntime.InferenceSession(str(tmp_path / "s.onnx"))
    images = load().train.images[ROWS : ROWS + TESTED]
    said = session.run(["probabilities"], {session.get_inputs()[0].name: images})[0]
    table = load_table(home / "members" / "Default" / "test.npz")
    assert (said.argmax(axis=1) == table.labels).all()  # calibrated, which keeps answers
    assert (tmp_path / "s.onnx").stat().st_size < 20_000


def test_another_teacher_is_another_fit_and_a_file_teaches_as_well(
    vestry: Callable[..., Any], home: Path, folder: Path
) -> None:
    done = vestry("export", home, "--model", "LR", "--output", folder / "lr.onnx", cwd=folder)
    assert done.returncode == 0, done.stderr
    text = HEAD.format(validation="{ fraction = 0.2 }") + TEACHERS
    names = {"Of file": "onnx:lr.onnx", "Of Net": "Net", "Of both": "Both"}
    for name, teacher in names.items():
        text += STUDENT.format(name, f'teacher = "{teacher}"')
    once = run(vestry, folder, "plain", text)
    notes = json.loads((once / "results.json").read_text())["members"]
    assert "which rows that file has learnt from is not known" in " ".join(
        notes["Of file"]["notes"]
    )
    assert "surer of them than of new ones" in " ".join(notes["Of Net"]["notes"])
    keys = {task["teacher"]["name"]: key for key, task in student_fits(once).items()}
    assert len(keys) == len(names)
    run(vestry, folder, "plain", text.replace("max_iter = 100", "max_iter = 200"))
    again = {key: task["teacher"]["name"] for key, task in student_fits(once).items()}
    assert sorted(again.values()) == ["Both", "Both", "Net", "onnx:lr.onnx"]
    for shape in ("other.npz",):
        rows = load().train
        np.savez(folder / shape, images=rows.images[:40], labels=rows.labels[:40] % 3)
    wrong = text.replace("few.npz", "other.npz")
    (folder / "wrong.toml").write_text(wrong)
    failed = vestry("run", "wrong.toml", cwd=folder)
    assert failed.returncode and "model teacher of Of file" in failed.stderr
    assert not list((folder / "runs").glob("wrong/tasks/*"))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('teacher = "Bth"', "is no model or committee of this study; did you mean `Both`"),
        ('teacher = "S"', "leads back to the model itself"),
        ('teacher = "Circle"', "leads back to the model itself"),
        ('teacher = "Stack"', "learns from rows that its student is judged by"),
        ('teacher = "Refit"', "has refit = true"),
        ('teacher = "Found"', "is searched for"),
        ('teacher = "onnx:a.pt"', "is no .onnx file"),
        ("distillation = { mix = 0.5 }", "name its teacher"),
        ('teacher = "LR"\ndistillation = { mix = 0 }', "mix"),
        ('teacher = "LR"\nsearch = { trials = 2 }\nbatch_size = { choose = [8, 16] }', "search"),
    ],
)
def test_what_cannot_teach_is_an_error_before_any_fit(
    vestry: Callable[..., Any], folder: Path, keys: str, said: str
) -> None:
    text = HEAD.format(validation="{ fraction = 0.2 }") + TEACHERS + STUDENT.format("S", keys)
    text += """
[[model]]
name = "Refit"
estimator = "sklearn.naive_bayes.BernoulliNB"
refit = true
[[model]]
name = "Found"
estimator = "sklearn.tree.DecisionTreeClassifier"
params = { max_depth = { choose = [2, 8] } }
search = { trials = 2 }
[[committee]]
name = "Circle"
members = ["LR", "S"]
[[committee]]
name = "Stack"
rule = "stacking"
members = ["LR", "Net"]
"""
    (folder / "bad.toml").write_text(text)
    done = vestry("run", "bad.toml", cwd=folder)
    assert done.returncode != 0 and said in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and not (folder / "runs" / "bad").exists()
