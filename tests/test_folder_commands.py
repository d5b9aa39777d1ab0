"""`vestry run` and `vestry explore` on folders of pictures as people have them."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

STUDY = """
title = "Mine"
[data]
source = "folder:d"
[exploration]
sample = 20
tsne = false
[robustness]
skip = true
[explanation]
skip = true
[[member]]
name = "LR"
estimator = "sklearn.linear_model.LogisticRegression"
"""


def write(folder: Path, count: int, size: tuple[int, int] = (6, 8)) -> None:
    """Two classes of noise, dark and bright, that anything can tell apart."""
    random = np.random.default_rng(count)
    for name, low in (("dark", 0), ("light", 120)):
        (folder / name).mkdir(parents=True)
        for row in range(count):
            pixels = random.integers(low, low + 120, size, dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{row}.png")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-25])


@pytest.fixture
def home(tmp_path):
    (tmp_path / "s.toml").write_text(STUDY)
    return tmp_path


def test_a_run_says_what_it_left_out_and_goes_on(vestry, home):
    write(home / "d" / "Set" / "Train", 20)
    write(home / "d" / "Set" / "VALID", 8)
    cut(home / "d" / "Set" / "Train" / "light" / "3.png")
    (home / "d" / "Set" / "Train" / "light" / "4.png").write_bytes(b"")
    for row in range(3):
        (home / "d" / "Set" / "VALID" / "light" / f"{row}.heic").write_text("ftyp")
    looks = {"VESTRY_LOOKS": str(home / "looks")}
    done = vestry("run", "s.toml", "--out", "r", cwd=home, env=looks)
    assert done.returncode == 0, done.stderr
    warning = "2 of 56 image files cannot be read and were left out: Set/Train/light/3.png (damaged"
    assert f"warning: {warning}" in done.stderr
    results = json.loads((home / "r" / "results.json").read_text())
    levels = {notice["text"]: notice["level"] for notice in results["notices"]}
    (said,) = [text for text in levels if text.startswith(warning)]
    assert levels[said] == "warning" and "Set/Train/light/4.png (0 bytes)" in said
    assert any("passed over" in text and "3 .heic in Set/VALID/light/" in text for text in levels)
    assert [entry["id"] for entry in results["data"]["files"]["damaged"]] == [
        "Set/Train/light/3.png",
        "Set/Train/light/4.png",
    ]
    splits = results["data"]["splits"]
    assert {name: split["rows"] for name, split in splits.items()} == {
        "training": 30,
        "validation": 16,
        "test": 8,
    }
    assert splits["validation"]["rule"] == "the source's own 16 rows"
    record = json.loads((home / "r" / "split.json").read_text())
    assert record["rows"] == {"training": 30, "validation": 16, "test": 8}
    findings = {entry["kind"]: entry for entry in results["exploration"]["findings"]}
    assert findings["damaged"]["count"] == 2 and findings["damaged"]["of"] == 56
    page = (home / "r" / "report.html").read_text()
    assert warning in page and "Damaged files, left out: 2 of 56" in page


def test_a_run_with_too_many_damaged_files_names_them(vestry, home):
    write(home / "d", 20)
    for row in range(3):
        cut(home / "d" / "light" / f"{row}.png")
    for command in (("run", "s.toml"), ("explore", "folder:d")):
        done = vestry(*command, cwd=home)
        assert done.returncode == 1 and "Traceback" not in done.stderr
        assert "3 of 40 image files cannot be read: light/0.png (damaged image" in done.stderr


def test_explore_finds_damaged_files(vestry, home):
    write(home / "d" / "train", 20)
    write(home / "d" / "test", 8)
    cut(home / "d" / "train" / "light" / "3.png")
    done = vestry("explore", "folder:d", "--sample", "20", "--quiet", cwd=home)
    assert done.returncode == 0, done.stderr
    sentence = "1 of 56 image files cannot be read and was left out: train/light/3.png (damaged"
    assert f"high:    {sentence}" in done.stdout
    assert done.stderr.startswith(f"vestry: warning: {sentence}")
    folder = home / "explorations" / "d"
    assert sentence in (folder / "explore.html").read_text()
    results = json.loads((folder / "explore.json").read_text())
    assert results["data"]["files"]["damaged"][0]["id"] == "train/light/3.png"
    cut(home / "d" / "train" / "light" / "3.png")
    (home / "d" / "train" / "light" / "3.png").unlink()
    again = vestry("explore", "folder:d", "--sample", "20", "--quiet", cwd=home)
    assert "Damaged files" in again.stdout.partition("not found:")[2] and again.stderr == ""


def test_explore_shows_a_class_that_only_one_part_has(vestry, home):
    write(home / "d" / "train", 10)
    write(home / "d" / "val", 5)
    (home / "d" / "val" / "light").rename(home / "d" / "val" / "Light")
    done = vestry("explore", "folder:d", "--sample", "20", cwd=home)
    assert done.returncode == 0, done.stderr
    assert "1 of 3 classes has no train images: Light" in done.stdout
    assert "1 of 3 classes has no validation images: light" in done.stdout
    run = vestry("run", "s.toml", cwd=home)
    assert run.returncode == 1
    assert "validation images of Light and no training images; did you mean `light`?" in run.stderr


def test_mixed_sizes_have_a_way_on(vestry, home):
    write(home / "d", 10)
    Image.new("L", (9, 9)).save(home / "d" / "dark" / "odd.png")
    for size, shape in ((None, [6, 8]), ("6x8", [6, 8]), ("5", [5, 5])):
        given = ("--image-size", size) if size else ()
        done = vestry("explore", "folder:d", *given, "--sample", "20", cwd=home)
        assert done.returncode == 0, done.stderr
        results = json.loads((home / "explorations" / "d" / "explore.json").read_text())
        assert results["data"]["image_shape"] == shape
    looks = {"VESTRY_LOOKS": str(home / "looks")}
    run = vestry("run", "s.toml", "--set", "data.image_size=[6,8]", "-q", cwd=home, env=looks)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["digits", "--image-size", "8"], "digits has one size"),
        (["folder:d", "--image-size", "0"], "such as 32 or 32x48"),
        (["folder:d", "--image-size", "32x"], "such as 32 or 32x48"),
        (["folder:d", "--image-size", "9000"], "1 to 4096"),
    ],
)
def test_an_image_size_that_cannot_be_is_said(vestry, home, arguments, words):
    done = vestry("explore", *arguments, cwd=home, env={"COLUMNS": "200"})
    assert done.returncode == 2 and words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
