"""Studies that come with Vestry: in an installed package beside its code, in a checkout on top."""

from dataclasses import dataclass
from pathlib import Path

from vestry.errors import StudyError, did_you_mean
from vestry.study.file import read_toml

_INSTALLED = Path(__file__).parents[1] / "studies"
_CHECKED_OUT = Path(__file__).parents[3] / "studies"


@dataclass(frozen=True)
class ShippedStudy:
    """name: what `vestry run` takes in place of a file. source: the images that it is on."""

    name: str
    title: str
    source: str
    path: Path


def shipped_studies() -> list[ShippedStudy]:
    """All of them, by name."""
    return [_described(path) for path in sorted(_folder().glob("*.toml"))]


def study_path(given: Path) -> Path:
    """The file `given`, or the study that is shipped under that name where there is no such file.

    Raises StudyError where it can only have been a name, and there is none of it.
    """
    if given.exists() or given.suffix or len(given.parts) > 1:
        return given
    names = [path.stem for path in sorted(_folder().glob("*.toml"))]
    if given.name in names:
        return _folder() / f"{given.name}.toml"
    raise StudyError(
        f"{given}: no such file, and no study of that name comes with vestry"
        f"{did_you_mean(given.name, names)} `vestry studies` lists them"
    )


def _folder() -> Path:
    return _INSTALLED if _INSTALLED.is_dir() else _CHECKED_OUT


def _described(path: Path) -> ShippedStudy:
    tables = read_toml(path)
    return ShippedStudy(path.stem, tables["title"], tables["data"]["source"], path)
