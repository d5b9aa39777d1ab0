"""Where images come from, by the text that a study file gives: `digits`, `folder:DIR`, ..."""

from vestry.data import digits, fashion_mnist, folder, idx, npz
from vestry.data.image_set import Source
from vestry.data.paths import DataPaths, Progress
from vestry.errors import StudyError, did_you_mean

__all__ = ["KINDS", "Source", "load_source", "source_kind"]

KINDS = {
    "fashion-mnist": "70,000 grey pictures of clothes, 28 x 28, ten classes (30 MB, downloaded)",
    "digits": "1,797 grey handwritten digits, 8 x 8, ten classes (comes with scikit-learn)",
    "idx:DIR": "a folder of IDX files under MNIST's names, plain or .gz",
    "npz:FILE": "a NumPy .npz file with images, labels and, if wanted, test images and classes",
    "folder:DIR": "PNG or JPEG files, one folder a class, below train/, val/ and test/ if wanted",
}


def source_kind(text: str) -> tuple[str, str]:
    """Take `text` apart into its kind and the path after the colon ("" where there is none).

    Raises StudyError with the nearest valid name.
    """
    kind, colon, path = text.partition(":")
    paths = {name.partition(":")[0]: name for name in KINDS if ":" in name}
    if kind in paths:
        if not path.strip():
            raise StudyError(f"source {text!r} names no path; write {paths[kind]}")
        return kind, path
    if text in KINDS:
        return text, ""
    if colon and kind in KINDS:
        raise StudyError(f"source {text!r}: {kind} takes no path; write {kind!r}")
    near = did_you_mean(kind.strip().lower(), KINDS)
    raise StudyError(f"unknown source {text!r}{near} The sources are {', '.join(KINDS)}")


def load_source(
    text: str,
    places: DataPaths,
    report: Progress | None = None,
    image_size: tuple[int, int] | None = None,
) -> Source:
    """All the rows of the source that `text` names; Fashion-MNIST is downloaded where it must be.

    report: told how much of a download, or of a folder's images, is there.
    image_size: (height, width) that the images of a `folder:` are resized to.

    Raises StudyError for an unknown source, MissingDataError where it is not to be had, DataError
    where it is damaged.
    """
    kind, path = source_kind(text)
    if kind == digits.NAME:
        return digits.load()
    if kind == fashion_mnist.NAME:
        return fashion_mnist.load(fashion_mnist.find(places) or fashion_mnist.fetch(places, report))
    if kind == "idx":
        return idx.load(places.path(path), text)
    if kind == "npz":
        return npz.load(places.path(path), text)
    return folder.load(places.path(path), text, image_size, report)
