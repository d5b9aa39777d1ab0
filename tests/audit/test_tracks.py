"""Tracks, images of one object seen again and again, are found by likeness; elsewhere none are."""

import csv
import gzip
import json

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from test_likeness import photographs

from vestry.audit import tracks as module
from vestry.audit.audit import audit
from vestry.audit.bursts import tracks_by_likeness
from vestry.audit.linkage import Links, parts_apart
from vestry.audit.tracks import coarse, compared_rows, tracks
from vestry.data.image_set import ImageSet
from vestry.report.sections import findings

OBJECTS, FRAMES = 24, 9


def approached(objects=OBJECTS, each=FRAMES, seed=0):
    """(objects * each, 32, 32, 3): each object comes nearer frame by frame, in another light, with
    noise, in no order; the number of each row's object, and its class, of two."""
    random = np.random.default_rng(seed)
    images = []
    for thing in photographs(objects, seed, 64):
        picture = Image.fromarray(thing)
        for frame in range(each):
            half = 31 - 1.5 * frame
            x, y = 32 + random.normal(0, 0.7, 2)
            box = (x - half, y - half, x + half, y + half)
            seen = picture.resize((32, 32), Image.Resampling.BILINEAR, tuple(np.clip(box, 0, 64)))
            light = np.asarray(seen, float) * random.uniform(0.8, 1.1)
            images.append(np.clip(light + random.normal(0, 4, light.shape), 0, 255))
    order = random.permutation(len(images))
    things = np.repeat(np.arange(objects), each)[order]
    return np.array(images, np.uint8)[order], things, things % 2


def pairs(names):
    return (names[:, None] == names) & ~np.eye(len(names), dtype=bool)


def compared(images):
    return coarse(images.astype(np.float32))


@pytest.mark.parametrize("seed", range(3))
def test_tracks_are_found_whole_and_apart(seed):
    images, things, labels = approached(seed=seed)
    found = tracks(compared(images), labels)
    inside = found.of >= 0
    assert inside.mean() > 0.95
    ours, right = pairs(found.of[inside]), pairs(things[inside])
    assert (ours & right).sum() > 0.98 * ours.sum()
    assert (ours & right).sum() > 0.9 * pairs(things).sum()
    assert found.apart > 1.5


def test_tracks_among_images_that_stand_alone_are_found_and_these_are_left():
    images, _, labels = approached()
    alone = photographs(200, 77)
    both = np.concatenate([images, alone])
    found = tracks(compared(both), np.concatenate([labels, np.arange(200) % 2]))
    assert (found.of[: len(images)] >= 0).mean() > 0.95
    assert (found.of[len(images) :] >= 0).mean() < 0.1


@pytest.mark.parametrize("rows", [60, 300, 1200])
def test_none_are_found_in_images_that_stand_alone(rows):
    assert tracks(compared(photographs(rows, rows)), np.arange(rows) % 3) is None


def test_none_are_found_in_digits():
    digits = load_digits()
    for rows in (150, 500, len(digits.images)):
        assert tracks(compared(digits.images[:rows]), digits.target[:rows]) is None


@pytest.mark.parametrize("rows", [200, 500, 2000])
def test_none_are_found_in_fashion_mnist(fashion_mnist, rows):
    folder = fashion_mnist / "fashion-mnist"
    pixels = gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((folder / "t10k-labels-idx1-ubyte.gz").read_bytes())
    images = np.frombuffer(pixels, np.uint8, offset=16).reshape(-1, 28, 28)[:rows]
    assert tracks(compared(images), np.frombuffer(labels, np.uint8, offset=8)[:rows]) is None


def test_two_kinds_of_a_class_are_no_tracks():
    """Each kind is half of its class: images of a kind are alike and yet not of one object."""
    kinds = photographs(4, 3).astype(float)
    which = np.arange(400) % 4
    images = kinds[which] + 0.8 * (photographs(400, 5).astype(float) - 128)
    assert tracks(compared(images), which % 2) is None


def test_constant_images_and_small_classes_are_in_no_track():
    images, _, labels = approached()
    images, labels = images.copy(), labels.copy()
    images[:30], labels[-12:] = 7, 2
    found = tracks(compared(images), labels)
    assert (found.of[:30] == -1).all() and (found.of[-12:] == -1).all()


@pytest.mark.parametrize("seed", range(5))
def test_links_to_a_few_neighbours_give_what_all_links_give(seed):
    images, _, _ = approached(12, 14, seed)
    values = compared(images)
    rows = np.arange(len(values))
    products = np.clip(values.astype(float) @ values.T, -0.9999, 0.9999)
    first, second = np.triu_indices(len(values), 1)
    links = Links(first, second, np.arctanh(products[first, second]))
    most = len(values) // 3
    every = parts_apart(len(values), links, 0.25, 3, most)
    few = module._Class.of(values, rows).tracks(0.25)
    assert {tuple(part) for part in few} == {tuple(part) for part in every}
    assert every


def test_of_classes_that_are_too_large_a_part_is_compared_and_that_is_said(monkeypatch):
    images, _, labels = approached()
    sets = image_sets(images, labels)
    monkeypatch.setattr(module, "_MOST_PAIRS", len(images) ** 2 // 8)
    rows = compared_rows(labels, 0)
    assert len(rows) == pytest.approx(len(labels) / 2, abs=1)
    found, notes = audit(sets, 0, lambda text: None)
    assert any(f"{len(rows):,} drawn by class were compared with all" in note for note in notes)
    assert sum(map(len, tracks_by_likeness(found, sets))) <= len(rows)


def image_sets(images, labels):
    names = [f"{name:08x}.png" for name in np.random.default_rng(9).permutation(2**20)]
    ids = np.array([f"{label}/{name}" for label, name in zip(labels, names, strict=False)])
    return {"train": ImageSet(images, np.asarray(labels, np.int64), ("cat", "dog"), ids)}


@pytest.fixture(scope="module")
def hashed(tmp_path_factory):
    """A folder with random names, and an npz without any; the object of each file and row."""
    top = tmp_path_factory.mktemp("hashed")
    images, things, labels = approached()
    random, files = np.random.default_rng(4), {}
    for image, thing, label in zip(images, things, labels, strict=True):
        path = top / "signs" / ("stop", "yield")[label] / f"{random.bytes(8).hex()}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
        files[f"{path.parent.name}/{path.name}"] = int(thing)
    np.savez(top / "signs.npz", images=images, labels=labels)
    return top, files, things


STUDY = """title = "Signs"
[data]
source = "folder:signs"
groups = { file = "groups.csv" }
validation = { fraction = 0.3 }
test = { fraction = 0.3 }
[[model]]
name = "Linear"
estimator = "sklearn.linear_model.LogisticRegression"
"""


def test_a_folder_of_random_names_gets_a_file_of_groups_and_a_run_keeps_them(vestry, hashed):
    top, files, _ = hashed
    done = vestry("explore", "signs", "--sample", "60", cwd=top)
    assert done.returncode == 0, done.stderr
    written = top / "explorations" / "signs" / "groups.csv"
    with written.open() as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) > 0.95 * len(files)
    objects = np.array([files[line["id"].removeprefix("train/")] for line in lines])
    ours, right = pairs(np.array([line["group"] for line in lines])), pairs(objects)
    assert (ours & right).sum() > 0.98 * ours.sum()
    assert (
        'groups = { file = "groups.csv" }' in done.stdout and "by their looks alone" in done.stdout
    )
    page = (written.parent / "explore.html").read_text()
    assert "Frames of one object" in page and "groups.csv beside this page" in page
    kept = json.loads((written.parent / "explore.json").read_text())["groups"]
    assert (kept["file"], kept["images"]) == ("groups.csv", len(lines))

    (top / "groups.csv").write_text(written.read_text())
    (top / "signs.toml").write_text(STUDY)
    ran = vestry("run", "signs.toml", cwd=top)
    assert ran.returncode == 0, ran.stderr
    results = json.loads((top / "runs" / "signs" / "results.json").read_text())
    assert any("by the file groups.csv: none is parted" in n for n in results["data"]["notes"])
    found = next(f for f in results["exploration"]["findings"] if f["kind"] == "bursts")
    assert (found["facts"]["parted"], found["facts"]["kept"]) == (0, True)

    written.write_text(written.read_text() + "train/stop/mine.png,object 1\n")
    again = vestry("explore", "signs", "--sample", "60", cwd=top)
    assert again.returncode != 0 and "was changed since it was written" in again.stderr


def test_an_npz_without_names_does_so_too(vestry, hashed):
    top, _, things = hashed
    done = vestry("explore", "npz:signs.npz", "--sample", "60", "--json", "--out", "npz", cwd=top)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    found = next(each for each in said["findings"] if each["kind"] == "bursts")
    assert found["facts"]["pattern"] is None and found["count"] > 0.95 * len(things)
    assert said["groups"]["groups"] == found["facts"]["runs"] == OBJECTS


def test_frames_in_two_parts_are_a_leak():
    images, _, labels = approached()
    rows = image_sets(images, labels)["train"]
    test = np.arange(len(labels)) % 5 == 0
    sets = {"train": rows.rows(np.flatnonzero(~test)), "test": rows.rows(np.flatnonzero(test))}
    found, _ = audit(sets, 0, lambda text: None)
    told = next(each.as_record(sets) for each in found if each.kind == "bursts")
    assert told.severity == "high" and told.facts["parted"] > 0.9 * test.sum()
    said = findings.sentence(told, ["cat", "dog"])
    assert "test images of objects that stand in another part" in said
    assert "groups.csv" in said and "times as far" in said
