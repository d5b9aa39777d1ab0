import os
from pathlib import Path

import numpy as np
import pytest
from made_files import idx_bytes, pictures, write_gzip, write_mnist_files

from vestry.data import image_cache
from vestry.data.image_cache import ImageCache
from vestry.data.paths import MissingDataError
from vestry.data.sources.idx import load
from vestry.errors import DataError

LABELS = np.array([0, 1, 2, 0], dtype=np.uint8)


def test_training_test_and_names_are_read(tmp_path: Path) -> None:
    write_mnist_files(tmp_path, "train", pictures(4), LABELS)
    write_mnist_files(tmp_path, "t10k", pictures(3), LABELS[:3])
    (tmp_path / "classes.txt").write_text("\ufeffcat\ndog\nbarn owl\n\n", "utf-8")
    source = load(tmp_path, "idx:x")
    np.testing.assert_array_equal(source.train.images, pictures(4))
    assert source.train.labels.tolist() == [0, 1, 2, 0]
    assert source.train.classes == ("cat", "dog", "barn owl")
    assert source.test is not None
    np.testing.assert_array_equal(source.test.images, pictures(3))
    assert source.notes == ()


def test_numbers_stand_for_names_and_colour_is_read(tmp_path: Path) -> None:
    write_mnist_files(tmp_path, "train", pictures(4, 6, 5, 3), LABELS)
    source = load(tmp_path, "idx:x")
    assert source.train.classes == ("0", "1", "2")
    assert source.train.image_shape == (6, 5, 3)
    assert source.test is None


def test_two_files_for_one_are_said(tmp_path: Path) -> None:
    write_mnist_files(tmp_path, "train", pictures(4), LABELS)
    write_gzip(tmp_path / "train-labels.idx1-ubyte.gz", idx_bytes(LABELS))
    assert load(tmp_path, "idx:x").notes == (
        "train-labels-idx1-ubyte was read; train-labels.idx1-ubyte.gz beside it was not",
    )


def test_what_is_absent_is_missing_and_what_is_half_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="no such folder"):
        load(tmp_path / "nothing", "idx:nothing")
    with pytest.raises(MissingDataError, match="holds no train-images-idx3-ubyte"):
        load(tmp_path, "idx:x")
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(LABELS))
    with pytest.raises(DataError, match="the images that belong to it are not") as caught:
        load(tmp_path, "idx:x")
    assert not isinstance(caught.value, MissingDataError)


def test_what_does_not_fit_together_is_refused(tmp_path: Path) -> None:
    write_mnist_files(tmp_path, "train", pictures(5), LABELS)
    with pytest.raises(DataError, match=r"5 images, .* 4 labels"):
        load(tmp_path, "idx:x")
    write_mnist_files(tmp_path, "train", pictures(4), LABELS)
    (tmp_path / "classes.txt").write_text("cat\ndog")
    with pytest.raises(DataError, match="label 2 of train/00002 is out of range"):
        load(tmp_path, "idx:x")


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"cat\n\nowl", "line 2 is empty"), (b"\xff", "UTF-8"), (b"a" * 2**21, "longer than")],
)
def test_a_list_of_names_that_is_none_is_refused(
    tmp_path: Path, content: bytes, words: str
) -> None:
    write_mnist_files(tmp_path, "train", pictures(4), LABELS)
    (tmp_path / "classes.txt").write_bytes(content)
    with pytest.raises(DataError, match=words):
        load(tmp_path, "idx:x")


def test_large_images_are_mapped_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_cache, "LARGE", 200)
    folder = tmp_path / "x"
    folder.mkdir()
    given = {part: pictures(count, 4, 5) for part, count in (("train", 12), ("t10k", 7))}
    for part, images in given.items():
        labels = np.arange(len(images), dtype=np.uint8) % 3
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx_bytes(images))
        write_gzip(folder / f"{part}-labels-idx1-ubyte.gz", idx_bytes(labels))
    cache = ImageCache.below(tmp_path / "cache")
    plain, kept = load(folder, "x"), load(folder, "x", cache)
    again = load(folder, "x", cache)
    for source in (kept, again):
        for part, rows in source.parts.items():
            assert rows.kept is not None
            assert rows.fingerprint == plain.parts[part].fingerprint
            assert rows.ids.tolist() == plain.parts[part].ids.tolist()
    (folder / "t10k-images-idx3-ubyte").write_bytes(idx_bytes(given["t10k"][::-1]))
    os.utime(folder / "t10k-images-idx3-ubyte", ns=(1, 1))
    changed = load(folder, "x", cache)
    assert changed.test is not None
    assert np.array_equal(changed.test.images, given["t10k"][::-1])
