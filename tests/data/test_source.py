from pathlib import Path

import numpy as np
import pytest
from made_files import nowhere, pictures, write_class_folders, write_mnist_files

from vestry.data.source import load_source, source_kind
from vestry.data.source_kind import SOURCES, kinds_in_order
from vestry.errors import DataError, StudyError

LABELS = np.array([0, 1, 0, 1], dtype=np.uint8)


def test_every_kind_gives_a_source_relative_to_the_study(tmp_path: Path) -> None:
    write_mnist_files(tmp_path / "idx", "train", pictures(4), LABELS)
    write_class_folders(tmp_path / "folder", "a", "b")
    np.savez(tmp_path / "a.npz", images=pictures(4), labels=LABELS)
    places = nowhere(tmp_path)
    for text in ("digits", "idx:idx", "npz:a.npz", "folder:folder", f"npz:{tmp_path / 'a.npz'}"):
        source = load_source(text, places)
        assert source.name == text and len(source.train) >= 4


def test_fashion_mnist_is_found_in_the_users_folder(published: Path, tmp_path: Path) -> None:
    source = load_source("fashion-mnist", nowhere(tmp_path, data=published.parent))
    assert source.name == "fashion-mnist" and len(source.train) == 60_000
    assert source.licence is not None and source.licence.startswith("MIT")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fashion_mnist", "did you mean `fashion-mnist`?"),
        ("Digit", "did you mean `digits`?"),
        ("foldr:x", "did you mean `folder:DIR`?"),
        ("nothing like it", ", ".join(kind.spelling for kind in kinds_in_order())),
        ("", "unknown source ''"),
        ("npz", "write npz:FILE"),
        ("idx:", "write idx:DIR"),
        ("digits:x", "digits takes no path"),
    ],
)
def test_an_unknown_source_is_named_with_the_nearest(text: str, words: str) -> None:
    with pytest.raises(StudyError) as caught:
        source_kind(text)
    assert words in str(caught.value)


def test_a_path_may_hold_colons() -> None:
    assert source_kind("npz:a:b.npz") == (SOURCES["npz"], "a:b.npz")


@pytest.mark.parametrize("kind", ["", "folder:", "path:"])
def test_a_whole_disk_or_home_is_not_walked(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "link").symlink_to("/")
    for path, said in (("/", "whole disk"), (tmp_path, "home folder"), (tmp_path / "link", "disk")):
        with pytest.raises(DataError, match=said):
            load_source(f"{kind}{path}", nowhere(tmp_path))
