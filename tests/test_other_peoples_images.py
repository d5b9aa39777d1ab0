"""Other people's images, as they come: sorted, in blocks, of unlike shapes, badly numbered."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vestry.data.paths import DataPaths
from vestry.data.source import load_source
from vestry.errors import DataError

ROOT = Path(__file__).parent.parent
SHORT = ("--set", "training.epochs=1", "--set", "exploration.skip=true")
SHORT += ("--set", "robustness.skip=true", "--set", "explanation.skip=true")
LR = '[[member]]\nname = "LR"\nestimator = "sklearn.linear_model.LogisticRegression"\n'
HEAD = 'title = "T"\nexploration = { skip = true }\nrobustness = { skip = true }\n'
HEAD += "explanation = { skip = true }\n"
FIFTH = "validation = { fraction = 0.2 }"


def images(labels, *shape):
    """Images that are brighter, the higher their class."""
    random = np.random.RandomState(0)
    noise = random.randint(0, 60, (len(labels), *(shape or (8, 8))))
    steps = 40 * np.asarray(labels).reshape(-1, *[1] * (noise.ndim - 1))
    return (noise + steps).clip(0, 255).astype(np.uint8)


def write_folder(folder, *classes, count=12):
    """Photographs of many sizes, as a listing gives them: sorted by class."""
    for label, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for row in range(count):
            pixels = images([label], 20 + row, 24, 3)[0]
            Image.fromarray(pixels).save(folder / name / f"{row:03}.jpg")


def write_npz(path, labels, **others):
    np.savez(path, images=images(labels), labels=np.array(labels), **others)


def results_of(run):
    return json.loads((run / "results.json").read_text())


def readme_example():
    return (ROOT / "README.md").read_text().split("```toml\n")[1].split("```")[0]


ON_A_FOLDER = ("--set", "data.source=folder:photos", "--set", "data.image_size=[16,16]")


@pytest.mark.parametrize("study", ["README", "studies/default.toml"])
def test_the_example_and_the_tour_run_on_a_folder_sorted_by_class(tmp_path, vestry, study):
    text = readme_example() if study == "README" else (ROOT / study).read_text()
    (tmp_path / "study.toml").write_text(text.replace("seeds = [0, 1, 2]\n", ""))
    write_folder(tmp_path / "photos", "ants", "bees")
    done = vestry("run", "study.toml", *ON_A_FOLDER, *SHORT, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    results = results_of(tmp_path / "runs" / "study")
    counts = {name: split["class_counts"] for name, split in results["data"]["splits"].items()}
    assert all(abs(ants - bees) <= 1 and ants and bees for ants, bees in counts.values())
    assert not [n for n in results["notices"] if n["level"] == "warning"]
    assert not results["failures"]


@pytest.mark.parametrize(
    "labels",
    [[1] * 60 + [0] * 60, [1] * 30 + [0, 1] * 30 + [0] * 30],
    ids=["falling", "blocks and a mixture"],
)
def test_models_are_chosen_by_every_class_in_whatever_order_rows_stand(tmp_path, vestry, labels):
    write_npz(tmp_path / "a.npz", labels)
    (tmp_path / "s.toml").write_text(f'{HEAD}[data]\nsource = "npz:a.npz"\n{FIFTH}\n{LR}')
    assert vestry("run", "s.toml", "-q", cwd=tmp_path).returncode == 0
    results = results_of(tmp_path / "runs" / "s")
    splits = results["data"]["splits"].values()
    assert all(abs(one - other) <= 1 for one, other in (s["class_counts"] for s in splits))
    assert results["ranking"][0]["validation_accuracy"] > 0.9


def test_uneven_classes_are_said_before_any_fitting_and_on_top_of_the_page(tmp_path, vestry):
    write_npz(
        tmp_path / "a.npz",
        [0, 1, 2] * 40,
        test_images=images([0, 1] * 20),
        test_labels=np.array([0, 1] * 20),
    )
    (tmp_path / "s.toml").write_text(f'{HEAD}[data]\nsource = "npz:a.npz"\n{FIFTH}\n{LR}')
    done = vestry("run", "s.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = "No test rows of 2 (40 rows in all)."
    assert said in done.stderr.partition("LR: done")[0]
    results = results_of(tmp_path / "runs" / "s")
    warned = [each["text"] for each in results["notices"] if each["level"] == "warning"]
    assert any(said in text for text in warned)
    assert said in results["data"]["warnings"][0]
    page = (tmp_path / "runs" / "s" / "report.html").read_text()
    banner = page.partition('<div class="banner"')[2].partition("</div>")[0]
    assert said.removesuffix(".") in banner


def test_last_rows_that_hold_one_class_are_refused_before_any_fitting(tmp_path, vestry):
    write_folder(tmp_path / "photos", "ants", "bees")
    (tmp_path / "s.toml").write_text(readme_example())
    given = ("--set", 'data.test={fraction=0.2,take="first"}')
    given += ("--set", 'data.validation={fraction=0.2,take="last"}')
    done = vestry("run", "s.toml", *ON_A_FOLDER, *given, *SHORT, cwd=tmp_path)
    assert done.returncode == 1 and ": done" not in done.stderr
    assert 'take = "last"; left out, rows are drawn at random by class' in done.stderr


UNLIKE = {
    "size": ({"test_images": images([0, 1], 4, 8)}, "8 x 8 in grey, test images 4 x 8 in grey"),
    "turned": ({"test_images": images([0, 1], 9, 8)}, "9 x 8 in grey"),
    "colour": ({"test_images": images([0, 1], 8, 8, 3)}, "test images 8 x 8 in colour"),
    "flat": ({"test_images": images([0, 1], 70)}, "images.reshape(-1, height, width)"),
    "channels first": ({"test_images": images([0, 1], 3, 8, 8)}, "test images 8 x 8 in colour"),
    "five channels": ({"test_images": images([0, 1], 8, 8, 5)}, "(2, 8, 8, 5)"),
    "lengths": ({"test_images": images([0, 1, 0])}, "3 images, 2 labels"),
    "label": ({"test_labels": np.array([0, 7]), "classes": np.array(["a", "b"])}, "label 7 of"),
    "names": ({"classes": np.array(["a"])}, "1 class (a)"),
}


def write_unlike(folder, kind):
    """A file with test rows that do not fit; gives what is to be said of them."""
    others, said = UNLIKE[kind]
    two = {"test_images": images([0, 1]), "test_labels": np.array([0, 1])}
    write_npz(folder / "a.npz", [0, 1] * 20, **(two | others))
    return said


@pytest.mark.parametrize("kind", UNLIKE)
def test_parts_that_do_not_fit_together_are_found_on_loading(tmp_path, kind):
    said = write_unlike(tmp_path, kind)
    places = DataPaths(data=None, cache=tmp_path, base=tmp_path, hosts=())
    with pytest.raises(DataError) as caught:
        load_source("npz:a.npz", places)
    assert said in str(caught.value) and "a.npz" in str(caught.value)


@pytest.mark.parametrize("command", ["run", "explore"])
def test_images_of_unlike_shape_are_said_in_a_line_before_any_fitting(tmp_path, vestry, command):
    said = write_unlike(tmp_path, "colour")
    (tmp_path / "s.toml").write_text(f'{HEAD}[data]\nsource = "npz:a.npz"\n{FIFTH}\n{LR}')
    what = "s.toml" if command == "run" else "npz:a.npz"
    done = vestry(command, what, cwd=tmp_path)
    assert done.returncode == 1 and said in done.stderr and "a.npz" in done.stderr
    assert "Traceback" not in done.stderr and ": done" not in done.stderr


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"labels": [1] * 40}, "at least 2"),
        ({"classes": ["a", "b", "c"]}, "no training rows of c; every class needs some"),
        ({"test": [0, 2]}, "there are test images of 2 and no training images"),
    ],
)
def test_classes_that_cannot_be_learnt_are_refused_before_any_fitting(tmp_path, vestry, data, said):
    others = {"classes": np.array(data["classes"])} if "classes" in data else {}
    if "test" in data:
        others |= {"test_images": images(data["test"]), "test_labels": np.array(data["test"])}
    write_npz(tmp_path / "a.npz", data.get("labels", [0, 1] * 20), **others)
    (tmp_path / "s.toml").write_text(f'{HEAD}[data]\nsource = "npz:a.npz"\n{FIFTH}\n{LR}')
    done = vestry("run", "s.toml", cwd=tmp_path)
    assert done.returncode == 1 and said in done.stderr and ": done" not in done.stderr


def test_idx_files_of_unlike_shape_are_refused_with_their_folder(tmp_path, vestry):
    folder = tmp_path / "files"
    folder.mkdir()
    for part, shape in (("train", (8, 8)), ("t10k", (8, 9))):
        labels = np.array([0, 1] * 20, np.uint8)
        pixels = images(labels, *shape)
        header = bytes([0, 0, 8, 3]) + np.array(pixels.shape, ">u4").tobytes()
        (folder / f"{part}-images-idx3-ubyte").write_bytes(header + pixels.tobytes())
        header = bytes([0, 0, 8, 1]) + np.array(labels.shape, ">u4").tobytes()
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(header + labels.tobytes())
    done = vestry("explore", "idx:files", cwd=tmp_path)
    assert done.returncode == 1 and "idx:files: training images are 8 x 8" in done.stderr
