"""The chapter Committee."""

from vestry.report.chapter import Chapter, Opening
from vestry.report.section import PageData
from vestry.schema.results import Results


def _opening(_results: Results, page: PageData) -> Opening | None:
    if page.worth is None:
        return None
    return Opening("Is the committee worth it?")


CHAPTER = Chapter("committee", "Committee", _opening)
