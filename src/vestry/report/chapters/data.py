"""The chapter Data."""

from vestry.report.chapter import Chapter, Opening
from vestry.report.section import PageData
from vestry.schema.results import Results


def _opening(_results: Results, _page: PageData) -> Opening | None:
    return Opening("The data")


CHAPTER = Chapter("data", "Data", _opening)
