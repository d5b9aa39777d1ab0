import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from made_files import pictures

from vestry.data.float_images import to_bytes
from vestry.data.paths import MissingDataError
from vestry.data.sources.npz import load
from vestry.errors import DataError

LABELS = np.array([0, 1, 2, 0, 1, 2])


def save(path: Path, **arrays: object) -> Path:
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
    return path


def refused(path: Path, *words: str) -> None:
    with pytest.raises(DataError) as caught:
        load(path, "npz:x")
    text = str(caught.value)
    assert "\n" not in text
    for word in (path.name, *words):
        assert word in text


def test_every_part_is_read(tmp_path: Path) -> None:
    path = save(
        tmp_path / "a.npz",
        images=pictures(6),
        labels=LABELS.astype(np.uint8),
        test_images=pictures(3),
        test_labels=np.array([[2], [1], [0]], dtype=np.int16),
        classes=np.array(["cat", "dog", "owl"]),
        weather=np.arange(3),
    )
    source = load(path, "npz:a.npz")
    np.testing.assert_array_equal(source.train.images, pictures(6))
    np.testing.assert_array_equal(source.train.labels, LABELS)
    assert source.test is not None
    np.testing.assert_array_equal(source.test.images, pictures(3))
    assert source.test.labels.tolist() == [2, 1, 0]
    assert source.train.classes == ("cat", "dog", "owl")
    assert source.test.ids.tolist() == ["test/00000", "test/00001", "test/00002"]
    assert source.notes == ("a.npz also holds weather; not read",)


@pytest.mark.parametrize("shape", [(6, 4, 5), (6, 4, 5, 1), (6, 4, 5, 3)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_spelling_of_keras_is_read_too(
    tmp_path: Path, shape: tuple[int, ...], order: str
) -> None:
    images = np.asarray(np.arange(np.prod(shape)).reshape(shape) % 256, np.uint8, order=order)  # type: ignore[call-overload]
    source = load(save(tmp_path / "a.npz", x_train=images, y_train=LABELS), "npz:a.npz")
    squeezed = images[..., 0] if shape[-1] == 1 else images
    np.testing.assert_array_equal(source.train.images, squeezed)
    assert source.train.images.flags.c_contiguous
    assert source.test is None and source.train.classes == ("0", "1", "2")


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("factor", [1, 255])
def test_floats_become_the_bytes_that_they_were(tmp_path: Path, kind: type, factor: int) -> None:
    images = (pictures(6) / factor).astype(kind)
    source = load(save(tmp_path / "a.npz", images=images, labels=LABELS), "npz:a.npz")
    np.testing.assert_array_equal(source.train.images, pictures(6))
    assert source.train.missing is not None and source.train.missing.tolist() == [0] * 6
    (note,) = source.notes
    assert np.dtype(kind).name in note and ("multiplied by 255" in note) == (factor == 255)


def test_missing_values_are_counted_and_taken_as_0(tmp_path: Path) -> None:
    images = pictures(6) / 255
    images[1, 0, :3] = np.nan
    images[4, 5, 4] = np.nan
    test = np.full((2, 6, 5), np.nan)
    path = save(
        tmp_path / "a.npz",
        images=images, labels=LABELS, test_images=test, test_labels=LABELS[:2],
    )  # fmt: skip
    source = load(path, "npz:a.npz")
    assert source.test is not None
    assert source.train.missing is not None and source.test.missing is not None
    assert source.train.missing.tolist() == [0, 3, 0, 0, 1, 0]
    assert source.test.missing.tolist() == [30, 30]
    assert not source.train.images[1, 0, :3].any() and not source.test.images.any()
    np.testing.assert_array_equal(source.train.images[0], pictures(6)[0])
    assert source.notes[1:] == (
        "images: 4 pixel values of 2 images were missing (NaN) and were taken as 0",
        "test_images: 60 pixel values of 2 images were missing (NaN) and were taken as 0",
    )
    part = source.train.rows(np.array([4, 1]))
    assert part.missing is not None and part.missing.tolist() == [1, 3]


def test_bytes_have_nothing_missing(tmp_path: Path) -> None:
    source = load(save(tmp_path / "a.npz", images=pictures(6), labels=LABELS), "npz:a.npz")
    assert source.train.missing is None and source.notes == ()
    assert source.train.rows(np.arange(2)).missing is None


@settings(deadline=None)
@given(
    values=arrays(np.float32, (3, 2, 2), elements=st.floats(-1, 300, width=32) | st.just(np.nan))
)
def test_floats_are_rounded_or_refused(values: np.ndarray) -> None:
    present = values[~np.isnan(values)]
    if present.size and (present.min() < 0 or present.max() > 255):
        with pytest.raises(DataError, match="go from"):
            to_bytes("x", {"images": values})
        return
    found, _ = to_bytes("x", {"images": values})
    factor = 255 if not present.size or present.max() <= 1 else 1
    expected = np.rint(np.nan_to_num(values, nan=0.0).astype(np.float64) * factor)
    np.testing.assert_array_equal(found["images"].images, expected)
    missing = found["images"].missing
    assert missing is not None and missing.sum() == np.isnan(values).sum()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"images": pictures(6).astype(np.int16) * 300}, ("whole numbers from 0 to 255", "257")),
        ({"images": pictures(6) / 255 - 0.5}, ("go from -0.5", "0 to 1", "standardisation")),
        ({"images": pictures(6) * 2.0}, ("to 51", "0 to 255")),
        ({"images": np.full((6, 6, 5), np.inf)}, ("infinite", "NaN")),
        (
            {
                "images": pictures(6) / 255,
                "test_images": pictures(6) * 1.0,
                "test_labels": LABELS,
            },
            ("images go up to 1,", "test_images up to 25", "one scale"),
        ),
        ({"images": pictures(6)[0]}, ("(6, 5)", "(n, height, width)")),
        ({"images": pictures(5)}, ("5 images, 6 labels",)),
        ({"labels": LABELS / 2}, ("float64", "one whole number or name a row")),
        ({"labels": np.ones((6, 3), dtype=int)}, ("(6, 3)", "several labels")),
        ({"labels": LABELS - 1}, ("a label is -1", "from 0")),
        ({"labels": LABELS * 10**9}, ("2,000,000,000", "10,000")),
        ({"labels": LABELS.astype(np.uint64) + np.uint64(2**63)}, ("number the classes from 0",)),
        ({"labels": LABELS * 0}, ("at least 2",)),
        ({"classes": np.array(["a", "b"])}, ("label 2 of train/00002 is out of range",)),
        ({"classes": np.array(["a", "b", "b"])}, ("'b'",)),
        ({"classes": np.array([1.5, 2, 3])}, ("float64", "text")),
        ({"classes": np.array([b"a", b"\xff", b"c"])}, ("utf-8",)),
        ({"test_images": pictures(6)}, ("come together",)),
        ({"x_train": pictures(6), "y_train": LABELS}, ("not both",)),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, changes: dict[str, object], words: tuple[str, ...]
) -> None:
    arrays = {"images": pictures(6), "labels": LABELS} | changes
    refused(save(tmp_path / "a.npz", **arrays), *words)


def test_what_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="no such file"):
        load(tmp_path / "a.npz", "npz:a.npz")
    refused(save(tmp_path / "a.npz", pictures=pictures(6)), "holds pictures", "`images`")


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (pytest.fail, ("a pickle was loaded",))


@pytest.mark.parametrize("key", ["images", "labels", "classes"])
def test_a_pickled_object_is_refused_unopened(tmp_path: Path, key: str) -> None:
    arrays = {"images": pictures(6), "labels": LABELS, key: np.array([Trap()] * 3, dtype=object)}
    refused(save(tmp_path / "a.npz", **arrays), "object")


def member(claimed: tuple[int, ...], content: bytes) -> bytes:
    stream = io.BytesIO()
    header = {"descr": "|u1", "fortran_order": False, "shape": claimed}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue() + content


@pytest.mark.parametrize("claimed", [(10**9, 28, 28), (10**6, 10, 10), (-6, 4, 5)])
def test_a_header_that_claims_what_is_not_there_is_refused(
    tmp_path: Path, claimed: tuple[int, ...]
) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", member(claimed, bytes(120)))
        archive.writestr("labels.npy", b"")
    refused(path, "images.npy claims", "zip directory")


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("images.npy", "w") as stream:
            stream.write(member((200, 1024, 1024), b""))
            for _ in range(200):
                stream.write(bytes(2**20))
        archive.writestr("labels.npy", b"")
    refused(path, "images.npy", "100 to 1")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_changed_bytes_give_a_data_error_or_a_source(tmp_path: Path, data: st.DataObject) -> None:
    whole = tmp_path / "whole.npz"
    if not whole.exists():
        save(whole, images=pictures(6), labels=LABELS, classes=np.array(["a", "b", "c"]))
    content = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "a.npz"
    path.write_bytes(bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))]))
    try:
        found = load(path, "npz:a.npz")
    except DataError:
        return
    np.testing.assert_array_equal(found.train.images, pictures(6))
    np.testing.assert_array_equal(found.train.labels, LABELS)
