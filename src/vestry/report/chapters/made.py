"""The chapter Method."""

from vestry.report.chapter import Chapter, Opening
from vestry.report.section import PageData
from vestry.schema.results import Results


def _opening(_results: Results, _page: PageData) -> Opening | None:
    return Opening("How it was made")


CHAPTER = Chapter("made", "Method", _opening)
