"""Frames of one object are known by names where looks agree, and names alone say nothing."""

import json
import tomllib

import numpy as np
import pytest
from PIL import Image
from test_likeness import photographs

from vestry.audit.audit import audit
from vestry.data.image_set import ImageSet
from vestry.report.sections import findings
from vestry.schema.exploration import Finding

OBJECTS, FRAMES = 12, 6


def frames(objects=OBJECTS, each=FRAMES, seed=0):
    """(objects * each, 32, 32, 3): each object seen again and again, moved and noisy; and its
    number."""
    random = np.random.default_rng(seed)
    things = photographs(objects, seed, 40)
    images = []
    for thing in things:
        for _ in range(each):
            down, across = random.integers(2, 5, 2)
            part = thing[down : down + 32, across : across + 32] + random.normal(0, 6, (32, 32, 3))
            images.append(np.clip(part, 0, 255))
    return np.array(images, np.uint8), np.repeat(np.arange(objects), each)


def named(images, names, labels):
    return ImageSet(images, np.asarray(labels, np.int64), ("cat", "dog"), np.array(names))


def looked_for(sets) -> Finding:
    found, _ = audit(sets, 0, lambda text: None)
    return next(each.as_record(sets) for each in found if each.kind == "bursts")


NAMES = {
    "a number at the end": lambda label, thing, frame: f"{label}/{thing:05d}_{frame:05d}.ppm",
    "a folder": lambda label, thing, frame: f"{label}/seq{thing}/{frame * 7 + thing}.png",
    "a first word": lambda label, thing, frame: f"{label}/tom{thing}_{frame}_{thing * frame}b.jpg",
    "without a separator": lambda label, thing, frame: f"{label}/obj{thing}frame{frame}.png",
    "a word in every folder": lambda label, thing, frame: f"{label}/p{thing}-{frame}{label}.png",
}


@pytest.mark.parametrize("way", NAMES)
def test_frames_are_found_however_they_are_named(way):
    images, things = frames()
    labels = things % 2
    names = [
        NAMES[way](("cat", "dog")[label], thing, row % FRAMES)
        for row, (label, thing) in enumerate(zip(labels, things, strict=True))
    ]
    found = looked_for({"train": named(images, names, labels)})
    assert (found.count, found.facts["runs"]) == (OBJECTS * FRAMES, OBJECTS)
    assert (found.severity, found.facts["parted"]) == ("medium", 0)
    assert {len(group.images) for group in found.groups} == {FRAMES}


@pytest.mark.parametrize("seed", range(4))
def test_names_alone_say_nothing(seed):
    random = np.random.default_rng(seed)
    images, things = frames(seed=seed)
    names = [f"cat/{thing:03d}_{row:04d}.png" for row, thing in enumerate(things)]
    labels = np.zeros(len(images), int)
    alone = photographs(len(images), seed)
    assert looked_for({"train": named(alone, names, labels)}).count == 0
    shuffled = random.permutation(len(images))
    for those, called in (
        (images[shuffled], names),
        (images, [f"cat/{row:04d}.png" for row in range(len(images))]),
        (images, [f"cat/IMG_{row:04d}.JPG" for row in range(len(images))]),
    ):
        found = looked_for({"train": named(those, called, labels)})
        assert found.facts["pattern"] is None and found.count


def test_frames_in_two_parts_are_a_leak_and_are_said():
    images, things = frames()
    names = [f"cat/{thing:02d}_{row % FRAMES}.png" for row, thing in enumerate(things)]
    labels = np.zeros(len(images), int)
    test = np.arange(len(images)) % FRAMES == 0
    sets = {
        part: named(images[own], [f"{part}/{n}" for n in np.array(names)[own]], labels[own])
        for part, own in (("train", ~test), ("test", test))
    }
    found = looked_for(sets)
    assert (found.severity, found.facts["parted"]) == ("high", OBJECTS)
    said = findings.sentence(found, ["cat", "dog"])
    assert "12 of them are test images of objects that stand in another part" in said


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    top = tmp_path_factory.mktemp("frames")
    images, things = frames()
    for row, (image, thing) in enumerate(zip(images, things, strict=True)):
        path = top / "signs" / ("stop", "yield")[thing % 2] / f"{thing:05d}_{row % FRAMES:05d}.ppm"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return top


def test_explore_says_the_line_that_a_study_needs_and_it_keeps_runs_whole(vestry, folder):
    done = vestry("explore", "signs", "--sample", "60", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "72 of 72 images are frames of 12 objects, up to 6 of one" in done.stdout
    line = next(
        each.partition("under [data]: ")[2]
        for each in done.stdout.splitlines()
        if "under [data]: " in each
    )
    page = (folder / "explorations" / "signs" / "explore.html").read_text()
    assert "Frames of one object" in page and "To keep them together" in page
    groups = tomllib.loads(line)["groups"]
    text = f"""title = "Signs"
[data]
source = "folder:signs"
{line}
validation = {{ fraction = 0.3 }}
test = {{ fraction = 0.3 }}
[[model]]
name = "Linear"
estimator = "sklearn.linear_model.LogisticRegression"
"""
    (folder / "signs.toml").write_text(text)
    ran = vestry("run", "signs.toml", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    results = json.loads((folder / "runs" / "signs" / "results.json").read_text())
    assert groups["pattern"] in json.dumps(results["data"]["notes"]).replace("\\\\", "\\")
    assert any("12 groups in 72 rows" in note for note in results["data"]["notes"])
    bursts = next(f for f in results["exploration"]["findings"] if f["kind"] == "bursts")
    assert (bursts["facts"]["parted"], bursts["facts"]["kept"]) == (0, True)
