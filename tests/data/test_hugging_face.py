"""`hf:` - what Hugging Face's `datasets` saves to disk, and pictures with its metadata files."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_files import nowhere, pictures, write_picture

from made_forms import png
from vestry.data.image_set import Source
from vestry.data.paths import MissingDataError
from vestry.data.source import load_source
from vestry.errors import DataError

PIXELS = pictures(12, 8, 8, 3)
LABELS = np.arange(12) % 3
NAMES = ["ant", "bee", "cat"]


def load(top: Path, name: str, column: str | None = None) -> Source:
    return load_source(name, nowhere(top), column=column)


def table_of(rows: slice) -> pa.Table:
    features = {"image": {"_type": "Image"}, "label": {"names": NAMES, "_type": "ClassLabel"}}
    image = [{"bytes": png(one), "path": None} for one in PIXELS[rows]]
    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    table = pa.table({"image": pa.array(image, kind), "label": LABELS[rows]})
    noted = json.dumps({"info": {"features": features}})
    return table.replace_schema_metadata({"huggingface": noted})


def save_to_disk(folder: Path, *shards: pa.Table, form: str = "stream") -> None:
    """As `Dataset.save_to_disk` of version 5 lays a folder out."""
    folder.mkdir(parents=True)
    names = [f"data-{one:05d}-of-{len(shards):05d}.arrow" for one in range(len(shards))]
    for name, table in zip(names, shards, strict=True):
        new = pa.ipc.new_stream if form == "stream" else pa.ipc.new_file
        with new(folder / name, table.schema) as writer:
            writer.write_table(table, max_chunksize=5)
    state = {"_data_files": [{"filename": name} for name in names], "_split": None}
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "dataset_info.json").write_text(json.dumps({"features": {}}))


@pytest.mark.parametrize("form", ["stream", "file"])
def test_a_saved_set_of_two_shards(tmp_path: Path, form: str) -> None:
    save_to_disk(tmp_path / "set", table_of(slice(0, 7)), table_of(slice(7, 12)), form=form)
    source = load(tmp_path, "./set")
    assert source.notes[0] == "set was taken for a data set of Hugging Face's (hf:)"
    np.testing.assert_array_equal(source.train.images, PIXELS)
    assert source.train.classes == tuple(NAMES)
    assert source.train.labels.tolist() == LABELS.tolist()
    assert len(set(source.train.ids)) == 12
    [one, _] = sorted((tmp_path / "set").glob("*.arrow"))
    assert len(load(tmp_path, str(one)).train) == 7


def test_a_saved_dict_of_parts_and_its_archive(tmp_path: Path) -> None:
    top = tmp_path / "set"
    for name, rows in {"train": (0, 6), "test": (6, 9), "validation": (9, 12), "x": (0, 1)}.items():
        save_to_disk(top / name, table_of(slice(*rows)))
    splits = ["train", "test", "validation", "x"]
    (top / "dataset_dict.json").write_text(json.dumps({"splits": splits}))
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for path in sorted(top.rglob("*.*")):
            archive.write(path, path.relative_to(tmp_path / "set"))
    for name in ("./set", "hf:set", "./set.zip"):
        source = load(tmp_path, name)
        sizes = {part: len(rows) for part, rows in source.parts.items()}
        assert sizes == {"train": 6, "validation": 3, "test": 3}
        assert "parts that were not read: x" in source.notes


def test_pixels_in_lists_groups_and_a_folder_of_the_librarys_cache(tmp_path: Path) -> None:
    grey = PIXELS[:, :, :, 0]
    table = pa.table({"img": grey.tolist(), "label": ["a", "b"] * 6, "who": list("xxyyzzuuvvww")})
    with pa.ipc.new_stream(tmp_path / "cifar-train.arrow", table.schema) as writer:
        writer.write_table(table)
    (tmp_path / "cache-1f.arrow").write_bytes(b"what somebody computed")
    source = load(tmp_path, "./.", column="who")
    np.testing.assert_array_equal(source.train.images, grey)
    assert source.train.classes == ("a", "b") and source.train.groups is not None


def listed(top: Path, form: str, rows: range, before: str = "") -> None:
    """A list as pandas writes it, beside the pictures."""
    for row in rows:
        write_picture(top / before / f"{row:04d}.png", PIXELS[row])
    frame = pd.DataFrame(
        {
            "file_name": [f"{before}{row:04d}.png" for row in rows],
            "text": "a caption",
            "label": [NAMES[LABELS[row]] for row in rows],
        }
    )
    if form == "csv":
        frame.to_csv(top / "metadata.csv", index=False)
    else:
        frame.to_json(top / "metadata.jsonl", orient="records", lines=True)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_an_image_folder_with_metadata(tmp_path: Path, form: str) -> None:
    listed(tmp_path / "flat", form, range(12), "deep/")
    listed(tmp_path / "parts" / "train", form, range(6))
    listed(tmp_path / "parts" / "test", form, range(3))  # of the same names as in train
    flat, parts = load(tmp_path, "./flat"), load(tmp_path, "./parts")
    np.testing.assert_array_equal(flat.train.images, PIXELS)
    assert flat.train.classes == tuple(NAMES)
    assert {part: len(rows) for part, rows in parts.parts.items()} == {"train": 6, "test": 3}
    assert parts.train.ids[0] == "train/0000.png" and parts.test is not None
    assert parts.test.ids[0] == "test/0000.png"
    assert "columns that were not read: text" in parts.notes


def test_class_folders_beside_a_list_without_labels_stay_class_folders(tmp_path: Path) -> None:
    for name in NAMES:
        write_picture(tmp_path / name / "0.png", PIXELS[0])
    (tmp_path / "metadata.csv").write_text("file_name,text\nant/0.png,an ant\n")
    assert load(tmp_path, "./.").train.classes == tuple(NAMES)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"state.json": "{"}, "not readable JSON"),
        ({"state.json": "[]"}, "no JSON object"),
        ({"state.json": "[" * 100_000}, "not readable JSON"),
        ({"state.json": '{"_data_files": [{"filename": "../x.arrow"}]}'}, "no files beside it"),
        ({"state.json": '{"_data_files": [{"filename": "x.arrow"}]}'}, "copy the folder whole"),
        ({"state.json": '{"_indices_data_files": [1]}'}, "flatten_indices"),
        ({"dataset_dict.json": '{"splits": ["../train"]}'}, "no list of folders"),
        ({"dataset_dict.json": '{"splits": ["a", "b"]}'}, "no part is called train"),
        ({"x.arrow": "no"}, "damaged"),
        ({"metadata.jsonl": '{"file_name": "a", "label": 1}\n{"file_name": "b"}'}, "line 2 has no"),
        ({"metadata.jsonl": '{"file_name": "a", "label": 1}\nx'}, "line 2 is no JSON"),
        ({"metadata.csv": "file_name,label\n"}, "no rows"),
        ({"notes.txt": "x"}, "no data set of Hugging Face's"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, files: dict[str, str], words: str) -> None:
    (tmp_path / "set").mkdir()
    for name, text in files.items():
        (tmp_path / "set" / name).write_text(text)
    with pytest.raises((DataError, MissingDataError), match=words) as caught:
        load(tmp_path, "hf:set")
    assert "set" in str(caught.value)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.floats(0, 1), value=st.integers(0, 255), cut=st.booleans())
def test_damage_is_an_error_or_nothing(tmp_path: Path, place: float, value: int, cut: bool) -> None:
    folder = tmp_path / "set"
    if not folder.exists():
        save_to_disk(folder, table_of(slice(0, 12)))
        (tmp_path / "whole").write_bytes(next(folder.glob("*.arrow")).read_bytes())
    content = bytearray((tmp_path / "whole").read_bytes())
    at = int(place * (len(content) - 1))
    content[at] = value
    next(folder.glob("*.arrow")).write_bytes(content[:at] if cut else content)
    try:
        found = load(tmp_path, "hf:set")
    except DataError as error:
        assert "set" in str(error) or "train/data-" in str(error)  # the folder, or the row
    else:
        assert found.train.images.shape[1:] == (8, 8, 3)
