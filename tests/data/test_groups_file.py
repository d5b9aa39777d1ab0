"""`groups = { file = "groups.csv" }`: read, held against the source, and no split parts it."""

import numpy as np
import pytest

from vestry.data.dataset import load_dataset
from vestry.data.paths import DataPaths
from vestry.data.settings import DataSettings
from vestry.errors import DataError

ROWS = 120


@pytest.fixture
def places(tmp_path):
    random = np.random.default_rng(0)
    images = random.integers(0, 255, (ROWS, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(ROWS) % 2)
    return DataPaths.of(base=tmp_path)


def loaded(places, text):
    (places.base / "groups.csv").write_text(text)
    settings = DataSettings(source="npz:a.npz", groups={"file": "groups.csv"})
    return load_dataset(settings, places)


def lines(count=100, size=5):
    named = [f"train/{row:05d},object {row // size}" for row in range(count)]
    return "\n".join(["id,group", *named, ""])


def test_no_split_parts_a_group_and_rows_that_the_file_leaves_out_stand_alone(places):
    dataset = loaded(places, lines())
    learnt, tested = (
        {int(name[-5:]) for name in rows.ids} for rows in (dataset.training, dataset.test)
    )
    assert not {row // 5 for row in learnt if row < 100} & {row // 5 for row in tested if row < 100}
    assert len(learnt | tested) == ROWS and any(row >= 100 for row in learnt)
    note = next(each for each in dataset.provenance.notes if "groups in" in each)
    assert "40 groups in 120 rows, by the file groups.csv: none is parted" in note
    assert "20 rows that it does not name stand each for itself" in note


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,label\ntrain/00000,1\n", "columns `id` and `group`"),
        ("", "it has nothing"),
        ("id,group\ntrain/00000,a\ntrain/00000,b\n", "line 3: train/00000 stands twice"),
        ("id,group\ntrain/00000,\n", "line 2: no group"),
        ("id,group\n,a\n", "line 2: no id"),
        ("id,group\ntrain/00000\n", "line 2: 1 fields"),
        ("id,group\ntrain/99999,a\n", "1 of 1 ids are not those of npz:a.npz"),
        (lines(ROWS, ROWS), "all rows are of one group"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(places, text, said):
    with pytest.raises(DataError, match="groups") as error:
        loaded(places, text)
    assert said in str(error.value)


def test_a_file_that_is_not_there_is_named(places):
    settings = DataSettings(source="npz:a.npz", groups={"file": "gone.csv"})
    with pytest.raises(DataError, match=r"gone\.csv"):
        load_dataset(settings, places)


def test_one_way_to_group_is_given():
    with pytest.raises(ValueError, match="give one of column"):
        DataSettings(source="digits", groups={"file": "a.csv", "column": "b"})


def test_a_study_without_a_file_is_what_it_was():
    settings = DataSettings(source="digits", groups={"pattern": "(.*)_"})
    assert set(settings.model_dump()["groups"]) == {"column", "pattern"}
