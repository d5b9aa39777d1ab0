"""The chapter Compare: who leads and by what, every model in a table, accuracy over cost."""

from vestry.report.chapter import Chapter, Opening
from vestry.report.chapters.compare_words import finding, sentences
from vestry.report.models import models_by_rank
from vestry.report.section import PageData
from vestry.report.sections.comparison_table import comparison_table
from vestry.schema.results import Results


def _opening(results: Results, _page: PageData) -> Opening | None:
    table = comparison_table(results)
    if table is None:
        return None
    ranked = models_by_rank(results)
    return Opening(
        finding(results, ranked),
        sentences(results, ranked),
        tables=(table,),
    )


CHAPTER = Chapter(
    "compare", "Compare", _opening, template="compare.html.j2", style="compare.css.j2"
)
