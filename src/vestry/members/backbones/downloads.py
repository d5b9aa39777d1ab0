"""The published weights: found on this machine or fetched, checked, and kept as safetensors.

The published files are pickles of the whole network; what is kept of a download is the trunk.
"""

import hashlib
import tempfile
from pathlib import Path

from vestry.data.download import CHUNK, CONNECT_SECONDS, READ_SECONDS, Meter, reason
from vestry.data.paths import MissingDataError, Progress
from vestry.errors import MemberError
from vestry.members.backbones.paths import BackbonePaths, shown
from vestry.members.backbones.published import PublishedBackbone

LARGEST = 2**30
"""Bytes of a published file; VGG16's has half as many."""


def _kept_name(trunk: PublishedBackbone) -> str:
    return Path(trunk.file).with_suffix(".safetensors").name


def find(trunk: PublishedBackbone, places: BackbonePaths) -> Path | None:
    """What was kept of an earlier download, or the published file itself, checked by its hash."""
    kept = places.cache / _kept_name(trunk)
    if kept.is_file():
        return kept
    for folder in places.published:
        path = folder / trunk.file
        if path.is_file():
            _check(trunk, path)
            return path
    return None


def _check(trunk: PublishedBackbone, path: Path) -> None:
    """Raise MemberError where the file is not the published one."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if not digest.startswith(trunk.hash_prefix):
        raise MemberError(
            f"{path} is not the published file: its SHA-256 begins with {digest[:8]}, not "
            f"{trunk.hash_prefix}. Fetch it again from {trunk.url}, or take it away"
        )


def fetch(
    trunk: PublishedBackbone, places: BackbonePaths, download: bool, report: Progress | None
) -> Path:
    """Download the published file and keep its trunk in the cache.

    Raises MissingDataError, which names the file, its address and where to put it.
    """
    if not download:
        raise MissingDataError(_not_to_be_had(trunk, places))
    places.cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=places.cache, prefix=".part-") as folder:
        path = Path(folder) / trunk.file
        failure = _downloaded(trunk, path, report)
        if failure is not None:
            raise MissingDataError(_not_to_be_had(trunk, places, failure))
        kept = places.cache / _kept_name(trunk)
        _keep(trunk, path, kept)
    return kept


def _downloaded(trunk: PublishedBackbone, target: Path, report: Progress | None) -> str | None:
    """None, or in a few words why the file could not be had."""
    import pooch  # noqa: PLC0415 - only where something is downloaded

    downloader = pooch.HTTPDownloader(
        progressbar=_Bounded(trunk.file, report),
        chunk_size=CHUNK,
        timeout=(CONNECT_SECONDS, READ_SECONDS),
        headers={"Accept-Encoding": "identity"},
    )
    try:
        downloader(trunk.url, str(target), None)
        _check(trunk, target)
    except MemberError:
        return "sent a file that is not the published one"
    except (OSError, ValueError) as error:
        return reason(error)
    return None


class _Bounded(Meter):
    """Passes the bytes on and cuts a file off that grows too long; pooch sets `total`."""

    def __init__(self, name: str, report: Progress | None) -> None:
        super().__init__(name, LARGEST, report)

    def update(self, count: int) -> None:
        self.size = min(self.total or LARGEST, LARGEST)
        super().update(count)


def _keep(trunk: PublishedBackbone, path: Path, kept: Path) -> None:
    from vestry.members.backbones.weights import convert  # noqa: PLC0415 - brings torch

    convert(trunk, path, kept)


def _not_to_be_had(trunk: PublishedBackbone, places: BackbonePaths, why: str = "") -> str:
    looked = " and ".join(shown(folder) for folder in places.published)
    return (
        f"the published weights of {trunk.title} are not on this machine (looked for {trunk.file} "
        f"in {looked}) and could not be downloaded{f' ({why})' if why else ''}. To go on, fetch "
        f"{trunk.url} where there is a network and put it, under that name, into "
        f"{shown(places.cache)}; "
        f'or give weights = "file:PATH"'
    )
