"""`vestry explore` as a user runs it, and the task by which a run does the same once."""

import json
import re
import shutil

import numpy as np
import pytest

from planted_images import planted_npz
from vestry.audit.settings import ExplorationSettings
from vestry.data.dataset import load_dataset, resolved
from vestry.data.idx_file import read_idx
from vestry.data.paths import DataPaths
from vestry.data.settings import DataSettings
from vestry.engine.local import LocalEngine
from vestry.pipeline.tasks.audit import exploration_task, read_exploration
from vestry.report.exploration_page import write_exploration
from vestry.storage.run_folder import RunFolder

pytestmark = pytest.mark.usefixtures("forked_workers")


@pytest.fixture(scope="module")
def explored(tmp_path_factory, vestry):
    """A file with something planted of every kind, explored."""
    folder = tmp_path_factory.mktemp("explored")
    planted_npz(folder / "a.npz")
    done = vestry("explore", "npz:a.npz", "--sample", "100", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_digits_are_explored(vestry, tmp_path):
    done = vestry("explore", "digits", "--sample", "200", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = tmp_path / done.stdout.splitlines()[-1]
    assert page == tmp_path / "explorations" / "digits" / "explore.html"
    text = page.read_text(encoding="utf-8")
    assert text.count('id="figure-classes') == 2 and text.count("data:image/png") == 2
    assert '<h1 id="title">digits</h1>' in text
    assert "1,797 images in 10 classes; " in text
    assert "computing t-SNE of 200 images" in done.stderr
    assert "1,797 train images of 8 × 8 pixels in grey, in 10 classes" in done.stdout
    assert "overlap most" in done.stdout


def test_everything_planted_is_said(explored):
    folder, done = explored
    for words in (
        "1 of 60 test images stands in train, too, byte for byte",
        "2 of 300 images stand in the data more than once and with different labels",
        "1 of 300 images has one and the same value throughout",
        "1 of 240 train images lacks pixels: 3 values in all, taken as 0",
        "1 of 60 test images lacks pixels",
        "2 of 240 train images repeat an earlier one byte for byte",
        "1 of 60 test images is almost one of 240 train images",
        "images are unusually far from the 5 nearest train images of their class",
        "looked for and not found: Exact duplicates within test;",
    ):
        assert words in done.stdout
    assert "multiplied by 255" in done.stderr and "were missing (NaN)" in done.stderr
    left = {path.name for path in (folder / "explorations" / "a").iterdir()}
    assert left == {
        *("vestry.json", "explore.json", "explore.html", "figures", "test_looks.jsonl"),
        "corrections.csv",
    }


def test_every_image_of_a_finding_is_on_the_page(explored):
    folder = explored[0] / "explorations" / "a"
    results = json.loads((folder / "explore.json").read_text())
    page = (folder / "explore.html").read_text()
    ids = {
        image["id"]
        for finding in results["exploration"]["findings"]
        for group in finding["groups"]
        for image in group["images"]
    }
    assert {"train/00060", "train/00070", "test/00006"} <= ids
    for name in [*ids, "mean/0", "mean/2"]:
        assert f"({name})" in page
        assert name.startswith("mean/") or f"<code>{name}</code>" in page
    assert "picture not stored" not in page
    tables = json.loads(page.split('id="tables">')[1].split("</script>")[0])
    assert {"checklist", "duplicates", "leaked", "unusual", "splits", "classes"} <= set(tables)
    assert ids == {
        value
        for key, places in (("duplicates", (1, 4)), ("unusual", (0,)))
        for row in tables[key]["rows"]
        for value in (row[place] for place in places)
    }
    with np.load(folder / "figures" / "images.npz", allow_pickle=False) as stored:
        assert ids < set(stored["ids"].tolist())


def test_the_page_is_called_by_the_data_and_not_by_its_path(explored):
    page = (explored[0] / "explorations" / "a" / "explore.html").read_text()
    assert '<h1 id="title">a</h1>' in page and "<title>a \u00b7 Vestry</title>" in page
    ids = re.findall(r'<[^>]* id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    shown = re.findall(r'class="is-(\w+)"><span class="sign"[^>]*>(.)</span>', page)
    assert {"warning", "look", "ok"} == {state for state, _ in shown}
    assert len(set(shown)) == 3, "each state has a sign of its own"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("folder:/home/someone/my.photos", "my.photos"),
        ("/home/someone/photos/", "photos"),
        ("zip:somewhere/pictures.zip", "pictures"),
        ("fashion-mnist", "fashion-mnist"),
    ],
)
def test_a_source_of_any_kind_gives_the_page_a_name(explored, tmp_path, source, name):
    shutil.copytree(explored[0] / "explorations" / "a", tmp_path / "a")
    results = json.loads((tmp_path / "a" / "explore.json").read_text())
    results["data"]["used"] = source
    (tmp_path / "a" / "explore.json").write_text(json.dumps(results))
    page = write_exploration(tmp_path / "a").read_text()
    assert f'<h1 id="title">{name}</h1>' in page


def test_exploring_again_writes_over_its_own_folder_and_gives_the_same(explored, vestry):
    folder = explored[0]
    before = json.loads((folder / "explorations" / "a" / "explore.json").read_text())
    again = vestry("explore", "npz:a.npz", "--sample", "100", "--quiet", "--json", cwd=folder)
    assert again.returncode == 0 and again.stderr == ""
    said = json.loads(again.stdout)
    assert said["findings"] == before["exploration"]["findings"]
    after = json.loads((folder / "explorations" / "a" / "explore.json").read_text())
    assert after["exploration"] == before["exploration"] and after["data"] == before["data"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["fashion-mist"], 2, "did you mean `fashion-mnist`?"),
        (["npz:"], 2, "names no path"),
        (["npz:absent.npz"], 1, "no such file"),
        (["digits", "--sample", "3"], 2, "--sample"),
        (["digits", "--out", "full"], 2, "holds other files"),
        (["digits", "--out", "full/note.txt"], 2, "is a file"),
        (["npz:bad.npz"], 1, "infinite"),
    ],
)
def test_what_cannot_be_explored_is_said_in_a_line(vestry, tmp_path, arguments, code, words):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note.txt").write_text("mine")
    np.savez(tmp_path / "bad.npz", images=np.full((4, 3, 3), np.inf), labels=np.arange(4) % 2)
    done = vestry("explore", *arguments, cwd=tmp_path)
    assert done.returncode == code and words in done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""
    assert (tmp_path / "full" / "note.txt").read_text() == "mine"


@pytest.fixture
def task(tmp_path):
    places = DataPaths(data=None, cache=tmp_path / "cache", base=tmp_path, hosts=())
    data = DataSettings(source="npz:a.npz", validation={"fraction": 0.25, "take": "random"})
    planted_npz(tmp_path / "a.npz")
    dataset = load_dataset(data, places)
    context = {
        "data": resolved(data, dataset.provenance).model_dump(mode="json"),
        "places": places.as_dict(),
        "study": "hash",
        "record": str(tmp_path / "run" / "test_looks.jsonl"),
    }
    settings = ExplorationSettings(sample=80)
    return exploration_task(settings, dataset, context, RunFolder(tmp_path / "run")), dataset


def test_a_run_explores_its_three_splits_in_a_worker(task):
    work, dataset = task
    events = []
    (outcome,) = LocalEngine(1).run([work], events.append)
    assert outcome.reason is None, outcome.details
    assert work.is_done and not work.workspace.exists()
    stages = [event for event in events if event["event"] == "stage"]
    assert {event["task"] for event in stages} == {"exploration"} and len(stages) > 5
    found = read_exploration(work.folder)
    assert list(found.results.facts.splits) == ["training", "validation", "test"]
    assert list(found.pictures) == ["mean/0", "mean/1", "mean/2"]
    assert all(image.shape == dataset.test.image_shape for image in found.pictures.values())
    with np.load(found.correlation, allow_pickle=False) as stored:
        assert stored["correlation"].shape == (144, 144)
    kinds = {f.kind for f in found.results.findings if f.count}
    assert {"duplicates_across", "label_conflict", "blank", "missing"} <= kinds


def test_the_task_is_another_for_other_settings_or_missing_values(task, tmp_path):
    work, dataset = task
    run = RunFolder(tmp_path / "run")

    def folder(settings, data):
        return exploration_task(settings, data, {}, run).folder

    settings = ExplorationSettings(sample=80)
    assert folder(settings, dataset) == work.folder
    assert folder(ExplorationSettings(sample=81), dataset) != work.folder
    dataset.test.missing[0] += 1
    assert folder(settings, dataset) != work.folder


def test_real_clothes_are_explored_within_limits(vestry, fashion_mnist, tmp_path):
    """Every other test image beside every tenth training image: all pairs of all take half a
    minute."""
    loaded = read_fashion_mnist(fashion_mnist / "fashion-mnist")
    train, test = loaded["train"], loaded["t10k"]
    parts = {"images": train[0][::10], "labels": train[1][::10]}
    np.savez(tmp_path / "clothes.npz", **parts, test_images=test[0][::2], test_labels=test[1][::2])
    done = vestry("explore", "npz:clothes.npz", "--sample", "500", "--out", "f", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = tmp_path / "f" / "explore.html"
    assert page.stat().st_size < 8_000_000
    results = json.loads((tmp_path / "f" / "explore.json").read_text())["exploration"]
    assert results["facts"]["splits"]["train"]["shape"] == [6_000, 28, 28]
    counts = {(f["kind"], *f["splits"]): f["count"] for f in results["findings"]}
    assert counts["duplicates_across", "train", "test"] == 0
    assert counts["near_duplicates", "train", "test"] == 3
    assert results["overlap"]["pairs"][0]["classes"] == [2, 4]


def read_fashion_mnist(folder):
    """Images and labels, as they stand in the files."""
    names = ("images-idx3", "labels-idx1")
    return {
        part: [read_idx(folder / f"{part}-{name}-ubyte.gz", {1, 3}) for name in names]
        for part in ("train", "t10k")
    }
