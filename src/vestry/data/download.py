"""One file from the network: checked against its published sum, whole or not at all."""

from pathlib import Path

from vestry.data.paths import Progress

CONNECT_SECONDS = 4
READ_SECONDS = 10
CHUNK = 2**16
_LARGEST = 2**30


class Meter:
    """What pooch calls a progress bar: passes the bytes on, and stops a file that is too long.

    total: what the server says of the file's length; pooch sets it.
    """

    def __init__(self, name: str, size: int, on_progress: Progress | None) -> None:
        self.name = name
        self.size = size
        self.on_progress = on_progress
        self.total = size
        self.done = 0

    def update(self, count: int) -> None:
        self.done += count
        if self.done > self.size + CHUNK:
            raise ValueError("longer than published")
        if self.on_progress is not None and count:
            total = min(self.total, self.size)
            self.on_progress(self.name, min(self.done, total), total)

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        """Part of the protocol; there is nothing to close."""


def download(
    url: str, target: Path, digest: str, size: int | None, on_progress: Progress | None = None
) -> str | None:
    """Fetch `url` into `target`; give None, or in a few words why it could not be had.

    digest: "sha256:..." or "md5:...", as it was published.
    size: the published length in bytes; a server that sends more is cut off. None where no length
    was published: then at a gigabyte.
    A host that does not answer costs CONNECT_SECONDS an address, so that a machine without a
    network learns it in seconds.
    """
    import pooch  # noqa: PLC0415 - only where something is downloaded

    pooch.get_logger().setLevel("WARNING")
    downloader = pooch.HTTPDownloader(
        progressbar=Meter(target.name, size or _LARGEST, on_progress),
        chunk_size=CHUNK,
        timeout=(CONNECT_SECONDS, READ_SECONDS),
        headers={"Accept-Encoding": "identity"},  # the stored bytes, or the hash cannot agree
    )
    try:
        pooch.retrieve(url, digest, target.name, target.parent, downloader=downloader)
    except (OSError, ValueError) as error:
        return reason(error)
    return None


def reason(error: Exception) -> str:
    """A download's failure in a few words; requests' own texts are a paragraph."""
    from requests import exceptions  # noqa: PLC0415 - comes with pooch

    if isinstance(error, exceptions.HTTPError) and error.response is not None:
        return f"answered {error.response.status_code}"
    if isinstance(error, exceptions.Timeout):
        return "no answer in time"
    if isinstance(error, exceptions.ConnectionError):
        return "no connection"
    if isinstance(error, ValueError) and not isinstance(error, OSError):
        return "sent a file that is not the published one"
    return str(error)
