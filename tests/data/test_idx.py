import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from made_files import idx_bytes, idx_header, pictures, write_gzip

from vestry.data.idx_file import read_idx
from vestry.errors import DataError

same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def refused(path: Path, axes: set[int], *words: str) -> None:
    """One line that names the file and all of `words`, and no memory taken for what it claims."""
    tracemalloc.start()
    try:
        with pytest.raises(DataError) as caught:
            read_idx(path, axes)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    text = str(caught.value)
    assert "\n" not in text
    for word in (path.name, *words):
        assert word in text
    assert peak < 8 * 2**20


@same_folder
@given(
    array=arrays.arrays(np.uint8, arrays.array_shapes(min_dims=1, max_dims=4, max_side=6)),
    packed=st.booleans(),
)
def test_what_was_written_is_read(tmp_path: Path, array: np.ndarray, packed: bool) -> None:
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(idx_bytes(array)) if packed else idx_bytes(array))
    found = read_idx(path, {array.ndim})
    assert found.dtype == np.uint8 and found.flags.writeable
    np.testing.assert_array_equal(found, array)


@same_folder
@given(data=st.data(), packed=st.booleans())
def test_changed_bytes_give_an_error_or_the_array_that_they_say(
    tmp_path: Path, data: st.DataObject, packed: bool
) -> None:
    content = bytearray(idx_bytes(pictures(3)))
    if packed:
        content = bytearray(gzip.compress(bytes(content), mtime=0))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = (
        content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content
    )
    path = tmp_path / "a"
    path.write_bytes(bytes(content))
    try:
        found = read_idx(path, {3})
    except DataError:
        return
    plain = gzip.decompress(bytes(content)) if content[:2] == b"\x1f\x8b" else bytes(content)
    assert found.tobytes() == plain[16:]


def test_a_truncated_gzip_is_refused(tmp_path: Path) -> None:
    path = write_gzip(tmp_path / "a.gz", idx_bytes(pictures(500)))
    path.write_bytes(path.read_bytes()[:-200])
    refused(path, {3}, "truncated")


def test_a_damaged_gzip_is_refused(tmp_path: Path) -> None:
    path = write_gzip(tmp_path / "a.gz", idx_bytes(pictures(500)))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))
    refused(path, {3}, "damaged")


@pytest.mark.parametrize("packed", [False, True])
def test_a_claim_of_a_billion_images_is_refused(tmp_path: Path, packed: bool) -> None:
    content = idx_header(10**9, 28, 28) + bytes(1000)
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(content) if packed else content)
    refused(path, {3}, "784,000,000,000" if packed else "1,000,000,000 x 28 x 28")


def test_an_honest_bomb_is_refused(tmp_path: Path) -> None:
    size = 300 * 2**20
    path = tmp_path / "a.gz"
    with gzip.open(path, "wb", compresslevel=1) as stream:
        stream.write(idx_header(size))
        for _ in range(300):
            stream.write(bytes(2**20))
    refused(path, {1}, "100 to 1")


def test_a_bomb_behind_a_small_claim_is_not_unfolded(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    with gzip.open(path, "wb", compresslevel=1) as stream:
        stream.write(idx_header(10))
        for _ in range(100):
            stream.write(bytes(2**20))
    refused(path, {1}, "trailing bytes", "10")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("content", "axes", "words"),
    [
        (b"", {3}, ("not an IDX file", "nothing")),
        (b"\x89PNG\r\n", {3}, ("not an IDX file", "89 50 4e 47")),
        (idx_bytes(np.ones((2, 2, 2), np.float32)), {3}, ("float32", "uint8")),
        (idx_bytes(np.ones(5, np.uint8)), {3}, ("1 axes", "images (3 axes)", "swapped")),
        (idx_bytes(pictures(2)), {1}, ("3 axes", "labels (1 axis)")),
        (idx_header(5, 2, 2)[:9], {3}, ("header ends early",)),
        (idx_header(5, 2, 2) + bytes(19), {3}, ("5 x 2 x 2 = 20 bytes", "19", "truncated")),
        (idx_header(5, 2, 2) + bytes(21), {3}, ("5 x 2 x 2 = 20", "trailing bytes")),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, content: bytes, axes: set[int], words: tuple[str, ...], packed: bool
) -> None:
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(content) if packed else content)
    refused(path, axes, *words)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "nothing", {1}, "no such file")
    refused(tmp_path, {1}, "no such file")
