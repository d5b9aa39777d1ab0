"""Data sets that their makers publish: found, downloaded and held against the published sums."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vestry.data.download import download
from vestry.data.paths import DataPaths, MissingDataError, Progress
from vestry.errors import DataError


@dataclass(frozen=True)
class PublishedFile:
    """digest: the sum that was published, "sha256:..." or, where there is no other, "md5:...".

    size: in bytes; None where it was not published.
    """

    name: str
    size: int | None
    digest: str


@dataclass(frozen=True)
class FileCheck:
    """What was found of one published file; `detail` is a whole sentence."""

    file: str
    state: Literal["good", "missing", "damaged"]
    detail: str


@dataclass(frozen=True)
class PublishedSet:
    """name: what `vestry data fetch` calls it. title: for people.

    hosts: URLs that a file's name is added to, the first to be asked first.
    folder: the name of the folder that the files lie in; the set's own where it is empty.
    """

    name: str
    title: str
    hosts: tuple[str, ...]
    files: tuple[PublishedFile, ...]
    folder: str = ""

    @property
    def folder_name(self) -> str:
        return self.folder or self.name

    def find(self, places: DataPaths) -> Path | None:
        """The first folder that holds the files; None where they must be fetched.

        A user's folder that holds only some of them is an error, since it was meant to be used.
        """
        if places.data is not None:
            folder = places.data / self.folder_name
            lacking = self._absent(folder)
            if not lacking:
                return folder
            if len(lacking) < len(self.files):
                raise DataError(
                    f"{folder} holds only some of the {len(self.files)} files; "
                    f"{', '.join(lacking)} not there. Add what is missing, or take the folder away "
                    f"and run `{self._fetching}`"
                )
        cached = places.cache / self.folder_name
        return None if self._absent(cached) else cached

    def fetch(self, places: DataPaths, on_progress: Progress | None = None) -> Path:
        """Download what the cache lacks or holds damaged; give the cache's folder.

        Hosts are tried in order, and the one that answered is asked first for the next file.
        Raises MissingDataError where no host gives a file with the published sum.
        """
        folder = places.cache / self.folder_name
        hosts = list(self.hosts if places.hosts is None else places.hosts)
        for file in self.files:
            if _check(folder, file).state != "good":
                self._fetch_file(file, hosts, on_progress, places)
        return folder

    def verify(self, folder: Path) -> list[FileCheck]:
        """Compare each file with what was published."""
        return [_check(folder, file) for file in self.files]

    def ready(self, places: DataPaths, on_progress: Progress | None = None) -> Path:
        """The folder with all files as published, from the user's or the cache, or downloaded."""
        folder = self.find(places) or self.fetch(places, on_progress)
        self.check(folder)
        return folder

    def check(self, folder: Path) -> None:
        """Raise DataError where a file is not as published."""
        wrong = [found.detail for found in self.verify(folder) if found.state != "good"]
        if wrong:
            raise DataError(
                f"{'; '.join(wrong)}. Delete what is damaged and run `{self._fetching}`, "
                "or put the published files there"
            )

    def where(self, places: DataPaths) -> str:
        """For `vestry data list`."""
        found = self.find(places)
        return str(found) if found else f"not here yet: {self._fetching}"

    @property
    def _fetching(self) -> str:
        return f"vestry data fetch {self.name}"

    def _absent(self, folder: Path) -> list[str]:
        return [file.name for file in self.files if not (folder / file.name).is_file()]

    def _fetch_file(
        self,
        file: PublishedFile,
        hosts: list[str],
        on_progress: Progress | None,
        places: DataPaths,
    ) -> None:
        folder = places.cache / self.folder_name
        _refuse_link(folder, file)
        failures = []
        for host in list(hosts):
            target = folder / file.name
            failure = download(host + file.name, target, file.digest, file.size, on_progress)
            if failure is None:
                hosts.remove(host)
                hosts.insert(0, host)
                return
            failures.append(f"{host} ({failure})")
        raise MissingDataError(self._not_to_be_had(places, failures))

    def _not_to_be_had(self, places: DataPaths, failures: list[str]) -> str:
        looked = [str(places.cache / self.folder_name)]
        if places.data is not None:
            looked.insert(0, str(places.data / self.folder_name))
        tried = ", then ".join(failures) or "nothing, downloads are switched off"
        return (
            f"{self.title} is not on this machine and could not be downloaded. "
            f"Looked in {' and '.join(looked)}; tried {tried}. To go on, connect to the network, "
            f"or put {', '.join(file.name for file in self.files)} into a folder named "
            f"{self.folder_name} and give the folder above it with --data or VESTRY_DATA"
        )


def _refuse_link(folder: Path, file: PublishedFile) -> None:
    """What a link in the cache leads to is somebody's own, and is not mended."""
    for path in (folder, folder / file.name):
        if path.is_symlink():
            raise DataError(
                f"{path} is a link, and {file.name} behind it is missing or damaged: put it right "
                "there, or take the link away, and fetch again"
            )


def _check(folder: Path, file: PublishedFile) -> FileCheck:
    path = folder / file.name
    if not path.is_file():
        return FileCheck(file.name, "missing", f"{path} is not there")
    algorithm, _, expected = file.digest.partition(":")
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, algorithm).hexdigest()
    except OSError as error:
        return FileCheck(file.name, "damaged", f"{path} cannot be read ({error.strerror})")
    if found == expected:
        return FileCheck(file.name, "good", f"{path} is as published")
    published = "" if file.size is None else f"{file.size:,} bytes with "
    name = {"sha256": "SHA-256", "md5": "MD5"}[algorithm]
    return FileCheck(
        file.name,
        "damaged",
        f"{path} is not as published: {size:,} bytes with {name} {found[:12]}..., expected "
        f"{published}{expected[:12]}...",
    )
