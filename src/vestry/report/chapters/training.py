"""The chapter Learning: curves of all networks over each other, and what settings came of."""

from vestry.report.chapter import Chapter, Opening
from vestry.report.section import PageData
from vestry.schema.results import Results

_FOLDED = ("search", "cross_validation", "sizes")


def _opening(_results: Results, page: PageData) -> Opening | None:
    learning = page.learning
    if (
        not learning.networks
        and not page.pairs.rows
        and not any(getattr(page, key) for key in _FOLDED)
    ):
        return None
    if not learning.together:
        said = [learning.without_epochs] if learning.without_epochs else []
        return Opening("No model here was trained over epochs", said)
    return Opening(learning.found, figures=learning.together)


CHAPTER = Chapter("learning", "Learning", _opening, style="training.css.j2")
