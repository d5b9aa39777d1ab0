"""What is kept of data is known to be what was kept: by its whole content, not its beginning."""

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vestry.data import image_cache
from vestry.data.image_cache import ImageCache
from vestry.data.paths import DataPaths
from vestry.data.source import load_source

ROWS, SIDE = 40, 300


@pytest.fixture
def kept(tmp_path: Path) -> tuple[ImageCache, Path]:
    """A cache with one entry of 3.6 MB, and the file of its pixels."""
    cache = ImageCache(tmp_path / "images", 2**30)
    path = cache.new_file("a" * 32)
    cache.root.mkdir(exist_ok=True)
    random = np.random.default_rng(0)
    path.write_bytes(random.integers(1, 256, ROWS * SIDE**2).astype(np.uint8).tobytes())
    cache.keep("a" * 32, {}, pixels=(path, (ROWS, SIDE, SIDE)))
    return cache, path


def _zeros(path: Path, start: int, length: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(bytes(length))


@pytest.mark.parametrize("start", [0, 2 * 2**20 + 5000, ROWS * SIDE**2 - 50])
def test_pixels_that_were_lost_anywhere_are_noticed(kept, start: int) -> None:
    cache, path = kept
    assert cache.find("a" * 32) is not None
    _zeros(path, start, 40)
    assert cache.find("a" * 32) is None
    assert "made anew" in cache.notes[0] and not path.exists()


@pytest.mark.parametrize("start", [0, 2 * 2**20 + 3000, ROWS * SIDE**2 - 50])
def test_of_large_files_ends_and_samples_are_looked_at(kept, monkeypatch, start: int) -> None:
    monkeypatch.setattr(image_cache, "_WHOLE", 0)
    cache, path = kept
    cache.keep("b" * 32, {}, pixels=(path.rename(cache.new_file("b" * 32)), (ROWS, SIDE, SIDE)))
    (path,) = cache.root.glob(f"{'b' * 32}-*")
    assert cache.find("b" * 32) is not None
    _zeros(path, start, 40)
    assert cache.find("b" * 32) is None


def test_each_byte_of_a_small_file_and_both_ends_of_a_large_one_are_read() -> None:
    for size in (0, 1, 2**20, 2**20 + 1, 64 * 2**20):
        assert sum(min(n, size - start) for start, n in image_cache._looked_at(size)) == size
    large = list(image_cache._looked_at(200 * 2**20 + 77))
    assert large[0] == (0, 2**20) and large[-1] == (199 * 2**20 + 77, 2**20)
    assert sum(length for _, length in large) < 5 * 2**20


def _archive(path: Path) -> None:
    from io import BytesIO

    from PIL import Image

    random = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(12):
            stream = BytesIO()
            Image.fromarray(random.integers(0, 256, (6, 6)).astype(np.uint8)).save(stream, "BMP")
            archive.writestr(f"{'ab'[number % 2]}/{number}.bmp", stream.getvalue())


@pytest.mark.parametrize("damage", ["emptied", "zeroed", "gone", "added", "sums"])
def test_an_archive_is_unpacked_anew_where_a_file_of_it_was_lost(tmp_path, damage: str) -> None:
    _archive(tmp_path / "pictures.zip")
    places = replace(DataPaths.of(base=tmp_path), cache=tmp_path / "cache")

    def images() -> bytes:
        source = load_source("zip:pictures.zip", places)
        return b"".join(rows.images.tobytes() for rows in source.parts.values())

    before = images()
    (sums,) = (tmp_path / "cache/unpacked").glob("*.json")
    picture = sums.with_suffix("") / "a/4.bmp"
    match damage:
        case "emptied":
            picture.write_bytes(b"")
        case "zeroed":  # its header is whole
            _zeros(picture, picture.stat().st_size - 20, 20)
        case "gone":
            picture.unlink()
        case "added":
            picture.with_name("x.bmp").write_bytes(picture.read_bytes())
        case "sums":
            sums.write_bytes(b"")
    assert images() == before
