import hashlib
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from made_files import nowhere

from vestry.data.paths import MissingDataError
from vestry.data.sources import fashion_mnist
from vestry.data.sources.fashion_mnist import FASHION_MNIST
from vestry.errors import DataError

MD5 = {  # as the makers publish them
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
}
NO_HOST = "http://127.0.0.1:9/"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def serve(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def damaged(published: Path, tmp_path: Path) -> Path:
    """A copy of the four files; one byte of the test images is another."""
    folder = tmp_path / "damaged" / "fashion-mnist"
    shutil.copytree(published, folder)
    path = folder / "t10k-images-idx3-ubyte.gz"
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[1_000_000] ^= 1
    path.write_bytes(bytes(content))
    return folder


@pytest.fixture
def good_host(published: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield from serve(published)


@pytest.fixture
def bad_host(damaged: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield from serve(damaged)


def test_the_files_are_those_that_were_published(published: Path) -> None:
    for file in FASHION_MNIST.files:
        content = (published / file.name).read_bytes()
        assert hashlib.md5(content, usedforsecurity=False).hexdigest() == MD5[file.name]
    findings = FASHION_MNIST.verify(published)
    assert [finding.state for finding in findings] == ["good"] * 4


def test_all_rows_are_read_in_order(published: Path) -> None:
    source = fashion_mnist.load(published)
    assert source.test is not None and source.train.classes == source.test.classes
    assert source.train.images.shape == (60_000, 28, 28)
    assert source.test.images.shape == (10_000, 28, 28)
    assert source.train.labels[:10].tolist() == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]
    assert source.test.labels[:10].tolist() == [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]
    assert source.train.class_counts().tolist() == [6000] * 10
    assert source.test.class_counts().tolist() == [1000] * 10
    assert (source.train.images.min(), source.train.images.max()) == (0, 255)
    assert source.train.classes[9] == "Ankle boot" and len(source.train.classes) == 10
    assert source.test.ids[-1] == "test/09999"
    assert source.train.images.flags.writeable  # torch warns of arrays that are not


def test_one_changed_byte_is_found(damaged: Path) -> None:
    findings = {finding.file: finding for finding in FASHION_MNIST.verify(damaged)}
    states = {name: finding.state for name, finding in findings.items()}
    assert states == dict.fromkeys(MD5, "good") | {"t10k-images-idx3-ubyte.gz": "damaged"}
    with pytest.raises(DataError, match=r"t10k-images.* is not as published") as caught:
        fashion_mnist.load(damaged)
    assert not isinstance(caught.value, MissingDataError)


def test_missing_files_are_found(tmp_path: Path) -> None:
    states = {finding.state for finding in FASHION_MNIST.verify(tmp_path)}
    assert states == {"missing"}


def test_the_users_folder_goes_over_the_cache(tmp_path: Path) -> None:
    places = nowhere(tmp_path, data=tmp_path / "data")
    assert FASHION_MNIST.find(places) is None
    for folder in (tmp_path / "cache", tmp_path / "data"):
        (folder / "fashion-mnist").mkdir(parents=True)
        for name in MD5:
            (folder / "fashion-mnist" / name).touch()
        assert FASHION_MNIST.find(places) == folder / "fashion-mnist"
    (tmp_path / "data" / "fashion-mnist" / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match="only some of the 4 files; t10k-labels-idx1"):
        FASHION_MNIST.find(places)
    (tmp_path / "cache" / "fashion-mnist" / "t10k-labels-idx1-ubyte.gz").unlink()
    assert FASHION_MNIST.find(nowhere(tmp_path)) is None


def test_files_are_fetched_whole_and_once(tmp_path: Path, good_host: str) -> None:
    told: list[tuple[str, int, int]] = []
    places = nowhere(tmp_path, hosts=(good_host,))
    folder = FASHION_MNIST.fetch(places, lambda *what: told.append(what))
    assert {finding.state for finding in FASHION_MNIST.verify(folder)} == {"good"}
    assert FASHION_MNIST.find(places) == folder
    assert sorted(path.name for path in folder.iterdir()) == sorted(MD5)
    for file in FASHION_MNIST.files:
        steps = [done for name, done, size in told if (name, size) == (file.name, file.size)]
        assert steps == sorted(steps) and steps[-1] == file.size
    told.clear()
    FASHION_MNIST.fetch(places, lambda *what: told.append(what))
    assert told == []


def test_the_mirror_is_asked_where_a_host_sends_another_file(
    tmp_path: Path, good_host: str, bad_host: str
) -> None:
    folder = FASHION_MNIST.fetch(nowhere(tmp_path, hosts=(NO_HOST, bad_host, good_host)))
    assert {finding.state for finding in FASHION_MNIST.verify(folder)} == {"good"}


def test_a_damaged_file_in_the_cache_is_fetched_again(
    tmp_path: Path, damaged: Path, good_host: str
) -> None:
    shutil.copytree(damaged, tmp_path / "cache" / "fashion-mnist")
    folder = FASHION_MNIST.fetch(nowhere(tmp_path, hosts=(good_host,)))
    assert {finding.state for finding in FASHION_MNIST.verify(folder)} == {"good"}


def test_nothing_is_kept_where_no_host_has_the_file(tmp_path: Path, bad_host: str) -> None:
    places = nowhere(tmp_path, tmp_path / "data", hosts=(NO_HOST, bad_host, bad_host + "none/"))
    with pytest.raises(MissingDataError) as caught:
        FASHION_MNIST.fetch(places)
    text = str(caught.value)
    for words in (
        f"{tmp_path / 'data' / 'fashion-mnist'} and {tmp_path / 'cache' / 'fashion-mnist'}",
        f"{NO_HOST} (no connection)",
        f"{bad_host} (sent a file that is not the published one)",
        "none/ (answered 404)",
        "--data or VESTRY_DATA",
    ):
        assert words in text
    assert "\n" not in text
    kept = [path.name for path in (tmp_path / "cache" / "fashion-mnist").iterdir()]
    assert "t10k-images-idx3-ubyte.gz" not in kept
    assert set(kept) <= set(MD5)


class Endless(Quiet):
    """Sends more than was asked for, until the other side hangs up."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.server.sent = 0  # type: ignore[attr-defined]
        try:
            while self.server.sent < 200_000_000:  # type: ignore[attr-defined]
                self.wfile.write(bytes(2**16))
                self.server.sent += 2**16  # type: ignore[attr-defined]
        except OSError:
            pass


def test_a_host_that_does_not_stop_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endless)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        host = f"http://127.0.0.1:{server.server_port}/"
        with pytest.raises(MissingDataError, match="not the published one"):
            FASHION_MNIST.fetch(nowhere(tmp_path, hosts=(host,)))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert server.sent < 100_000_000  # type: ignore[attr-defined]


def test_pooch_is_imported_only_to_download(published: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from vestry.data import source; "
        "from vestry.data.sources import fashion_mnist; "
        f"fashion_mnist.load(Path({str(published)!r})); "
        "print([m for m in ('pooch', 'requests', 'sklearn', 'torch') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_loading_twice_gives_the_same(published: Path) -> None:
    first, second = fashion_mnist.load(published), fashion_mnist.load(published)
    assert first.train.fingerprint == second.train.fingerprint
    np.testing.assert_array_equal(first.train.ids, second.train.ids)
