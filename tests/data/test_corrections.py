"""Labels put right and images left out, as a study's own file says."""

from pathlib import Path

import numpy as np
import pytest
from made_files import nowhere

from vestry.data.dataset import Dataset, load_dataset
from vestry.data.settings import DataSettings
from vestry.errors import DataError

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 6, 6), np.uint8)
LABELS = np.array(["ant", "bee"] * 20)


def loaded(folder: Path, lines: str | bytes, **more: object) -> Dataset:
    np.savez(
        folder / "a.npz",
        images=IMAGES,
        labels=LABELS,
        test_images=IMAGES[:10],
        test_labels=LABELS[:10],
    )
    content = lines if isinstance(lines, bytes) else lines.encode()
    (folder / "labels.csv").write_bytes(content)
    given = {"validation": {"fraction": 0.25}} | more
    settings = DataSettings(source="npz:a.npz", corrections="labels.csv", **given)
    return load_dataset(settings, nowhere(folder))


def labels_of(data: Dataset) -> dict[str, str]:
    sets = (data.training, data.validation)
    return {
        name: rows.classes[label]
        for rows in sets
        for name, label in zip(rows.ids.tolist(), rows.labels.tolist(), strict=True)
    }


def test_labels_are_put_right_and_images_left_out(tmp_path: Path) -> None:
    before = labels_of(loaded(tmp_path, "id,label\n"))
    data = loaded(tmp_path, "id,label,drop\ntrain/00000,bee,\ntrain/00001,,yes\ntrain/00003,bee,\n")
    after = labels_of(data)
    assert after == {k: v for k, v in before.items() if k != "train/00001"} | {"train/00000": "bee"}
    applied = data.provenance.corrections
    assert applied is not None
    assert (sum(applied.relabelled.values()), sum(applied.dropped.values())) == (1, 1)
    assert (applied.left, applied.unused) == (0, 1)
    assert applied.said() in data.provenance.notes
    said = ("1 training label", "1 training image left out", "1 line changed nothing")
    assert all(
        text.replace("training", part) in applied.said()
        for text, part in zip(
            said, (_part(applied.relabelled), _part(applied.dropped), ""), strict=True
        )
    )
    assert "its counts hold these images, too" in applied.said()


def _part(counts: dict[str, int]) -> str:
    return next(part for part, count in counts.items() if count)


def test_folds_that_a_class_is_too_small_for_after_it_are_refused(tmp_path: Path) -> None:
    gone = "".join(f"train/{row:05},yes\n" for row in range(0, 36, 2))
    few = loaded(tmp_path, f"id,drop\n{gone}", validation={"folds": 2})
    assert few.training.class_counts().tolist() == [2, 20]
    with pytest.raises(DataError):
        loaded(tmp_path, f"id,drop\n{gone}", validation={"folds": 30})


@pytest.mark.parametrize("asked", [False, True])
def test_test_labels_are_changed_where_the_study_says_so_alone(tmp_path: Path, asked: bool) -> None:
    lines = "id,label\ntest/00000,bee\n"
    data = loaded(tmp_path, lines, correct_test=asked)
    before = loaded(tmp_path, "id,label\n")
    applied = data.provenance.corrections
    assert applied is not None and applied.left == (0 if asked else 1)
    assert (data.test.fingerprint != before.test.fingerprint) is asked
    assert asked or "correct_test = true" in applied.said()


def test_the_same_rows_are_tested_with_and_without_corrections(tmp_path: Path) -> None:
    """Where the test rows are cut from the others, too."""
    np.savez(tmp_path / "b.npz", images=IMAGES, labels=LABELS)
    (tmp_path / "labels.csv").write_text("id,label\ntrain/00000,bee\ntrain/00002,bee\n")
    ids = []
    for more in ({}, {"corrections": "labels.csv"}):
        settings = DataSettings(source="npz:b.npz", validation={"fraction": 0.25}, **more)
        data = load_dataset(settings, nowhere(tmp_path))
        ids.append([rows.ids.tolist() for rows in (data.training, data.validation, data.test)])
    assert ids[0] == ids[1]


def test_folds_learn_and_choose_by_the_corrected_rows(tmp_path: Path) -> None:
    data = loaded(tmp_path, "id,label\ntrain/00000,bee\n", validation={"folds": 4})
    assert data.training is data.validation
    assert data.provenance.corrections is not None
    assert sum(data.provenance.corrections.relabelled.values()) == 1
    with pytest.raises(ValueError, match="correct_test = true"):
        DataSettings(source="digits", corrections="a.csv", test={"folds": 4})
    with pytest.raises(ValueError, match="the file that says how"):
        DataSettings(source="digits", correct_test=True)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("id,label\nnobody,bee\n", "'nobody' for one"),
        ("id,label\ntrain/00000,bees\n", "did you mean"),
        ("id,label\ntrain/00000,bee\ntrain/00000,ant\n", "stands twice"),
        ("name,label\ntrain/00000,bee\n", "first line"),
        ("id,label\ntrain/00000,\n", "neither a label"),
        ("id,drop\ntrain/00000,perhaps\n", "write yes"),
        ("", "first line"),
        ("id,id,label\ntrain/00000,train/00002,bee\n", "two columns"),
        (b"id,label\n\xff\xfe,bee\n", "UTF-8"),
        ("id,label\n" + "".join(f"train/{n:05},bee\n" for n in range(40)), "more than half"),
    ],
)
def test_what_does_not_belong_to_the_data_is_an_error(
    tmp_path: Path, lines: str | bytes, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        loaded(tmp_path, lines)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    settings = DataSettings(source="digits", corrections="gone.csv")
    with pytest.raises(DataError, match=r"gone\.csv cannot be read"):
        load_dataset(settings, nowhere(tmp_path))


def test_a_name_that_a_page_made_harmless_for_spreadsheets_is_found(tmp_path: Path) -> None:
    np.savez(tmp_path / "b.npz", images=IMAGES, labels=np.array(["-x", "+y"] * 20))
    (tmp_path / "labels.csv").write_text("id,label\ntrain/00000,'+y\ntrain/00002,+y\n")
    settings = DataSettings(
        source="npz:b.npz", corrections="labels.csv", test={"fraction": 0.2}, correct_test=True
    )
    applied = load_dataset(settings, nowhere(tmp_path)).provenance.corrections
    assert applied is not None and sum(applied.relabelled.values()) == 2
