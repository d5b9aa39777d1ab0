"""`vestry predict`: images in, answers out, as a user runs it."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from made_bundles import CLASSES, NOVELTY, SETS, made_bundle
from vestry.export.bundle import read_bundle
from vestry.predictions.table import load_table
from vestry.serve.image_inputs import inputs_of
from vestry.serve.known_images import KnownSet
from vestry.serve.predictor import READY, Predictor


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model, and pictures that have its size already."""
    folder = tmp_path_factory.mktemp("predict")
    made_bundle(folder / "made.onnx")
    pixels = np.random.default_rng(0).integers(0, 256, (70, 28, 28), np.uint8)
    np.savez(folder / "many.npz", images=pixels)
    (folder / "pictures" / "deep").mkdir(parents=True)
    for number in range(3):
        Image.fromarray(pixels[number]).save(folder / "pictures" / f"{number}.png")
    Image.fromarray(pixels[3]).save(folder / "pictures" / "deep" / "last.png")
    return folder


@pytest.fixture(scope="module")
def pixels(folder):
    return np.load(folder / "many.npz")["images"]


@pytest.fixture(scope="module")
def expected(folder, pixels):
    return Predictor(folder / "made.onnx").votes(pixels)


def test_one_picture_is_a_line_with_its_class_and_the_next_two(vestry, folder, expected):
    done = vestry("predict", "made.onnx", "pictures/0.png", "--votes", cwd=folder)
    assert done.returncode == 0 and done.stderr == "Made; not sure below 60%\n"
    line, *votes = done.stdout.splitlines()
    whole, each = expected[0][0], expected[1][0]
    first, second, third = np.argsort(-whole)[:3]
    assert line.split()[:2] == ["pictures/0.png", *CLASSES[first].split()][:2]
    assert f"{CLASSES[first]:<11} {whole[first]:>6.1%}" in line
    assert line.endswith(
        f"then {CLASSES[second]} {whole[second]:.1%}, {CLASSES[third]} {whole[third]:.1%}"
    )
    assert ("not sure" in line) == (whole[first] < 0.6)
    assert [vote.split()[:2] for vote in votes] == [["Member", "1"], ["Member", "2"]]
    for vote, row in zip(votes, each, strict=True):
        assert f"{CLASSES[row.argmax()]:<11} {row.max():>6.1%}" in vote


def test_a_folder_goes_on_past_what_cannot_be_read(vestry, folder, tmp_path, expected):
    pictures = tmp_path / "pictures"
    outside = tmp_path / "outside.png"
    outside.write_bytes((folder / "pictures" / "1.png").read_bytes())
    for path in sorted((folder / "pictures").rglob("*.png")):
        copy = pictures / path.relative_to(folder / "pictures")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (pictures / "broken.png").write_bytes(outside.read_bytes()[:60])
    (pictures / "never-was.png").write_bytes(b"text, whatever its name says")
    (pictures / "led-out.png").symlink_to(outside)
    (pictures / "same.png").symlink_to(pictures / "0.png")
    (pictures / "round").symlink_to(pictures)
    (pictures / "notes.txt").write_text("none")
    os.mkfifo(pictures / "pipe.png")
    done = vestry("predict", folder / "made.onnx", pictures, "--json", cwd=tmp_path)
    assert done.returncode == 3
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    names = [Path(answer["image"]).relative_to(pictures).as_posix() for answer in answers]
    assert names == ["0.png", "1.png", "2.png", "deep/last.png", "same.png"]
    rows = expected[0][[0, 1, 2, 3, 0]]
    assert [answer["label"] for answer in answers] == rows.argmax(axis=1).tolist()
    assert np.allclose([answer["confidence"] for answer in answers], rows.max(axis=1), atol=1e-5)
    assert "votes" not in answers[0] and len(answers[0]["top"]) == 3
    said = done.stderr
    assert "broken.png: damaged image" in said and "led-out.png: a link that leads out" in said
    assert "never-was.png: not a picture" in said
    assert "no pictures, passed over: notes.txt, pipe.png, round" in said
    assert "Traceback" not in said


def test_arrays_are_answered_row_by_row(vestry, folder, expected):
    done = vestry("predict", "made.onnx", "many.npz", "--csv", "--votes", cwd=folder)
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["image"] for row in rows] == [f"many.npz[{number}]" for number in range(70)]
    given = np.array([[float(row[f"p({name})"]) for name in CLASSES] for row in rows])
    assert np.abs(given - expected[0]).max() < 1e-6
    assert [row["class"] for row in rows] == [CLASSES[k] for k in expected[0].argmax(axis=1)]
    second = expected[1][:, 1].argmax(axis=1)
    assert [row["vote(Member 2)"] for row in rows] == [CLASSES[k] for k in second]
    sure = expected[0].max(axis=1) >= 0.6
    assert [row["sure"] for row in rows] == ["yes" if one else "no" for one in sure]


@pytest.mark.parametrize("suffix", [".csv", ".json", ".npz"])
def test_answers_go_into_a_file_of_the_format_that_its_name_says(
    vestry, folder, tmp_path, expected, suffix
):
    out = tmp_path / f"answers{suffix}"
    done = vestry("predict", "made.onnx", "many.npz", "--out", out, "--quiet", cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{out}\n", "")
    assert list(tmp_path.iterdir()) == [out]
    if suffix == ".npz":
        table = load_table(out)
        assert table.split == "fresh" and table.maker == "Made" and table.classes == CLASSES
        assert table.ids[69] == "many.npz[69]"
        assert np.abs(table.probabilities - expected[0]).max() < 1e-6
    elif suffix == ".json":
        answers = json.loads(out.read_text())
        assert [one["label"] for one in answers] == expected[0].argmax(axis=1).tolist()
    else:
        assert len(list(csv.reader(out.read_text().splitlines()))) == 71


def test_standard_input_is_one_image(folder, expected):
    done = subprocess.run(
        [sys.executable, "-m", "vestry", "predict", "--model", folder / "made.onnx", "-", "--json"],
        input=(folder / "pictures" / "2.png").read_bytes(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["label"] == expected[0][2].argmax()


def test_neither_torch_nor_scikit_learn_is_loaded(folder):
    code = (
        "import sys\nfrom vestry.cli.entry import called\n"
        "sys.argv = ['vestry', 'predict', 'made.onnx', 'pictures/0.png']\n"
        "assert called()[0] == 0\n"
        "heavy = {'torch', 'sklearn', 'scipy', 'pandas', 'skl2onnx'}\n"
        "print(sorted((heavy | {'vestry.members'}) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.skipif(not READY.is_file(), reason="the committee that ships is not there")
def test_without_a_model_the_committee_that_comes_with_it_answers(vestry, folder):
    done = vestry("predict", "pictures/0.png", cwd=folder)
    assert done.returncode == 0 and done.stderr.startswith(Predictor().name)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "Missing argument"),
        (["made.onnx"], 2, "give at least one image"),
        (["made.onnx", "a.png", "other.onnx"], 2, "one model answers"),
        (["--model", "made.onnx", "-", "-"], 2, "standard input can be read once only"),
        (["made.onnx", "many.npz", "--json", "--csv"], 2, "one of them says where"),
        (["made.onnx", "many.npz", "--out", "answers.xlsx"], 2, "must end in .csv, .json, .npz"),
        (["other.onnx", "many.npz"], 1, "other.onnx: No such file"),
        (["made.onnx", "none.png", "empty"], 1, "none.png: No such file"),
    ],
)
def test_wrong_usage_and_nothing_to_answer(vestry, folder, arguments, code, said):
    (folder / "empty").mkdir(exist_ok=True)
    done = vestry("predict", *arguments, cwd=folder)
    assert done.returncode == code and done.stdout == ""
    assert said in " ".join(done.stderr.replace("│", " ").split()), done.stderr
    assert "Traceback" not in done.stderr


def test_images_of_an_array_that_have_another_size_are_prepared(folder, tmp_path):
    photo = np.full((40, 60, 3), 255, np.uint8)
    photo[10:30, 20:45] = (30, 60, 90)
    np.savez(tmp_path / "photos.npz", images=photo[None])
    (given,) = inputs_of([str(tmp_path / "photos.npz")]).images
    prepared = given.prepared(Predictor(folder / "made.onnx").bundle, None)
    assert prepared.image.shape == (28, 28) and not prepared.untouched


def test_arrays_that_are_damaged_or_none(tmp_path):
    np.savez(tmp_path / "other.npz", pictures=np.zeros((2, 28, 28), np.uint8))
    np.savez(tmp_path / "flat.npz", images=np.zeros((2, 700), np.uint8))
    np.savez(tmp_path / "none.npz", images=np.zeros((0, 28, 28), np.uint8))
    np.savez(tmp_path / "object.npz", images=np.array([{}], dtype=object))
    (tmp_path / "noise.npz").write_bytes(b"PK\x03\x04 and no more")
    found = inputs_of([str(path) for path in sorted(tmp_path.iterdir())])
    assert not found.images
    flat, noise, none, stored, other = found.failures
    assert "(n, height, width[, 3]) is read" in flat and "not a readable .npz" in noise
    assert "holds no images" in none and "object" in stored
    assert "holds pictures; an array `images` is expected" in other


def test_floats_become_bytes_as_in_a_study(tmp_path, folder):
    grey = np.linspace(0, 1, 28 * 28, dtype=np.float32).reshape(1, 28, 28)
    np.savez(tmp_path / "floats.npz", images=grey)
    found = inputs_of([str(tmp_path / "floats.npz")])
    prepared = found.images[0].prepared(Predictor(folder / "made.onnx").bundle, None)
    assert np.array_equal(prepared.image, np.rint(grey[0] * 255).astype(np.uint8))
    assert found.notes


def test_names_never_carry_control_characters(tmp_path):
    Image.new("L", (28, 28)).save(tmp_path / "a\x1b[31m\nb.png")
    (given,) = inputs_of([str(tmp_path)]).images
    assert given.name.endswith(r"a\x1b[31m\nb.png")


@pytest.fixture(scope="module")
def wary(folder):
    """A file with sets and with a threshold of likeness, and a picture that came with it."""
    path = made_bundle(folder / "wary.onnx", sets=SETS, novelty=NOVELTY)
    _, bundle = read_bundle(path)
    known = KnownSet.of(bundle.known, bundle).images[:2]
    np.savez(folder / "both.npz", images=np.concatenate([known, np.zeros((1, 28, 28), np.uint8)]))
    return path


def sets_of(probabilities, thresholds):
    """By hand, the most probable class first."""
    order = np.argsort(-probabilities, kind="stable")
    return [
        CLASSES[k] for place, k in enumerate(order)
        if not place or probabilities[k] >= thresholds[k]
    ]  # fmt: skip


def test_sets_and_strange_pictures_are_told_in_json_and_csv(vestry, folder, wary):
    expected = Predictor(wary)(np.load(folder / "both.npz")["images"])
    done = vestry("predict", "wary.onnx", "both.npz", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "sets hold the class of 95% of images; unlike below a likeness of 0.50" in done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    for answer, row in zip(answers, expected, strict=True):
        assert answer["set"] == sets_of(row, SETS["thresholds"])
        assert answer["set_by_class"] == sets_of(row, SETS["by_class"])
        assert answer["class"] == answer["set"][0]
    assert [answer["unlike"] for answer in answers] == [False, False, True]
    assert answers[0]["likeness"] == pytest.approx(1, abs=1e-5) and answers[2]["likeness"] == 0
    done = vestry("predict", "wary.onnx", "both.npz", "--csv", cwd=folder)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    for row, answer in zip(rows, answers, strict=True):
        assert row["set"].split(" | ") == answer["set"]
        assert row["set_by_class"].split(" | ") == answer["set_by_class"]
        assert row["unlike"] == ("yes" if answer["unlike"] else "no")
        assert float(row["likeness"]) == pytest.approx(answer["likeness"], abs=1e-6)


def test_a_strange_picture_is_marked_in_its_line(vestry, folder, wary):
    done = vestry("predict", "wary.onnx", "both.npz", cwd=folder)
    *others, last = done.stdout.splitlines()
    assert "unlike" in last and "not sure" not in last
    assert not any("unlike" in line for line in others)
    expected = Predictor(wary)(np.load(folder / "both.npz")["images"])
    for line, row in zip([*others, last], expected, strict=True):
        meant = sets_of(row, SETS["thresholds"])
        assert (f"; may be {', '.join(meant)}" in line) == (len(meant) > 1)


def test_a_file_that_says_nothing_of_sets_is_answered_as_before(vestry, folder):
    done = vestry("predict", "made.onnx", "pictures/0.png", "--json", cwd=folder)
    answer = json.loads(done.stdout)
    assert not {"set", "set_by_class", "unlike", "likeness"} & set(answer)
    done = vestry("predict", "made.onnx", "pictures/0.png", "--csv", cwd=folder)
    assert done.stdout.startswith("image,class,confidence,sure,p(")
