"""A run's own picture files, answered by an exported file as the run itself answered them."""

import json
import shutil
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from running_server import RunningServer

from made_bundles import made_bundle
from made_drawings import drawing, stored, turned, write_drawings
from vestry.data.paths import DataPaths
from vestry.errors import ModelError
from vestry.export.bundle import read_bundle
from vestry.pipeline.export import ExportOptions, export_run
from vestry.predictions.table import load_table
from vestry.storage.run_folder import read_json

STUDY = """
title = "Drawings"
exploration = { skip = true }
robustness = { skip = true }
explanation = { skip = true }
[data]
source = "folder:drawings"
image_size = [14, 18]
validation = { fraction = 0.2, take = "random" }
[training]
epochs = 2
[[member]]
name = "Line"
estimator = "sklearn.linear_model.LogisticRegression"
[[member]]
name = "Net"
layers = [{ conv = 4, kernel = 3 }, { pool = 2 }, { flatten = true }]
[[committee]]
name = "Both"
members = ["Line", "Net"]
"""


class Answered:
    """A finished run on a folder of drawings, its exported file, and what the run answered."""

    def __init__(self, folder, said, resize):
        self.folder, self.said, self.resize = folder, said, resize
        self.model = folder / "model.onnx"
        self.table = load_table(folder / "runs" / "study" / "committees" / "Both" / "test.npz")
        self.files = [folder / "drawings" / name for name in self.table.ids.tolist()]

    def rows_of(self, answers):
        """(n, classes) probabilities of answers in JSON that name all three classes."""
        rows = [{one["class"]: one["probability"] for one in answer["top"]} for answer in answers]
        return np.array([[row[name] for name in self.table.classes] for row in rows])

    def check(self, probabilities):
        assert np.array_equal(probabilities.argmax(axis=1), self.table.labels)
        np.testing.assert_allclose(probabilities, self.table.probabilities, atol=1e-5)


SAID = {
    "stretch": "whatever their proportions",
    "fit": "in proportion, with white around",
    "crop": "cropped to their middle",
}


@pytest.fixture(
    scope="module", params=[("grey", "stretch"), ("colour", "fit"), ("grey", "crop")], ids="-".join
)
def answered(request, tmp_path_factory, vestry):
    colours, resize = request.param
    folder = tmp_path_factory.mktemp("-".join(request.param))
    write_drawings(folder / "drawings", colours == "colour")
    (folder / "study.toml").write_text(
        STUDY.replace("validation", f'resize = "{resize}"\nvalidation')
    )
    done = vestry("run", "study.toml", "-q", cwd=folder)
    assert done.returncode == 0, done.stderr
    given = ["--model", "Both", "--no-temperature", "-o", "model.onnx", "--json"]
    done = vestry("export", "runs/study", *given, cwd=folder)
    assert done.returncode == 0, done.stderr
    return Answered(folder, json.loads(done.stdout)[0], resize)


def test_the_gate_reads_every_test_file(answered):
    count = len(answered.table)
    files = answered.said["certificate"]["files"]
    assert files["rows"] == files["labels_equal"] == count and files["largest_gap"] < 1e-5
    card = answered.model.with_suffix(".md").read_text()
    assert f"{count} of {count} test files were answered so" in card
    assert f"resized to 18 x 14 pixels, {SAID[answered.resize]}" in card
    run = answered.folder / "runs" / "study"
    prepared = {"stretch": "resized", "fit": "fitted", "crop": "cropped"}[answered.resize]
    assert read_json(run / "results.json")["data"]["preparation"] == prepared
    assert read_bundle(answered.model)[1].preparation == prepared
    assert SAID[answered.resize] in (run / "report.html").read_text()


def test_predict_answers_the_test_files_as_the_run_did(answered, vestry, tmp_path):
    out = tmp_path / "answers.npz"
    done = vestry("predict", answered.model, *answered.files, "--out", out)
    assert done.returncode == 0, done.stderr
    answered.check(load_table(out).probabilities)


def test_predict_answers_a_folder_and_says_what_it_did(answered, vestry, tmp_path):
    folder = tmp_path / "test"
    for number, file in enumerate(answered.files):
        folder.mkdir(exist_ok=True)
        shutil.copy(file, folder / f"{number:03d}{file.suffix}")
    done = vestry("predict", answered.model, folder, "--json")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    answered.check(answered.rows_of(answers))
    assert all("as the training images were" in answer["prepared"] for answer in answers)
    said = " ".join(answer["prepared"] for answer in answers)
    assert "resized to 18 x 14" in said and "laid on white" in said and "EXIF" in said
    assert not any(answer["warnings"] for answer in answers)


def test_photograph_steps_are_taken_where_they_are_asked_for(answered, vestry):
    plain = answered.files[:6]
    done = vestry("predict", answered.model, *plain, "--photograph", "--json")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(answer["prepared"].startswith("Prepared as a photograph") for answer in answers)
    whole = vestry("predict", answered.model, *plain, "--whole", "--json")
    same = vestry("predict", answered.model, *plain, "--json")
    assert whole.stdout == same.stdout != done.stdout


def post(port, path, body, kind):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, {"Content-Type": kind})
    with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310 - our own server
        return json.load(reply)


def form(files):
    """The body of a form with one field a file, and its type."""
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="image"; filename="it"\r\n\r\n'
        + file.read_bytes()
        + b"\r\n"
        for file in files
    ]
    return b"".join(parts) + b"--x--\r\n", "multipart/form-data; boundary=x"


def test_a_server_answers_the_test_files_as_the_run_did(answered, tmp_path):
    with RunningServer(tmp_path, answered.model, "--quiet") as server:
        bodies = [(file.read_bytes(), "application/octet-stream") for file in answered.files]
        one = [post(server.port, "/predict", *body) for body in bodies]
        answered.check(answered.rows_of(one))
        forms = [post(server.port, "/predict", *form([file])) for file in answered.files]
        assert forms == one
        answered.check(answered.rows_of(post(server.port, "/predict/batch", *form(answered.files))))
        detailed = [post(server.port, "/predict?details=1", *body) for body in bodies]
        answered.check(answered.rows_of(detailed))
        assert {step["step"] for found in detailed for step in found["strip"]} == {
            "Received",
            "Prepared",
        }
        asked = post(server.port, "/predict?details=1&photograph=1", *bodies[0])
        assert asked["prepared"].startswith("Prepared as a photograph")
        for path in ("/predict?photograph=2", "/predict/batch?photograph=yes"):
            with pytest.raises(urllib.error.HTTPError, match="400"):
                post(server.port, path, *form(answered.files[:1]))


def test_a_file_prepared_otherwise_is_refused_by_the_gate(answered, monkeypatch, tmp_path):
    from vestry.serve import preprocessing

    honest = preprocessing.pixels_of

    def other(picture, colour, size=None, way="stretch"):
        return honest(picture.convert("RGB").reduce(2), colour, size, way)

    monkeypatch.setattr(preprocessing, "pixels_of", other)
    monkeypatch.chdir(answered.folder)
    run, target = answered.folder / "runs" / "study", tmp_path / "m.onnx"
    with pytest.raises(ModelError, match=r"drawings/.* is not prepared as it was for the run"):
        export_run(run, "Line", target, ExportOptions(), DataPaths.of(), lambda _: None)
    assert not list(tmp_path.iterdir())


def test_a_model_of_arrays_takes_pictures_whole(vestry, tmp_path):
    """Pictures of the rows are the rows; others are resized, and it is said how far that goes."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (90, 9, 12), np.uint8)
    labels = np.arange(90) % 3
    images[np.arange(90), labels * 3] //= 4
    np.savez(tmp_path / "rows.npz", images=images, labels=labels)
    study = STUDY.replace("folder:drawings", "npz:rows.npz").replace("image_size = [14, 18]\n", "")
    (tmp_path / "study.toml").write_text(study)
    assert vestry("run", "study.toml", "-q", cwd=tmp_path).returncode == 0
    arguments = ["--model", "Line", "--no-temperature", "-o", "m.onnx", "--json"]
    done = vestry("export", "runs/study", *arguments, cwd=tmp_path)
    assert json.loads(done.stdout)[0]["certificate"]["files"] is None
    table = load_table(tmp_path / "runs" / "study" / "members" / "Line" / "test.npz")
    names = [f"{name.replace('/', '-')}.png" for name in table.ids.tolist()]
    for name, key in zip(names, table.ids.tolist(), strict=True):
        Image.fromarray(images[int(key.rpartition("/")[2])]).save(tmp_path / name)
    done = vestry("predict", "m.onnx", *names, "--out", "answers.npz", cwd=tmp_path)
    given = load_table(tmp_path / "answers.npz")
    assert np.array_equal(given.labels, table.labels)
    np.testing.assert_allclose(given.probabilities, table.probabilities, atol=1e-5)
    drawing(random, 1, (90, 60), True).save(tmp_path / "other.png")
    done = vestry("predict", "m.onnx", "other.png", "--json", cwd=tmp_path)
    words = json.loads(done.stdout)["prepared"]
    assert words.startswith("Prepared whole, since how the training images were made of pictures")
    assert "resized to 12 x 9" in words and "made grey" in words


def test_a_file_from_before_is_answered_whole_and_said_once(vestry, tmp_path):
    old = made_bundle(tmp_path / "old.onnx", preparation=None)
    clothes = made_bundle(
        tmp_path / "clothes.onnx", preparation=None, data={"source": "fashion-mnist"}
    )
    picture, exif = turned(drawing(np.random.default_rng(0), 2, (90, 60), False), 6)
    for number in range(2):
        (tmp_path / f"{number}.jpg").write_bytes(stored(picture, "JPEG", exif=exif))
    done = vestry("predict", old, "0.jpg", "1.jpg", "--json", cwd=tmp_path)
    assert done.stderr.count("exported before files said how") == 1
    assert all("set upright" in line and "whole" in line for line in done.stdout.splitlines())
    done = vestry("predict", clothes, "0.jpg", "--json", cwd=tmp_path)
    assert "exported before" not in done.stderr and "as a photograph" in done.stdout
    with RunningServer(tmp_path, old, "--quiet") as server:
        assert server.said().count("exported before files said how") == 1


def test_a_way_that_is_not_known_is_refused(tmp_path):
    path: Path = made_bundle(tmp_path / "new.onnx", preparation="unheard of")
    with pytest.raises(ModelError, match=r"new\.onnx: .*way not known here \('unheard of'\)"):
        read_bundle(path)
