"""Files that were made to fill memory, to take for ever, or to speak to the terminal."""

import io
import os
import sys
import time
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestry.errors import DataError, bounded, one_line, printable
from vestry.storage.regular_file import check_regular
from vestry.study.file import tables_of

pipes = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes among files")
_MOST_SECONDS = 20
"""Far above what it takes on a busy machine, far below what it took before: minutes."""


def _npz(path, labels: bytes, compression=zipfile.ZIP_STORED):
    images = io.BytesIO()
    np.save(images, np.zeros((10, 8, 8), np.uint8))
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("images.npy", images.getvalue())
        archive.writestr("labels.npy", labels)


def _header(described: bytes) -> bytes:
    text = described + b" " * (64 - (len(described) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def _labels() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.arange(10) % 2)
    return stream.getvalue()


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_arrays_that_unfold_a_million_to_one_are_not_read(tmp_path, vestry, compression):
    _npz(tmp_path / "x.npz", _labels(), compression)
    done = vestry("explore", "./x.npz", cwd=tmp_path)
    assert done.returncode == 1
    assert "images.npy is compressed in another way than numpy does" in done.stderr


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b"{'descr': '<U0', 'fortran_order': False, 'shape': (300000000,)}", "without any content"),
        (b"{'descr': 3, 'fortran_order': False, 'shape': (10,)}", "not a readable .npz file"),
        (b"{'descr': " + b"[" * 3000 + b"]" * 3000 + b"}", "not a readable .npz file"),
    ],
)
def test_headers_that_claim_what_cannot_be_are_one_short_line(tmp_path, vestry, header, said):
    _npz(tmp_path / "x.npz", _header(header))
    done = vestry("explore", "./x.npz", cwd=tmp_path)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert said in last and len(last) < 600, last


@pytest.mark.parametrize(
    "text",
    [
        "a" + ".a" * 100_000 + " = 1",
        '"a"' + ' . "a"' * 50_000 + " = 1",
        "[" + "a." * 100_000 + "a]",
        "k" * 500_000 + " = 1",
        "a = " + "[" * 200_000,
        "a = " + "{a=" * 100_000,
        "a = " + "9" * 5_000,
        'a = "' + '\\"' * 200_000,
        '"""' + '\\"""' * 100_000,
    ],
    ids=lambda text: text[:8],
)
def test_toml_without_end_is_refused_before_anybody_waits(text):
    started = time.perf_counter()
    with pytest.raises((ValueError, RecursionError)):
        tables_of(text)
    assert time.perf_counter() - started < _MOST_SECONDS


def test_what_only_looks_endless_is_read():
    text = f"""# {"-" * 300}
about = "{"x." * 60}"
more = '''
{"." * 300}
{"-" * 300}
'''
[data]
fractions = [{", ".join(["0.125"] * 60)}]
"""
    assert tables_of(text)["data"]["fractions"] == [0.125] * 60


def test_many_models_of_both_spellings_keep_their_order():
    """Each header was looked for by reading all before it again: minutes for a large file."""
    pairs = "".join(f'[[member]]\nname="{i}"\n[[model]]\nname="x{i}"\n' for i in range(10_000))
    hidden = 'about = """\n[[model]]\n"""\n#[[model]]\n[[ "model" ]]\nname = "[[model]]"\n'
    started = time.perf_counter()
    names = [model["name"] for model in tables_of(pairs + hidden)["member"]]
    assert time.perf_counter() - started < _MOST_SECONDS
    assert names[:4] == ["0", "x0", "1", "x1"] and names[-2:] == ["x9999", "[[model]]"]


@pipes
@pytest.mark.parametrize(
    "command",
    [
        ("run", "pipe.toml"),
        ("predict", "pipe.png"),
        ("predict", "pipe.onnx", "x.png"),
        ("serve", "pipe.onnx"),
        ("export", "pipe.onnx", "--web", "site"),
        ("explore", "./pipe.csv"),
        ("judge", "pipe.csv", "pipe.csv"),
        ("judge", "pipe.csv", "pipe.npz"),
    ],
    ids=" ".join,
)
def test_a_pipe_is_no_file(tmp_path, vestry, command):
    for suffix in ("toml", "png", "onnx", "csv", "npz"):
        os.mkfifo(tmp_path / f"pipe.{suffix}")
    done = vestry(*command, cwd=tmp_path)  # without a writer it would wait for ever
    assert done.returncode in (1, 2)
    assert "pipe" in done.stderr.splitlines()[-1] and "Traceback" not in done.stderr


def test_devices_and_folders_are_no_files(tmp_path):
    for path in (tmp_path, os.devnull):
        with pytest.raises(OSError, match="it is no file"):
            check_regular(type(tmp_path)(path))


def test_names_do_not_speak_to_the_terminal(tmp_path, vestry):
    (tmp_path / "x.toml").write_text(
        'title = "x"\n[data]\nsource = "digits"\n"\\u001b]0;pwned\\u0007key" = 1\n'
        '[[model]]\nname = "a"\nestimator = "sklearn.svm.SVC"\n'
    )
    done = vestry("run", "x.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert "\x1b" not in done.stderr and "\\x1b]0;pwned\\x07key" in done.stderr


def test_a_name_as_long_as_a_file_is_cut(tmp_path, vestry):
    (tmp_path / "x.toml").write_text(
        f'title = "x"\n[data]\nsource = "digits"\n"{"k" * 900_000}" = 1\n'
        '[[model]]\nname = "a"\nestimator = "sklearn.svm.SVC"\n'
    )
    done = vestry("run", "x.toml", cwd=tmp_path)
    assert done.returncode == 2 and len(done.stderr) < 5_000 and "signs more" in done.stderr


@given(st.text(), st.integers(1, 50))
def test_what_is_shown_is_printable_and_bounded(text, most):
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)
    assert bounded(text, most)[:most] == text[:most]
    assert len(bounded(text, most)) <= most + 40
    assert one_line(ValueError(text)).startswith("ValueError")
    assert one_line(DataError(text)) == " ".join(text.split())
