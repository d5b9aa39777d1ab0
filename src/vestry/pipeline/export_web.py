"""An exported model as a folder that predicts in its visitor's browser, and what it may replace."""

from dataclasses import dataclass
from pathlib import Path

from vestry.errors import ModelError, StudyError
from vestry.export.bundle import read_bundle
from vestry.pipeline.export import ExportOptions
from vestry.pipeline.output_file import check_outside_runs
from vestry.serve.web_folder import MOST_BYTES, web_file_names, web_files
from vestry.storage.own_files import OwnFiles

_LIST, _TITLE, _OPTION = "vestry-web.json", "a page that predicts in the browser", "--web"


@dataclass(frozen=True)
class WebFolder:
    """A folder that was written. model: the name of what predicts in it. size: bytes of all."""

    path: Path
    model: str
    size: int


def check_file_alone(
    file: Path, web: Path | None, model: str | None, output: Path | None, options: ExportOptions
) -> None:
    """Raise StudyError unless a page is all that is asked of an exported file."""
    if web is None:
        raise StudyError(
            f"{file} is a file: `vestry export` takes the folder of a finished run. With --web DIR "
            "it makes a page of a file that was exported before"
        )
    if model or output or options != ExportOptions(force=options.force):
        raise StudyError(
            f"{file} is exported already, and only --web, --force and --json have a meaning with "
            "it; give the run's folder for the others"
        )


def check_web_folder(folder: Path, force: bool) -> None:
    """Raise StudyError where writing the page into `folder` would replace what is not ours.

    force: files that stand in the place of ours may be replaced.
    """
    names = web_file_names()
    for name in names:
        check_outside_runs(folder / name, _OPTION)
    OwnFiles(folder, _LIST, _TITLE).check(names, force, _OPTION)


def write_web_folder(model: Path, folder: Path, force: bool) -> WebFolder:
    """Write the page of the exported file `model` into `folder`.

    Raises ModelError where the file is none, or too large to be loaded by a page; StudyError as
    `check_web_folder` does.
    """
    content, bundle = read_bundle(model)
    check_web_folder(folder, force)
    files = web_files(content, bundle)
    size = sum(map(len, files.values()))
    if size > MOST_BYTES:
        raise ModelError(_too_large(model, len(content), size))
    OwnFiles(folder, _LIST, _TITLE).write(files)
    return WebFolder(folder, bundle.name, size)


def _too_large(model: Path, own: int, size: int) -> str:
    rest = MOST_BYTES - (size - own)
    return (
        f"{model}: {own / 1e6:,.1f} MB, with which the folder would have {size / 1e6:,.1f} MB; a "
        f"page loads {MOST_BYTES / 1e6:,.0f} MB at most, so a model of up to about "
        f"{rest / 1e6:,.1f} MB. Name a smaller one with --model, give the int8 file of --quantize, "
        "or leave the images out with --no-images"
    )
