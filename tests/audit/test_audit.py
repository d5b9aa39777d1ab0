"""What is planted is found, once and as what it is; a clean set has no findings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planted_images import CLASSES, clean_images, clean_sets, image_set, planted_npz
from vestry.audit.audit import audit as looked_at
from vestry.audit.duplicates import duplicate_findings, identical_groups
from vestry.audit.finding import MOST_SHOWN
from vestry.audit.oddities import missing_values, robust_z, small_classes, unbalanced
from vestry.data.image_set import ImageSet, array_ids
from vestry.data.sources.npz import load


def audit(sets, seed, stage, files=None):
    """As results have it."""
    found, notes = looked_at(sets, seed, stage, files)
    return [each.as_record(sets) for each in found], notes


def found(sets, kind, *splits):
    findings, _ = audit(sets, 0, lambda text: None)
    return next(f for f in findings if f.kind == kind and f.splits == list(splits))


def shown(finding):
    return [[image.id for image in group.images] for group in finding.groups]


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    source = load(planted_npz(tmp_path_factory.mktemp("planted") / "a.npz"), "npz:a.npz")
    return {"train": source.train, "test": source.test}


def test_a_clean_set_has_no_findings():
    findings, notes = audit(clean_sets(), 0, lambda text: None)
    assert [f.kind for f in findings if f.count] == []
    assert len(findings) == 15 and notes == []
    assert {f.severity for f in findings} == {"info"}


def test_exact_duplicates_within_and_across_are_found(planted):
    within = found(planted, "duplicates_within", "train")
    assert within.count == 2  # the planted one, and the two that have different labels
    assert ["train/00010", "train/00013"] in shown(within)
    across = found(planted, "duplicates_across", "train", "test")
    assert (across.count, across.severity) == (1, "high")
    assert shown(across) == [["train/00020", "test/00005"]]
    assert found(planted, "duplicates_within", "test").count == 0


def test_a_near_duplicate_is_found_and_no_exact_one_among_them(planted):
    near = found(planted, "near_duplicates", "train", "test")
    assert shown(near) == [["test/00006", "train/00030"]]
    assert 0 < near.groups[0].value < near.facts["threshold"]
    assert near.facts["other_label"] == 0


def test_a_label_conflict_is_found(planted):
    conflict = found(planted, "label_conflict", "train", "test")
    assert (conflict.count, conflict.severity) == (2, "high")
    assert shown(conflict) == [["train/00040", "train/00041"]]
    labels = [image.label for image in conflict.groups[0].images]
    assert labels == [1, 2]


def test_a_blank_image_is_found(planted):
    blank = found(planted, "blank", "train", "test")
    assert shown(blank) == [["train/00050"]] and blank.groups[0].value == 102


def test_an_image_far_from_its_class_is_found(planted):
    far = found(planted, "far_from_class", "train", "test")
    assert shown(far)[0] == ["train/00060"]
    assert far.groups[0].value > far.facts["threshold"]


def test_missing_values_are_found_per_split(planted):
    train, test = (found(planted, "missing", split) for split in ("train", "test"))
    assert (shown(train), train.facts["values"]) == ([["train/00070"]], 3)
    assert (shown(test), test.groups[0].value) == ([["test/00007"]], 1)


def test_findings_come_worst_first_and_what_was_not_found_last(planted):
    findings, _ = audit(planted, 0, lambda text: None)
    order = ["high", "medium", "low", "info"]
    marks = [order.index(f.severity) for f in findings if f.count]
    assert marks == sorted(marks)
    counts = [bool(f.count) for f in findings]
    assert counts == sorted(counts, reverse=True)


def test_one_split_is_audited_with_a_note():
    sets = {"train": clean_sets()["train"]}
    findings, notes = audit(sets, 0, lambda text: None)
    assert not {"near_duplicates", "duplicates_across"} & {f.kind for f in findings}
    assert "only train rows" in notes[0]


def test_large_images_in_colour_are_compared_smaller_and_that_is_said():
    (images, labels), (test, test_labels) = clean_images(60, 1, 40), clean_images(30, 2, 40)
    test[3], test_labels[3] = np.clip(images[6] + 0.003, 0, 1), labels[6]
    colour = {
        "train": image_set(np.stack([images] * 3, axis=3), labels, "train"),
        "test": image_set(np.stack([test] * 3, axis=3), test_labels, "test"),
    }
    assert shown(found(colour, "near_duplicates", "train", "test")) == [
        ["test/00003", "train/00006"]
    ]
    _, notes = audit(colour, 0, lambda text: None)
    assert notes == [
        "For distances, correlation and projections images were averaged down from 40 x 40 to "
        "32 x 32 pixels."
    ]


def test_small_absent_and_unbalanced_classes_are_found():
    images, _ = clean_images(130, 1)
    labels = np.r_[np.zeros(100, np.int64), np.ones(30, np.int64)]
    sets = {"train": image_set(images, labels, "train")}
    assert found(sets, "absent_classes", "train").facts["classes"] == [{"label": 2, "rows": 0}]
    uneven = found(sets, "unbalanced", "train")
    assert (uneven.count, uneven.facts["ratio"]) == (1, 3.33)
    labels[110:] = 0
    few = found({"train": image_set(images, labels, "train")}, "small_classes", "train")
    assert few.facts["classes"] == [{"label": 1, "rows": 10}]
    far = found({"train": image_set(images, labels, "train")}, "far_from_class", "train")
    assert far.facts["classes_skipped"] == [1, 2] and far.of == 120


def test_pixels_that_never_change_are_counted():
    images, labels = clean_images(60, 1)
    images[:, 0, :5] = 0.5
    sets = {"train": image_set(images, labels, "train")}
    assert found(sets, "constant_pixels", "train").count == 5


def test_what_is_shown_is_capped_and_the_count_is_not():
    images, labels = clean_images(150, 1)
    images[75:] = images[:75]
    (within, *_), _ = audit({"train": image_set(images, labels, "train")}, 0, lambda text: None)
    assert (within.count, within.groups_found) == (75, 75)
    assert len(within.groups) == MOST_SHOWN
    images[:] = images[0]
    (conflict, *_), _ = audit({"train": image_set(images, labels, "train")}, 0, lambda text: None)
    assert conflict.kind == "label_conflict"
    (group,) = conflict.groups
    assert (len(group.images), group.found) == (MOST_SHOWN, 150)


@settings(deadline=None)
@given(
    pixels=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=12),
    cut=st.integers(0, 12),
    data=st.data(),
)
def test_duplicates_agree_with_comparing_all_pairs(pixels, cut, data):
    images = np.array(pixels, np.uint8).reshape(len(pixels), 1, 2)
    labels = np.array(
        data.draw(st.lists(st.integers(0, 2), min_size=len(pixels), max_size=len(pixels)))
    )
    parts = {"a": slice(None, cut), "b": slice(cut, None)}
    sets = {
        name: ImageSet(images[rows], labels[rows], CLASSES, array_ids(name, len(labels[rows])))
        for name, rows in parts.items()
    }
    counts = {(f.kind, f.splits): f.count for f in duplicate_findings(sets, identical_groups(sets))}
    same = (images[:, None] == images[None]).all(axis=(2, 3))
    in_a = np.arange(len(images)) < cut
    repeats = [bool(same[i, :i][in_a[:i] == in_a[i]].any()) for i in range(len(images))]
    assert counts["duplicates_within", ("a",)] == sum(np.array(repeats, bool) & in_a)
    assert counts["duplicates_within", ("b",)] == sum(np.array(repeats, bool) & ~in_a)
    assert counts["duplicates_across", ("a", "b")] == int(same[~in_a][:, in_a].any(axis=1).sum())
    unlike = same & (labels[:, None] != labels[None])
    assert counts["label_conflict", ("a", "b")] == int(unlike.any(axis=1).sum())


def test_a_robust_z_does_not_see_the_outliers_themselves():
    usual = np.r_[np.random.default_rng(0).normal(10, 2, 1000), np.full(50, 500.0)]
    z = robust_z(np.array([10.0, 16.0, 500.0]), usual)
    assert abs(z[0]) < 0.3 and z[1] == pytest.approx(3, abs=0.4) and z[2] > 100
    assert robust_z(np.array([1.0, 2.0]), np.ones(9)).tolist() == [0.0, 1000.0]


def test_a_source_of_bytes_cannot_miss_values_and_one_of_floats_can():
    rows = clean_sets()["test"]
    assert missing_values("test", rows).facts == {"possible": False}
    counts = np.zeros(len(rows), np.int64)
    floats = ImageSet(rows.images, rows.labels, rows.classes, rows.ids, counts)
    assert missing_values("test", floats).facts == {"possible": True, "values": 0}
    assert small_classes("test", rows).count == unbalanced("test", rows).count == 0
