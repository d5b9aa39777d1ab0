"""The chapter Trust."""

from vestry.report.chapter import Chapter, Opening
from vestry.report.section import PageData
from vestry.schema.results import Results


def _opening(_results: Results, page: PageData) -> Opening | None:
    if page.calibration is None and page.robustness is None:
        return None
    return Opening("Can it be trusted?")


CHAPTER = Chapter("trust", "Trust", _opening)
