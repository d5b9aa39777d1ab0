"""`vestry explore` writes the corrections that follow from the images, and a study takes them."""

import csv
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planted_images import image_set
from vestry.audit.suggested import suggested_corrections

RANDOM = np.random.default_rng(0)


def contradicting(path):
    """40 images; 0, 1 and 2 are one image with the labels a, a and b, 5 and 6 one with a and b."""
    images = np.random.default_rng(4).integers(0, 256, (40, 8, 8), np.uint8)
    labels = np.array(["a", "b"] * 20)
    images[1] = images[2] = images[0]
    labels[:3] = ["a", "a", "b"]
    images[6] = images[5]
    np.savez(path, images=images, labels=labels)


@pytest.fixture(scope="module")
def explored(tmp_path_factory, vestry):
    folder = tmp_path_factory.mktemp("contradicting")
    contradicting(folder / "a.npz")
    done = vestry("explore", "npz:a.npz", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_the_file_has_a_line_for_each_and_is_said_with_the_next_step(explored):
    folder, done = explored
    written = folder / "explorations" / "a" / "corrections.csv"
    with written.open(newline="") as file:
        lines = {row["id"]: (row["label"], row["drop"]) for row in csv.DictReader(file)}
    assert lines == {
        "train/00002": ("a", ""), "train/00005": ("", "yes"), "train/00006": ("", "yes")
    }  # fmt: skip
    said = "explorations/a/corrections.csv has 1 label and 2 images to be left out"
    assert said in done.stdout.replace("\\", "/")
    assert "`vestry try npz:a.npz`" in done.stdout and "`vestry init npz:a.npz`" in done.stdout
    page = (folder / "explorations" / "a" / "explore.html").read_text()
    assert "corrections.csv beside this page has 1 label" in page
    assert "<code>vestry try npz:a.npz</code>" in page


def test_a_study_takes_it_as_it_is(explored, vestry):
    folder = explored[0]
    (folder / "s.toml").write_text(
        'title = "S"\n[data]\nsource = "npz:a.npz"\n'
        'corrections = "explorations/a/corrections.csv"\nvalidation = { fraction = 0.3 }\n'
        "test = { count = 8 }\n[exploration]\nskip = true\n"
        '[[model]]\nname = "M"\nestimator = "sklearn.naive_bayes.GaussianNB"\n'
    )
    done = vestry("run", "s.toml", cwd=folder)
    assert done.returncode == 0, done.stderr
    results = json.loads((folder / "runs" / "s" / "results.json").read_text())
    found = results["data"]["corrections"]
    done = sum(found["relabelled"].values()) + sum(found["dropped"].values()) + found["left"]
    assert done == 3


def test_an_edited_file_is_not_written_over(explored, vestry):
    folder = explored[0]
    written = folder / "explorations" / "a" / "corrections.csv"
    before = written.read_text()
    assert vestry("explore", "npz:a.npz", cwd=folder).returncode == 0
    written.write_text(before + "train/00009,b,\n")
    refused = vestry("explore", "npz:a.npz", cwd=folder)
    assert refused.returncode == 2 and "was changed since it was written" in refused.stderr
    assert written.read_text().endswith("train/00009,b,\n")
    forced = vestry("explore", "npz:a.npz", "--force", cwd=folder)
    assert forced.returncode == 0 and written.read_text() == before


def test_nothing_is_written_where_nothing_contradicts(vestry, tmp_path):
    images = RANDOM.integers(0, 256, (40, 8, 8), np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(40) % 2)
    done = vestry("explore", "npz:a.npz", cwd=tmp_path)
    assert done.returncode == 0 and "corrections" not in done.stdout
    assert not (tmp_path / "explorations" / "a" / "corrections.csv").exists()


@settings(max_examples=40, deadline=None)
@given(labels=st.lists(st.integers(0, 2), min_size=2, max_size=7))
def test_most_copies_decide_and_else_none(labels):
    images = np.full((len(labels), 6, 6), 0.5)
    images[:, 0, 0] = 1
    rows = image_set(images, np.array(labels), "train")
    found = {each.id: each.label for each in suggested_corrections({"train": rows})}
    after = [
        found.get(name, rows.classes[label]) for name, label in zip(rows.ids, labels, strict=True)
    ]
    assert len({label for label in after if label is not None}) <= 1
    most = max(map(labels.count, labels))
    assert (None in after) == (2 * most <= len(labels))
