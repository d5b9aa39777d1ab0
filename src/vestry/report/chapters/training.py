"""The chapter Learning."""

from vestry.report.chapter import Chapter, Opening
from vestry.report.section import PageData
from vestry.schema.results import Results


def _opening(_results: Results, _page: PageData) -> Opening | None:
    return Opening("How they learned")


CHAPTER = Chapter("learning", "Learning", _opening)
