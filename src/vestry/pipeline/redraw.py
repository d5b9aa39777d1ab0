"""A run's page drawn again, where it may be."""

from pathlib import Path

from vestry.errors import StudyError
from vestry.pipeline.output_file import is_run
from vestry.report.page import MARK, write_report
from vestry.report.shell import generator
from vestry.storage.ownership import check_replaceable, starts_with
from vestry.storage.run_folder import RunFolder

_EARLIER_MARK = "· Vestry</title>"


def redraw(run: RunFolder, force: bool) -> Path:
    """Write the page of a finished run, in place of an earlier one or of what `force` gives up.

    Raises StudyError where that would replace something else, DataError where the run is not
    finished or is damaged.
    """
    if run.results.exists() and not is_run(run.path):
        raise StudyError(f"{run.path} is no run folder: its results.json is not vestry's")
    check_replaceable(run.report, _is_page, "is no page of a run", force, "the run")
    return write_report(run)


def _is_page(path: Path) -> bool:
    return starts_with(path, generator(MARK)) or starts_with(path, _EARLIER_MARK)
