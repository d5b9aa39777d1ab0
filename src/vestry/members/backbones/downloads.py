"""The published weights: found on this machine or fetched, checked, and kept as safetensors.

The published files are pickles of the whole network; what is kept of a download is the backbone.
"""

import hashlib
import tempfile
from pathlib import Path

from vestry.data.download import CHUNK, CONNECT_SECONDS, READ_SECONDS, Meter, reason
from vestry.data.paths import MissingDataError, Progress
from vestry.errors import MemberError
from vestry.members.backbones.kept_weights import is_kept, note_sum
from vestry.members.backbones.published import PublishedBackbone
from vestry.members.model_paths import ModelPaths, shown

LARGEST = 2**30
"""Bytes of a published file; VGG16's has half as many."""


def _kept_name(backbone: PublishedBackbone) -> str:
    return Path(backbone.file).with_suffix(".safetensors").name


def find(backbone: PublishedBackbone, places: ModelPaths) -> Path | None:
    """What was kept of an earlier download, or the published file itself, checked by its hash.

    What was kept and is no longer that is removed: it is looked for, or fetched, again.
    """
    kept = places.cache / _kept_name(backbone)
    if is_kept(kept):
        return kept
    for folder in places.published:
        path = folder / backbone.file
        if path.is_file():
            _check(backbone, path)
            return path
    return None


def _check(backbone: PublishedBackbone, path: Path) -> None:
    """Raise MemberError where the file is not the published one."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != backbone.sha256:
        raise MemberError(
            f"{path} is not the published file: its SHA-256 is {digest}, not {backbone.sha256}. "
            f"Fetch it again from {backbone.url}, or take it away"
        )


def fetch(
    backbone: PublishedBackbone, places: ModelPaths, download: bool, on_progress: Progress | None
) -> Path:
    """Download the published file and keep its backbone in the cache.

    Raises MissingDataError, which names the file, its address and where to put it.
    """
    if not download:
        raise MissingDataError(_not_to_be_had(backbone, places))
    places.cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=places.cache, prefix=".part-") as folder:
        path = Path(folder) / backbone.file
        failure = _downloaded(backbone, path, on_progress)
        if failure is not None:
            raise MissingDataError(_not_to_be_had(backbone, places, failure))
        kept = places.cache / _kept_name(backbone)
        _keep(backbone, path, kept)
    return kept


def _downloaded(
    backbone: PublishedBackbone, target: Path, on_progress: Progress | None
) -> str | None:
    """None, or in a few words why the file could not be had."""
    import pooch  # noqa: PLC0415 - only where something is downloaded

    downloader = pooch.HTTPDownloader(
        progressbar=_Bounded(backbone.file, on_progress),
        chunk_size=CHUNK,
        timeout=(CONNECT_SECONDS, READ_SECONDS),
        headers={"Accept-Encoding": "identity"},
    )
    try:
        downloader(backbone.url, str(target), None)
        _check(backbone, target)
    except MemberError:
        return "sent a file that is not the published one"
    except (OSError, ValueError) as error:
        return reason(error)
    return None


class _Bounded(Meter):
    """Passes the bytes on and cuts a file off that grows too long; pooch sets `total`."""

    def __init__(self, name: str, on_progress: Progress | None) -> None:
        super().__init__(name, LARGEST, on_progress)

    def update(self, count: int) -> None:
        self.size = min(self.total or LARGEST, LARGEST)
        super().update(count)


def _keep(backbone: PublishedBackbone, path: Path, kept: Path) -> None:
    from vestry.members.backbones.weights import convert  # noqa: PLC0415 - brings torch

    convert(backbone, path, kept)
    note_sum(kept)


def _not_to_be_had(backbone: PublishedBackbone, places: ModelPaths, why: str = "") -> str:
    looked = " and ".join(shown(folder) for folder in places.published)
    return (
        f"the published weights of {backbone.title} are not on this machine (looked for "
        f"{backbone.file} in {looked}) and could not be downloaded"
        f"{f' ({why})' if why else ''}. To go on, fetch {backbone.url} where there "
        f"is a network and put it, under that name, into "
        f"{shown(places.cache)}; "
        f'or give weights = "file:PATH"'
    )
