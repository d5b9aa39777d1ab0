"""Sets under their names: small files of the same forms, fetched from a server on this machine."""

import gzip
import hashlib
import io
import json
import re
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_files import nowhere
from test_fashion_mnist import serve
from typer.testing import CliRunner

from vestry.cli.app import app
from vestry.data.published import PublishedFile, PublishedSet
from vestry.data.source import source_kind
from vestry.data.source_kind import SOURCES, SourceRequest, kinds_in_order
from vestry.data.sources import medmnist, published_sets
from vestry.errors import DataError, StudyError
from vestry.members.backbones import published as published_backbone

RANDOM = np.random.default_rng(5)
GREY = RANDOM.integers(0, 256, (20, 28, 28), np.uint8)
DIGITS = np.arange(20, dtype=np.uint8) % 10


def idx(array: np.ndarray) -> bytes:
    head = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(head + array.tobytes())


def mnist_files() -> dict[str, bytes]:
    return {
        "train-images-idx3-ubyte.gz": idx(GREY),
        "train-labels-idx1-ubyte.gz": idx(DIGITS),
        "t10k-images-idx3-ubyte.gz": idx(GREY[:10]),
        "t10k-labels-idx1-ubyte.gz": idx(DIGITS[:10]),
    }


def emnist_files() -> dict[str, bytes]:
    letters = (np.arange(52) % 26 + 1).astype(np.uint8)
    images = RANDOM.integers(0, 256, (52, 28, 28), np.uint8)
    mapping = "\n".join(f"{n + 1} {ord('A') + n} {ord('a') + n}" for n in range(26))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        for part in ("train", "test"):
            start = f"gzip/emnist-letters-{part}"
            packed.writestr(f"{start}-images-idx3-ubyte.gz", idx(images))
            packed.writestr(f"{start}-labels-idx1-ubyte.gz", idx(letters))
            packed.writestr(f"gzip/emnist-digits-{part}-labels-idx1-ubyte.gz", idx(letters))
        packed.writestr("gzip/emnist-letters-mapping.txt", mapping)
    return {"gzip.zip": archive.getvalue()}


def cifar_rows(count: int) -> tuple[np.ndarray, bytes]:
    images = RANDOM.integers(0, 256, (count, 32, 32, 3), np.uint8)
    rows = [bytes([n % 10]) + image.transpose(2, 0, 1).tobytes() for n, image in enumerate(images)]
    return images, b"".join(rows)


def cifar_files() -> dict[str, bytes]:
    archive = io.BytesIO()
    classes = "airplane automobile bird cat deer dog frog horse ship truck"
    contents = {f"data_batch_{n}.bin": cifar_rows(10)[1] for n in range(1, 6)}
    contents["test_batch.bin"] = cifar_rows(10)[1]
    contents["batches.meta.txt"] = classes.replace(" ", "\n").encode()
    with tarfile.open(fileobj=archive, mode="w:gz") as packed:
        for name, content in contents.items():
            entry = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            entry.size = len(content)
            packed.addfile(entry, io.BytesIO(content))
    return {"cifar-10-binary.tar.gz": archive.getvalue()}


def medmnist_files() -> dict[str, bytes]:
    archive = io.BytesIO()
    labels = (DIGITS % 2)[:, None]
    parts = {f"{part}_images": GREY for part in ("train", "val", "test")}
    np.savez(archive, **parts, **{key.replace("images", "labels"): labels for key in parts})
    return {"pneumoniamnist.npz": archive.getvalue()}


def small(published: PublishedSet, contents: dict[str, bytes]) -> PublishedSet:
    """The set as it is published, but for the length and the sum of its files."""
    digests = {file.name: file.digest.partition(":")[0] for file in published.files if file.name}
    files = tuple(
        PublishedFile(
            name,
            len(content) if digests[name] == "sha256" else None,
            f"{digests[name]}:{hashlib.new(digests[name], content).hexdigest()}",
        )
        for name, content in contents.items()
    )
    assert {file.name for file in files} == {file.name for file in published.files}
    return replace(published, files=files)


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = tmp_path / "host"
    folder.mkdir()
    server = serve(folder)
    address = next(server)

    def holding(contents: dict[str, bytes]) -> str:
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        return address

    yield holding
    next(server, None)


CASES = {
    "mnist": (mnist_files, published_sets.load_mnist, 20, 10, ("0", "9")),
    "kmnist": (mnist_files, published_sets.load_kmnist, 20, 10, ("o", "wo")),
    "emnist-letters": (emnist_files, published_sets.load_emnist_letters, 52, 52, ("A/a", "Z/z")),
    "cifar10": (cifar_files, published_sets.load_cifar10, 50, 10, ("airplane", "truck")),
}


@pytest.mark.parametrize("name", CASES)
def test_a_set_is_fetched_once_and_read_whole(
    name: str, tmp_path: Path, host: Callable[..., str]
) -> None:
    make, load, training, test, (first, last) = CASES[name]
    contents = make()
    assert SOURCES[name].published is not None
    published = small(SOURCES[name].published(""), contents)
    places = nowhere(tmp_path, hosts=(host(contents),))
    told: list[str] = []
    request = SourceRequest(name, tmp_path, places, on_progress=lambda *what: told.append(what[0]))
    source = load(published, request)
    assert set(told) == set(contents)
    assert (len(source.train), source.test and len(source.test)) == (training, test)
    assert (source.train.classes[0], source.train.classes[-1]) == (first, last)
    offline = replace(request, places=replace(places, hosts=()))
    again = load(published, offline)
    assert np.array_equal(again.train.images, source.train.images)


def test_pixels_of_a_colour_picture_are_where_they_belong(tmp_path: Path) -> None:
    images, content = cifar_rows(10)
    archive = tmp_path / "cifar-10-binary.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        names = ("data_batch_1.bin", "test_batch.bin")
        classes = ("batches.meta.txt", b"a b c d e f g h i j")
        for name, held in (*((name, content) for name in names), classes):
            entry = tarfile.TarInfo(name)
            entry.size = len(held)
            packed.addfile(entry, io.BytesIO(held))
    train, test = published_sets.read_cifar(archive)
    assert np.array_equal(train.images, images) and np.array_equal(test.images, images)
    assert train.labels.tolist() == list(range(10))


def test_a_medical_set_has_its_own_parts_and_its_classes_names(
    tmp_path: Path, host: Callable[..., str]
) -> None:
    contents = medmnist_files()
    published = small(medmnist.published_set("pneumoniamnist"), contents)
    places = nowhere(tmp_path, hosts=(host(contents),))
    request = SourceRequest("medmnist:pneumoniamnist", tmp_path, places)
    source = medmnist.load(published, "pneumoniamnist", request)
    assert source.validation is not None and source.test is not None
    assert source.train.classes == source.test.classes == ("normal", "pneumonia")
    assert (places.cache / "medmnist" / "pneumoniamnist.npz").is_file()


@pytest.mark.parametrize("name", [*CASES, "medmnist:bloodmnist"])
def test_another_file_under_the_name_is_refused(
    name: str, tmp_path: Path, host: Callable[..., str]
) -> None:
    kind, _ = source_kind(name)
    assert kind.published is not None
    published = kind.published(name.partition(":")[2])
    wrong = {file.name: b"something else" for file in published.files}
    places = nowhere(tmp_path, hosts=(host(wrong),))
    with pytest.raises(DataError, match="sent a file that is not the published one"):
        kind.load(SourceRequest(name, tmp_path, places))
    assert not list((places.cache / published.folder_name).glob("*"))


def test_an_archive_of_something_else_is_no_cifar(tmp_path: Path) -> None:
    for content, said in ((b"no tar", "not a readable tar"), (None, "lacks test_batch.bin")):
        archive = tmp_path / "cifar-10-binary.tar.gz"
        if content is None:
            with tarfile.open(archive, "w:gz"):
                pass
        else:
            archive.write_bytes(content)
        with pytest.raises(DataError, match=said):
            published_sets.read_cifar(archive)


def test_names_are_checked_where_a_study_is_read() -> None:
    with pytest.raises(StudyError, match="bloodmnist"):
        source_kind("medmnist:bloodmnits")
    with pytest.raises(StudyError, match="medmnist:NAME"):
        source_kind("medmnist:")
    assert source_kind("medmnist:bloodmnist")[1] == ""


def test_commands_list_and_refuse_by_name(tmp_path: Path) -> None:
    listed = CliRunner().invoke(app, ["data", "list", "--json"])
    names = {row["source"] for row in json.loads(listed.stdout)}
    assert {*CASES, "medmnist:NAME", "fashion-mnist"} <= names
    refused = CliRunner().invoke(app, ["data", "fetch", "digits"])
    assert isinstance(refused.exception, StudyError) and "mnist" in str(refused.exception)
    absent = CliRunner(env={"XDG_CACHE_HOME": str(tmp_path)}).invoke(
        app, ["data", "verify", "mnist", "--data", str(tmp_path)]
    )
    assert "vestry data fetch mnist" in str(absent.exception)


def test_whatever_is_downloaded_comes_encrypted_and_its_sum_is_known():
    """MedMNIST's makers publish MD5 alone; what else there is has its whole SHA-256."""
    found = [kind.published("bloodmnist") for kind in kinds_in_order() if kind.published]
    assert len(found) > 5
    for each in found:
        assert all(host.startswith("https://") for host in each.hosts)
        kinds = {file.digest.partition(":")[0] for file in each.files}
        assert kinds == ({"md5"} if each.name.startswith("medmnist:") else {"sha256"}), each.name
    assert published_backbone.HOST.startswith("https://")
    for backbone in published_backbone.PUBLISHED.values():
        assert re.fullmatch(r"[0-9a-f]{64}", backbone.sha256)
        assert backbone.file.endswith(f"-{backbone.sha256[:8]}.pth")
