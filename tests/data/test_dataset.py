import json
from pathlib import Path

import numpy as np
import pytest
from made_files import nowhere, pictures, write_class_folders, write_mnist_files, write_picture
from pydantic import ValidationError

from vestry.data.dataset import load_dataset, resolved
from vestry.data.paths import DataPaths, MissingDataError
from vestry.data.settings import DataSettings
from vestry.data.split_record import ids_of, ranges, split_record
from vestry.errors import DataError

NO_HOSTS = ("http://127.0.0.1:9/", "http://127.0.0.1:9/mirror/")


def settings(**values: object) -> DataSettings:
    return DataSettings.model_validate({"source": "digits"} | values)


def save(tmp_path: Path, labels: list[int], test_labels: list[int] | None = None) -> str:
    arrays = {"images": pictures(len(labels)), "labels": np.array(labels)}
    if test_labels is not None:
        arrays |= {"test_images": pictures(len(test_labels)), "test_labels": np.array(test_labels)}
    np.savez(tmp_path / "a.npz", **arrays)  # type: ignore[arg-type]
    return "npz:a.npz"


def test_digits_are_split_in_three(tmp_path: Path) -> None:
    dataset = load_dataset(settings(validation={"fraction": 0.2}), nowhere(tmp_path))
    provenance = dataset.provenance
    assert provenance.rows == {"training": 1150, "validation": 288, "test": 359}
    ids = [*dataset.training.ids, *dataset.validation.ids, *dataset.test.ids]
    assert len(set(ids)) == len(ids) == 1797
    assert min(dataset.training.ids) < min(dataset.validation.ids) < max(dataset.training.ids)
    assert provenance.split == (
        "test: 359 drawn at random by class (seed 0) of 1,797 rows; "
        "validation: 288 drawn at random by class (seed 0) of 1,438 rows"
    )
    assert (provenance.asked, provenance.used, provenance.fell_back) == ("digits", "digits", None)


def test_system_a_takes_the_first_rows(published: Path, tmp_path: Path) -> None:
    places = DataPaths(published.parent, tmp_path, tmp_path, ())
    asked = settings(
        source="fashion-mnist",
        training_rows={"count": 5000, "take": "first"},
        test_rows={"count": 1000, "take": "first"},
        validation={"fraction": 0.2, "take": "last"},
    )
    dataset = load_dataset(asked, places)
    assert dataset.provenance.rows == {"training": 4000, "validation": 1000, "test": 1000}
    assert dataset.validation.ids[[0, -1]].tolist() == ["train/04000", "train/04999"]
    assert dataset.test.ids[-1] == "test/00999"
    assert split_record(dataset)["ids"] == {
        "training": [["train/00000", "train/03999"]],
        "validation": [["train/04000", "train/04999"]],
        "test": [["test/00000", "test/00999"]],
    }


def test_the_whole_of_fashion_mnist_is_split_as_keras_does(published: Path, tmp_path: Path) -> None:
    places = DataPaths(published.parent, tmp_path, tmp_path, ())
    last = {"fraction": 0.2, "take": "last"}
    dataset = load_dataset(settings(source="fashion-mnist", validation=last), places)
    assert dataset.provenance.rows == {"training": 48_000, "validation": 12_000, "test": 10_000}
    assert np.shares_memory(dataset.training.images, dataset.validation.images.base)


def test_the_same_settings_give_the_same_rows_and_another_seed_others(tmp_path: Path) -> None:
    drawn = {"fraction": 0.2, "take": "random"}
    prints = [
        load_dataset(
            settings(validation=drawn, seed=seed), nowhere(tmp_path)
        ).provenance.fingerprint
        for seed in (0, 0, 1)
    ]
    assert prints[0] == prints[1] != prints[2]


def test_otherwise_is_used_where_data_is_missing_and_said(tmp_path: Path) -> None:
    places = nowhere(tmp_path, data=tmp_path / "data", hosts=NO_HOSTS)
    asked = settings(source="fashion-mnist", otherwise="digits")
    provenance = load_dataset(asked, places).provenance
    assert (provenance.asked, provenance.used) == ("fashion-mnist", "digits")
    assert provenance.fell_back is not None
    assert "Fashion-MNIST is not on this machine" in provenance.fell_back
    assert "no connection" in provenance.fell_back
    with pytest.raises(MissingDataError):
        load_dataset(settings(source="fashion-mnist"), places)


def test_damaged_data_is_never_a_reason_for_other_data(tmp_path: Path) -> None:
    write_mnist_files(tmp_path / "x", "train", pictures(4), np.array([0, 1, 0, 1], np.uint8))
    path = tmp_path / "x" / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match="truncated"):
        load_dataset(settings(source="idx:x", otherwise="digits"), nowhere(tmp_path))


def test_a_task_in_another_process_loads_the_same_rows_at_once(tmp_path: Path) -> None:
    asked = settings(source="folder:none", otherwise="digits", image_size=[4, 4])
    dataset = load_dataset(asked, nowhere(tmp_path))
    assert "image_size was not used" in " ".join(dataset.provenance.notes)
    sent = json.loads(json.dumps(resolved(asked, dataset.provenance).model_dump(mode="json")))
    assert sent["source"] == "digits" and sent["otherwise"] is None
    again = load_dataset(DataSettings.model_validate(sent), nowhere(tmp_path))
    assert again.provenance.fingerprint == dataset.provenance.fingerprint


def test_images_of_many_sizes_are_resized(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "x", "a", "b", count=10)
    write_picture(tmp_path / "x" / "a" / "3.png", pictures(1, 20, 20)[0])
    dataset = load_dataset(settings(source="folder:x", image_size=[8, 9]), nowhere(tmp_path))
    assert dataset.training.image_shape == (8, 9)


def test_settings_that_act_on_nothing_are_said(tmp_path: Path) -> None:
    source = save(tmp_path, [0, 1] * 5, [0, 1])
    asked = settings(source=source, test={"count": 3}, validation={"fraction": 0.2})
    notes = load_dataset(asked, nowhere(tmp_path)).provenance.notes
    assert notes == ("the setting `test` was not used: the source has test rows of its own",)


def test_sources_without_rows_are_refused(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "a.npz",
        images=pictures(4),
        labels=np.array([0, 1, 0, 1]),
        test_images=pictures(4)[:0],
        test_labels=np.zeros(0, int),
    )
    with pytest.raises(DataError, match="holds no test rows"):
        load_dataset(settings(source="npz:a.npz"), nowhere(tmp_path))


def test_more_rows_than_there_are_is_an_error_that_counts(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="training_rows asks for 5,000 rows, there are 1,797"):
        load_dataset(settings(training_rows={"count": 5000}), nowhere(tmp_path))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"source": "digit"}, "did you mean `digits`?"),
        ({"otherwise": "digit"}, "did you mean `digits`?"),
        ({"sauce": 1}, "sauce"),
        ({"validation": {"fraction": 2}}, "validation.fraction"),
        ({"image_size": [8, 8]}, "image_size resizes a csv: or folder:"),
        ({"source": "folder:x", "image_size": [0, 8]}, "image_size.0"),
        ({"seed": -1}, "seed"),
    ],
)
def test_settings_that_cannot_be_are_named(values: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        settings(**values)
    assert words in str(caught.value)


def test_provenance_and_split_can_be_written_as_json(tmp_path: Path) -> None:
    dataset = load_dataset(settings(), nowhere(tmp_path))
    assert json.loads(json.dumps(dataset.provenance.as_dict())) == dataset.provenance.as_dict()
    record = json.loads(json.dumps(split_record(dataset)))
    for name in ("training", "validation", "test"):
        assert ids_of(record["ids"][name]) == getattr(dataset, name).ids.tolist()
    assert record["fingerprint"] == dataset.provenance.fingerprint


@pytest.mark.parametrize(
    ("ids", "entries"),
    [
        ([], []),
        (["a/7", "a/8", "a/9", "a/10"], [["a/7", "a/9"], "a/10"]),
        (["a/07", "a/08", "b/09"], [["a/07", "a/08"], "b/09"]),
        (["a/2", "a/1", "a/x.png", "a/y.png"], ["a/2", "a/1", "a/x.png", "a/y.png"]),
    ],
)
def test_ids_that_count_up_are_ranges(ids: list[str], entries: list[object]) -> None:
    assert ranges(np.array(ids, dtype=np.str_)) == entries
    assert ids_of(entries) == ids  # type: ignore[arg-type]
