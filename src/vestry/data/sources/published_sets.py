"""`mnist`, `kmnist`, `emnist-letters`, `cifar10`: well-known sets under their names, downloaded.

Sums are those that TensorFlow Datasets keeps of the makers' files.
"""

import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from vestry.data.cifar_file import read_cifar
from vestry.data.image_set import Source
from vestry.data.published import PublishedFile, PublishedSet
from vestry.data.source_kind import SOURCES, SourceKind, SourceRequest
from vestry.data.sources import idx
from vestry.errors import DataError

_KMNIST_CLASSES = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
_LETTERS = re.compile(r"(?:.*/)?(emnist-letters-[a-z0-9-]+(?:\.gz|\.txt))")

_MNIST = PublishedSet(
    "mnist",
    "MNIST",
    ("https://storage.googleapis.com/cvdf-datasets/mnist/",),
    (
        PublishedFile(
            "train-images-idx3-ubyte.gz",
            9_912_422,
            "sha256:440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        ),
        PublishedFile(
            "train-labels-idx1-ubyte.gz",
            28_881,
            "sha256:3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        ),
        PublishedFile(
            "t10k-images-idx3-ubyte.gz",
            1_648_877,
            "sha256:8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        ),
        PublishedFile(
            "t10k-labels-idx1-ubyte.gz",
            4_542,
            "sha256:f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    ),
)
_KMNIST = PublishedSet(
    "kmnist",
    "Kuzushiji-MNIST",
    ("https://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
    (
        PublishedFile(
            "train-images-idx3-ubyte.gz",
            18_165_135,
            "sha256:51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
        ),
        PublishedFile(
            "train-labels-idx1-ubyte.gz",
            29_497,
            "sha256:e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
        ),
        PublishedFile(
            "t10k-images-idx3-ubyte.gz",
            3_041_136,
            "sha256:edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
        ),
        PublishedFile(
            "t10k-labels-idx1-ubyte.gz",
            5_120,
            "sha256:20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
        ),
    ),
)
_EMNIST_LETTERS = PublishedSet(
    "emnist-letters",
    "EMNIST",
    (
        "https://biometrics.nist.gov/cs_links/EMNIST/",
        "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/",
    ),
    (
        PublishedFile(
            "gzip.zip",
            561_753_746,
            "sha256:fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e",
        ),
    ),
)
_CIFAR10 = PublishedSet(
    "cifar10",
    "CIFAR-10",
    ("https://www.cs.toronto.edu/~kriz/",),
    (
        PublishedFile(
            "cifar-10-binary.tar.gz",
            170_052_171,
            "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        ),
    ),
)


def load_mnist(published: PublishedSet, request: SourceRequest) -> Source:
    """Digits 0 to 9. Y. LeCun, C. Cortes, C. J. C. Burges: The MNIST Database, 1998."""
    source = idx.load(published.ready(request.places, request.on_progress), published.name)
    return replace(source, licence="CC BY-SA 3.0, Y. LeCun, C. Cortes and C. J. C. Burges")


def load_kmnist(published: PublishedSet, request: SourceRequest) -> Source:
    """Ten hiragana. T. Clanuwat et al.: Deep Learning for Classical Japanese Literature,
    arXiv:1812.01718."""
    source = idx.load(published.ready(request.places, request.on_progress), published.name)
    test = source.test and replace(source.test, classes=_KMNIST_CLASSES)
    return replace(
        source,
        train=replace(source.train, classes=_KMNIST_CLASSES),
        test=test,
        licence="CC BY-SA 4.0, KMNIST Dataset (CODH), https://doi.org/10.20676/00000341",
    )


def load_emnist_letters(published: PublishedSet, request: SourceRequest) -> Source:
    """26 letters in upper and lower case. G. Cohen et al.: EMNIST, arXiv:1702.05373."""
    archive = published.ready(request.places, request.on_progress) / published.files[0].name
    with tempfile.TemporaryDirectory(prefix="vestry-emnist-") as made:
        _unpack_letters(archive, Path(made))
        source = idx.load(Path(made), published.name)
    return replace(source, licence="NIST Special Database 19, https://www.nist.gov/srd")


def _unpack_letters(archive: Path, folder: Path) -> None:
    """Of the six sets in the archive, the letters alone."""
    with zipfile.ZipFile(archive) as packed:
        for member in packed.infolist():
            if found := _LETTERS.fullmatch(member.filename):
                with packed.open(member) as stream, (folder / found[1]).open("wb") as target:
                    shutil.copyfileobj(stream, target)
    if not any(folder.iterdir()):
        raise DataError(f"{archive} holds no files of EMNIST's letters")


def load_cifar10(published: PublishedSet, request: SourceRequest) -> Source:
    """A. Krizhevsky: Learning Multiple Layers of Features from Tiny Images, 2009."""
    folder = published.ready(request.places, request.on_progress)
    train, test = read_cifar(folder / published.files[0].name)
    return Source(published.name, train, test, None, ())


def _register(
    published: PublishedSet, words: str, load: Callable[[PublishedSet, SourceRequest], Source]
) -> None:
    SOURCES.register(
        SourceKind(
            published.name,
            words,
            lambda request: load(published, request),
            where=published.where,
            published=lambda _: published,
        )
    )


_register(
    _MNIST, "70,000 grey handwritten digits, 28 x 28, ten classes (12 MB, downloaded)", load_mnist
)
_register(_KMNIST, "70,000 grey hiragana, 28 x 28, ten classes (21 MB, downloaded)", load_kmnist)
_register(
    _EMNIST_LETTERS,
    "145,600 grey handwritten letters, 28 x 28, 26 classes (562 MB, downloaded)",
    load_emnist_letters,
)
_register(
    _CIFAR10, "60,000 colour pictures, 32 x 32, ten classes (170 MB, downloaded)", load_cifar10
)
