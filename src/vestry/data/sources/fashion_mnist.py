"""Fashion-MNIST: 60,000 + 10,000 grey pictures of clothes, 28 x 28, ten classes.

H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST, a Novel Image Dataset for Benchmarking Machine
Learning Algorithms, arXiv:1708.07747.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from vestry.data.download import download
from vestry.data.idx_file import read_idx
from vestry.data.image_set import ImageSet, Source, array_ids
from vestry.data.paths import DataPaths, MissingDataError, Progress
from vestry.data.source_kind import SOURCES, SourceKind, SourceRequest
from vestry.errors import DataError

NAME = "fashion-mnist"
_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_LICENCE = "MIT, copyright 2017 Zalando SE, https://github.com/zalandoresearch/fashion-mnist"
_HOSTS = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
)


@dataclass(frozen=True)
class _PublishedFile:
    name: str
    size: int
    sha256: str


FILES = (
    _PublishedFile(
        "train-images-idx3-ubyte.gz",
        26_421_880,
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    ),
    _PublishedFile(
        "train-labels-idx1-ubyte.gz",
        29_515,
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    ),
    _PublishedFile(
        "t10k-images-idx3-ubyte.gz",
        4_422_102,
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    ),
    _PublishedFile(
        "t10k-labels-idx1-ubyte.gz",
        5_148,
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    ),
)


@dataclass(frozen=True)
class Finding:
    """What was found of one published file; `detail` is a whole sentence."""

    file: str
    state: Literal["good", "missing", "damaged"]
    detail: str


def find(places: DataPaths) -> Path | None:
    """The first folder that holds the four files; None where they must be fetched.

    A user's folder that holds only some of them is an error, since it was meant to be used.
    """
    if places.data is not None:
        folder = places.data / NAME
        lacking = _absent(folder)
        if not lacking:
            return folder
        if len(lacking) < len(FILES):
            raise DataError(
                f"{folder} holds only some of the four files; {', '.join(lacking)} not there. "
                "Add what is missing, or take the folder away and run `vestry data fetch`"
            )
    cached = places.cache / NAME
    return None if _absent(cached) else cached


def _absent(folder: Path) -> list[str]:
    return [file.name for file in FILES if not (folder / file.name).is_file()]


def fetch(places: DataPaths, on_progress: Progress | None = None) -> Path:
    """Download what the cache lacks or holds damaged; give the cache's folder.

    Hosts are tried in order, and the one that answered is asked first for the next file.
    Raises MissingDataError where no host gives a file with the published SHA-256.
    """
    folder = places.cache / NAME
    hosts = list(_HOSTS if places.hosts is None else places.hosts)
    for file in FILES:
        if _examine(folder, file).state != "good":
            _fetch_file(file, folder, hosts, on_progress, places)
    return folder


def _fetch_file(
    file: _PublishedFile,
    folder: Path,
    hosts: list[str],
    on_progress: Progress | None,
    places: DataPaths,
) -> None:
    _refuse_link(folder, file)
    failures = []
    for host in list(hosts):
        failure = download(
            host + file.name, folder / file.name, file.sha256, file.size, on_progress
        )
        if failure is None:
            hosts.remove(host)
            hosts.insert(0, host)
            return
        failures.append(f"{host} ({failure})")
    raise MissingDataError(_not_to_be_had(places, failures))


def _refuse_link(folder: Path, file: _PublishedFile) -> None:
    """What a link in the cache leads to is somebody's own, and is not mended."""
    for path in (folder, folder / file.name):
        if path.is_symlink():
            raise DataError(
                f"{path} is a link, and {file.name} behind it is missing or damaged: put it right "
                "there, or take the link away, and fetch again"
            )


def _not_to_be_had(places: DataPaths, failures: list[str]) -> str:
    looked = [str(places.cache / NAME)]
    if places.data is not None:
        looked.insert(0, str(places.data / NAME))
    tried = ", then ".join(failures) or "nothing, downloads are switched off"
    return (
        f"Fashion-MNIST is not on this machine and could not be downloaded. "
        f"Looked in {' and '.join(looked)}; tried {tried}. To go on, connect to the network, or "
        f"put {', '.join(file.name for file in FILES)} into a folder named {NAME} and give the "
        "folder above it with --data or VESTRY_DATA"
    )


def verify(folder: Path) -> list[Finding]:
    """Compare each of the four files with what was published."""
    return [_examine(folder, file) for file in FILES]


def _examine(folder: Path, file: _PublishedFile) -> Finding:
    path = folder / file.name
    if not path.is_file():
        return Finding(file.name, "missing", f"{path} is not there")
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        return Finding(file.name, "damaged", f"{path} cannot be read ({error.strerror})")
    if found == file.sha256:
        return Finding(file.name, "good", f"{path} is as published")
    return Finding(
        file.name,
        "damaged",
        f"{path} is not as published: {size:,} bytes with SHA-256 {found[:12]}..., expected "
        f"{file.size:,} bytes with {file.sha256[:12]}...",
    )


def load(folder: Path) -> Source:
    """The four files of `folder` as they were published; damaged ones are an error."""
    wrong = [finding.detail for finding in verify(folder) if finding.state != "good"]
    if wrong:
        raise DataError(
            f"{'; '.join(wrong)}. Delete what is damaged and run `vestry data fetch`, "
            "or put the published files there"
        )
    train, test = _load_part(folder, "train"), _load_part(folder, "t10k")
    return Source(NAME, train, test, _LICENCE, (), preparation="photograph")


def _load_part(folder: Path, part: Literal["train", "t10k"]) -> ImageSet:
    images = read_idx(folder / f"{part}-images-idx3-ubyte.gz", {3})
    labels = read_idx(folder / f"{part}-labels-idx1-ubyte.gz", {1}).astype(np.int64)
    ids = array_ids("train" if part == "train" else "test", len(labels))
    return ImageSet(images, labels, _CLASSES, ids)


def _load(request: SourceRequest) -> Source:
    """From the user's folder or the cache; downloaded where it is in neither."""
    return load(find(request.places) or fetch(request.places, request.on_progress))


def _where(places: DataPaths) -> str:
    found = find(places)
    return str(found) if found else "not here yet: vestry data fetch"


SOURCES.register(
    SourceKind(
        NAME,
        "70,000 grey pictures of clothes, 28 x 28, ten classes (30 MB, downloaded)",
        _load,
        where=_where,
    )
)
