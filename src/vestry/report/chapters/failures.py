"""The chapter Failures."""

from vestry.report.chapter import Chapter, Opening
from vestry.report.section import PageData
from vestry.schema.results import Results


def _opening(_results: Results, page: PageData) -> Opening | None:
    if not page.mistakes:
        return None
    return Opening("Where models fail")


CHAPTER = Chapter("failures", "Failures", _opening)
