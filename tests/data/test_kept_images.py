"""Decoded images that are kept: found again as they were, bounded, made anew where damaged."""

import csv
import json
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_files import pictures, write_class_folders, write_picture
from PIL import Image

from vestry.data import decoding, folder_pictures, image_cache, image_room, kept_source, manifest
from vestry.data.dataset import Dataset, load_dataset
from vestry.data.image_cache import ImageCache, key_of
from vestry.data.image_set import ImageSet
from vestry.data.paths import DataPaths
from vestry.data.row_hashes import row_hashes
from vestry.data.settings import DataSettings
from vestry.data.shared_rows import shared_rows
from vestry.data.source import load_source
from vestry.data.summary import split_summary
from vestry.errors import DataError


class Heard:
    """What whoever waits is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.steps: list[tuple[str, int, int]] = []

    def __call__(self, name: str, done: int, total: int) -> None:
        self.steps.append((name, done, total))

    def say(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures of many sizes and kinds in parts, with a damaged one among them, and a note."""
    for part, count in (("train", 24), ("val", 8), ("test", 9)):
        write_class_folders(tmp_path / "x" / part, "ant", "bee", "cat", count=count)
    odd = tmp_path / "x" / "train" / "ant"
    write_picture(odd / "p01-wide.png", pictures(1, 4, 19, 3)[0])
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pictures(2, 9, 6, 3)[1]).save(odd / "p01-lying.jpg", exif=exif)
    (odd / "p02-broken.png").write_bytes((odd / "0.png").read_bytes()[:60])
    (odd / "readme.txt").write_text("not a picture")
    return tmp_path


def places(folder: Path) -> DataPaths:
    return DataPaths(None, folder / "cache", folder)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few kilobytes count as large."""
    monkeypatch.setattr(image_cache, "LARGE", 500)


def facts(data: Dataset) -> dict[str, Any]:
    """All that is known of the data, in a form that can be compared."""
    sets = {"training": data.training, "validation": data.validation, "test": data.test}
    rows = {
        name: (one.images.tolist(), one.ids.tolist(), one.classes, one.fingerprint)
        for name, one in sets.items()
    }
    labels = [one.labels.tolist() for one in (data.training, data.validation, data.test.unsealed())]
    groups = [None if one.groups is None else one.groups.tolist() for one in (data.training,)]
    hashes = row_hashes(data.test)
    return {
        "rows": rows,
        "labels": labels,
        "groups": groups,
        "provenance": data.provenance.as_dict(),
        "pictures": dict(data.pictures),
        "hashes": (hashes.exact.tolist(), hashes.almost.tolist()),
        "shared": [(s.one, s.other, s.ids.tolist(), s.of) for s in shared_rows(data)],
        "summary": [split_summary(one, "") for one in sets.values()],
    }


STUDIES: dict[str, dict[str, Any]] = {
    "as it stands": {},
    "resized": {"image_size": (7, 5), "resize": "fit"},
    "some classes": {"classes": ["cat", "ant"]},
    "some rows": {"training_rows": {"count": 40}, "test_rows": {"fraction": 0.5}},
    "own validation unused": {"validation": {"fraction": 0.3}},
    "own validation tests": {"source_validation": "unused", "validation": {"folds": 3}},
    "split anew": {"split": {"training": 0.5, "validation": 0.2, "test": 0.3}},
    "in order": {"split": {"training": 0.5, "validation": 0.2, "test": 0.3, "by": "order"}},
    "nested folds": {"test": {"folds": 3}},
    "groups": {
        "groups": {"pattern": r"[a-z]+/(\w)"},
        "split": {"training": 0.5, "validation": 0.25, "test": 0.25},
    },
    "corrected": {"corrections": "labels.csv", "correct_test": True},
}


@pytest.mark.parametrize("study", STUDIES)
def test_data_that_are_kept_are_the_data_that_were_read(
    folder: Path, small: None, monkeypatch: pytest.MonkeyPatch, study: str
) -> None:
    (folder / "labels.csv").write_text(
        "id,label,drop\ntrain/ant/0.png,bee,\ntest/bee/1.png,,yes\nval/cat/2.png,ant,\n"
    )
    settings = DataSettings(source="folder:x", **STUDIES[study])
    with monkeypatch.context() as patch:
        patch.setenv(image_cache.LIMIT_VARIABLE, "0")
        plain = load_dataset(settings, places(folder))
        assert not (folder / "cache").exists() and plain.training.kept is None
    first, second = (load_dataset(settings, places(folder)) for _ in range(2))
    assert first.training.kept is not None and second.training.kept is not None
    wanted = facts(plain)
    assert facts(first) == wanted
    assert facts(second) == wanted, "nothing was made twice, and nothing is another"
    assert facts(load_dataset(settings, places(folder))) == wanted


def test_a_second_start_opens_no_picture_and_copies_nothing(
    folder: Path, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = DataSettings(
        source="folder:x", split={"training": 0.6, "validation": 0.2, "test": 0.2}
    )
    facts(load_dataset(settings, places(folder)))

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("read again")

    for module, name in ((folder_pictures, "read_header"), (decoding, "read_pixels")):
        monkeypatch.setattr(module, name, refused)
    monkeypatch.setattr(ImageSet, "_digest", refused)
    heard = Heard()
    data = load_dataset(settings, places(folder), heard)
    assert len(data.provenance.fingerprint) == 64
    row_hashes(data.test)
    shared_rows(data)
    assert [line for line in heard.lines if "125 images were decoded before" in line]
    assert "images" not in data.training.__dict__, "nobody has asked for them"
    assert data.training.images.base is not None, "and they are mapped, not copied"
    file = next((folder / "x" / "train" / "ant").glob("1.png"))
    shutil.copy(folder / "x" / "train" / "bee" / "2.png", file)
    with pytest.raises(AssertionError, match="read again"):
        load_dataset(settings, places(folder))


def test_other_files_other_reading_or_other_code_are_read_anew(
    folder: Path, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = folder / "cache" / "images"

    def count() -> int:
        load_source("folder:x", places(folder), image_size=(8, 8))
        return len(list(entries.glob("*.json")))

    assert [count(), count()] == [1, 1]
    file = folder / "x" / "test" / "cat" / "3.png"
    before = file.stat()
    content = bytearray(file.read_bytes())
    file.write_bytes(bytes(content))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))  # of the same size and time
    assert count() == 2
    load_source("folder:x", places(folder), image_size=(8, 9))
    load_source("folder:x", places(folder), image_size=(8, 8), resize="crop")
    assert count() == 4
    monkeypatch.setattr(kept_source, "_code", lambda: "another")
    assert count() == 5
    (folder / "x" / "test" / "cat" / "new.png").write_bytes(file.read_bytes())
    assert count() == 6


def test_folders_that_are_moved_or_named_otherwise_are_found(folder: Path, small: None) -> None:
    before = load_source("folder:x", places(folder))
    (folder / "x").rename(folder / "y")
    after = load_source("./y", places(folder))
    assert after.name == "./y" and before.name == "folder:x"
    assert after.pictures["train/ant/0.png"] == folder / "y" / "train" / "ant" / "0.png"
    assert len(list((folder / "cache" / "images").glob("*.json"))) == 1
    np.testing.assert_array_equal(before.train.images, after.train.images)


def _damages() -> dict[str, Any]:
    def cut(path: Path) -> None:
        path.write_bytes(path.read_bytes()[:-3])

    def flip(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[3] ^= 1
        path.write_bytes(bytes(content))

    def empty(path: Path) -> None:
        path.write_bytes(b"")

    def say(path: Path) -> None:
        said = json.loads(path.read_text())
        said["facts"]["classes"] = ["ant", "bee"]
        path.write_text(json.dumps(said))

    every = {"cut": cut, "flipped": flip, "empty": empty, "gone": Path.unlink}
    found = {
        f"{kind} .{suffix}": (suffix, do)
        for kind, do in every.items()
        for suffix in ("pixels", "npz")
    }
    return found | {
        "cut .json": ("json", cut),
        "empty .json": ("json", empty),
        "changed .json": ("json", say),
    }


@pytest.mark.parametrize("damage", _damages())
def test_what_is_damaged_is_made_anew_and_said(folder: Path, small: None, damage: str) -> None:
    before = load_source("folder:x", places(folder), image_size=(8, 8)).train.images.copy()
    suffix, do = _damages()[damage]
    (path,) = (folder / "cache" / "images").glob(f"*.{suffix}")
    do(path)
    heard = Heard()
    after = load_source("folder:x", places(folder), heard, image_size=(8, 8))
    assert [line for line in heard.lines if "are damaged" in line and "made anew" in line]
    np.testing.assert_array_equal(before, after.train.images)
    heard = Heard()
    load_source("folder:x", places(folder), heard, image_size=(8, 8))
    assert not [line for line in heard.lines if "are damaged" in line]
    assert len(list((folder / "cache" / "images").iterdir())) == 3


def test_it_is_bounded_and_what_is_not_ours_stays(folder: Path, small: None) -> None:
    def entries() -> list[str]:
        return sorted(path.name[:32] for path in cache.root.glob("*.json"))

    cache = ImageCache.below(folder / "cache")
    cache.root.mkdir(parents=True)
    foreign = cache.root / "notes.txt"
    foreign.write_text("mine")
    (cache.root / f"{'0' * 32}.json").symlink_to(foreign)
    for number in range(3):
        path = cache.new_file(key_of(str(number)))
        path.write_bytes(bytes(1000))
        cache.keep(key_of(str(number)), {}, {"a": np.arange(3)}, (path, (10, 10, 10)))
        os.utime(cache.root / f"{key_of(str(number))}.json", (number, number))
    taken = sum(path.stat().st_size for path in cache.root.iterdir() if not path.is_symlink())
    cache.most = taken + 500
    assert cache.find(key_of("0")) is not None, "used again, so it is not the oldest any more"
    assert cache.has_room(1000)
    left = set(entries())
    assert {key_of("0"), key_of("2")} <= left and key_of("1") not in left
    assert not cache.has_room(cache.most + 1) and set(entries()) == left, "in vain nothing goes"
    path = cache.new_file(key_of("picked"))
    path.write_bytes(bytes(1000))
    cache.keep(key_of("picked"), {"picked": key_of("0")}, None, (path, (10, 10, 10)))
    cache.most = sum(p.stat().st_size for p in cache.root.iterdir() if not p.is_symlink())
    assert cache.has_room(800) and key_of("picked") not in entries(), "rows that were picked first"
    assert cache.has_room(cache.most - 1) is True
    assert foreign.read_text() == "mine" and (cache.root / f"{'0' * 32}.json").is_symlink()
    assert {path.name for path in cache.root.iterdir()} == {"notes.txt", f"{'0' * 32}.json"}


def test_leftovers_of_a_killed_process_go_after_a_day(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path / "images", 10**6)
    cache.root.mkdir()
    old, young = cache.new_file(key_of("a")), cache.new_file(key_of("b"))
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    assert cache.has_room(10) and not old.exists() and young.exists()


def test_where_nothing_can_be_kept_images_are_read_all_the_same(folder: Path, small: None) -> None:
    (folder / "cache").write_text("a file in the way")
    heard = Heard()
    data = load_source("folder:x", places(folder), heard, image_size=(8, 8))
    assert len(data.train) == 74 and data.train.kept is None
    assert [line for line in heard.lines if "not kept for later" in line]


def test_files_that_change_while_they_are_read_are_not_kept(
    folder: Path, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = decoding.read_pixels

    def slowly(path: Path, *more: Any) -> Any:
        os.utime(path, (5, 5))
        return read(path, *more)

    monkeypatch.setattr(decoding, "read_pixels", slowly)
    heard = Heard()
    source = load_source("folder:x", places(folder), heard, image_size=(8, 8))
    assert len(source.train) == 74
    assert [line for line in heard.lines if "changed while they were read" in line]
    assert not list((folder / "cache" / "images").iterdir())


def test_lists_of_pictures_are_kept_too(
    folder: Path, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        (f"x/{part}/{name}/{number}.png", name, part, f"p{number}")
        for part in ("train", "test")
        for name in ("ant", "bee")
        for number in range(8)
    ]
    with (folder / "list.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "label", "split", "person"), *rows])
    settings = DataSettings(source="csv:list.csv", groups={"column": "person"}, image_size=(9, 9))
    with monkeypatch.context() as patch:
        patch.setenv(image_cache.LIMIT_VARIABLE, "0")
        wanted = facts(load_dataset(settings, places(folder)))
    assert facts(load_dataset(settings, places(folder))) == wanted
    with monkeypatch.context() as patch:
        patch.setattr(manifest, "read_header", None)
        assert facts(load_dataset(settings, places(folder))) == wanted
    write_picture(folder / "x" / "test" / "bee" / "0.png", pictures(3)[2])
    assert facts(load_dataset(settings, places(folder))) != wanted


@pytest.mark.parametrize("threads", [1, 5])
def test_pictures_come_in_their_order_whoever_is_quicker(
    folder: Path, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    monkeypatch.setattr(decoding, "available_cores", lambda: threads)
    monkeypatch.setattr(decoding, "_AT_ONCE", 3)
    monkeypatch.setattr(decoding, "_SMALL", 0)
    heard = Heard()
    source = load_source("folder:x", places(folder), heard, image_size=(8, 8))
    own = [source.pictures[name] for name in source.train.ids.tolist()]
    wanted = [decoding.read_pixels(path, "it", True, (8, 8)) for path in own]
    np.testing.assert_array_equal(source.train.images, np.stack(wanted))
    assert source.files is not None
    assert [file.id for file in source.files.damaged] == ["train/ant/p02-broken.png"]
    assert [step[1:] for step in heard.steps] == [(50, 126), (100, 126), (126, 126)]


def test_large_pictures_are_decoded_at_the_same_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = threading.Barrier(2)
    read = decoding.read_pixels

    def together(*given: Any) -> Any:
        both.wait(timeout=60)  # fails where the second is not begun before the first is done
        return read(*given)

    for name in ("ant", "bee"):
        for row in range(3):
            write_picture(tmp_path / "x" / name / f"{row}.png", pictures(1, 200, 150, 3)[0])
    monkeypatch.setattr(decoding, "available_cores", lambda: 2)
    monkeypatch.setattr(decoding, "read_pixels", together)
    assert len(load_source("folder:x", places(tmp_path)).train) == 6


def test_what_memory_cannot_hold_is_refused_with_a_way_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_room, "usable_memory", lambda: 20_000)
    monkeypatch.setenv(image_cache.LIMIT_VARIABLE, "0")
    with pytest.raises(DataError, match=r"126 images of 64 x 64 take .*Give a smaller image_size"):
        load_source("folder:x", places(folder), image_size=(64, 64))
    monkeypatch.delenv(image_cache.LIMIT_VARIABLE)
    monkeypatch.setattr(image_cache, "LARGE", 500)
    assert len(load_source("folder:x", places(folder), image_size=(64, 64)).train) == 74


def test_rows_that_neither_cache_nor_memory_holds_are_refused(
    folder: Path, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    split = {"training": 0.6, "validation": 0.2, "test": 0.2}
    settings = DataSettings(source="folder:x", split=split, image_size=(64, 64))
    monkeypatch.setenv(image_cache.LIMIT_VARIABLE, str(1.7e6 / 2**30))  # all of it, and no copy
    monkeypatch.setattr(image_room, "usable_memory", lambda: 500_000)
    with pytest.raises(DataError, match=f"{image_cache.LIMIT_VARIABLE} leaves no room: 75 images"):
        load_dataset(settings, places(folder))
    monkeypatch.setattr(image_room, "usable_memory", lambda: 5_000_000)
    assert len(load_dataset(settings, places(folder)).training.images) == 75


@pytest.mark.parametrize("text", ["many", "nan", "inf"])
def test_a_limit_that_is_no_number_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv(image_cache.LIMIT_VARIABLE, text)
    with pytest.raises(DataError, match="give a number of GiB"):
        load_source("folder:x", places(folder))


def test_a_full_disk_is_said(folder: Path, small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    heard = Heard()
    with pytest.raises(DataError, match=r"No space left on device\)\. Free some space"):
        load_source("folder:x", places(folder), heard, image_size=(8, 8))
    assert not list((folder / "cache" / "images").iterdir())
