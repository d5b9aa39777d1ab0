"""The chapter Compare."""

from vestry.report.chapter import Chapter, Opening
from vestry.report.section import PageData
from vestry.schema.results import Results


def _opening(results: Results, _page: PageData) -> Opening | None:
    if not results.ranking:
        return None
    return Opening("How every model did")


CHAPTER = Chapter("compare", "Compare", _opening)
