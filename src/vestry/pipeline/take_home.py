"""A finished run's page drawn again, and the run as files for somebody's own report."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from vestry.errors import DataError, StudyError, VestryError, one_line
from vestry.pipeline.output_file import check_outside_runs, is_run
from vestry.report.page import MARK, write_report
from vestry.report.shell import generator
from vestry.report.taken_home.content import content_of
from vestry.report.taken_home.files import Form, files_of
from vestry.schema.reading import read_results
from vestry.storage.own_files import OwnFiles
from vestry.storage.ownership import check_replaceable, starts_with
from vestry.storage.run_folder import RunFolder
from vestry.system.platform_calls import way

_EARLIER_MARK = "· Vestry</title>"


def redraw(run: RunFolder, force: bool) -> Path:
    """Write the page of a finished run, in place of an earlier one or of what `force` gives up.

    Raises StudyError where that would replace something else, DataError where the run is not
    finished or is damaged.
    """
    if run.results.exists() and not is_run(run.path):
        raise StudyError(f"{run.path} is no run folder: its results.json is not vestry's")
    check_replaceable(run.report, _is_page, "is no page of a run", force, "the run")
    with _drawn(run):
        return write_report(run)


@contextlib.contextmanager
def _drawn(run: RunFolder) -> Iterator[None]:
    """Results that somebody has changed may speak of a model that is not there, or of one row
    less; whatever drawing raises of them is one line."""
    try:
        yield
    except (VestryError, OSError):
        raise
    except Exception as error:
        raise DataError(
            f"{run.results} contradicts itself ({one_line(error)}); `vestry run STUDY` makes it "
            "anew, and takes what was fitted before"
        ) from error


def _is_page(path: Path) -> bool:
    return starts_with(path, generator(MARK)) or starts_with(path, _EARLIER_MARK)


_LIST = "vestry-report.json"


def take_home(run: RunFolder, form: Form, out: Path | None, force: bool) -> Path:
    """Write the run in this form into `out`, or the run's folder `report`; what to open of it.

    Raises StudyError where that would replace what is not ours, DataError where the run is not
    finished or is damaged.
    """
    if run.results.exists() and not is_run(run.path):
        raise StudyError(f"{run.path} is no run folder: its results.json is not vestry's")
    results = read_results(run.results)
    folder = out or run.taken_home
    there = way(run.results.resolve(), folder.resolve())
    with _drawn(run):
        texts = files_of(form, content_of(results), there)
    for name in texts:
        check_outside_runs(folder / name, "--out")
    target = OwnFiles(folder, _LIST, results.title)
    target.check(texts, force)
    paths = target.write(texts)
    return paths[0] if form in ("md", "tex", "notebook") or not paths else paths[0].parent
