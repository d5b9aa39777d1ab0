"""What leaves a run as files: its words, figures and tables, from the same sources as its page."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from vestry.report.chapter import Opening
from vestry.report.contents import (
    SECTIONS,
    Openings,
    all_figures,
    all_tables,
    openings,
    page_data,
    shown_sections,
)
from vestry.report.plot.figure import WIDE, Figure
from vestry.report.plot.standalone import marks_style, standalone
from vestry.report.section import PageData
from vestry.report.shell import environment
from vestry.report.sprite import draw_sheet
from vestry.report.summary_text import citations, plain_numbers, summary_sentences
from vestry.report.table import Table
from vestry.schema.results import Results

_MOST_ROWS, _MOST_COLUMNS = 40, 16


@dataclass(frozen=True)
class Part:
    """A chapter, or what it folds, in plain words. more: keys of tables too large for paper."""

    heading: str
    sentences: Sequence[str]
    figures: Sequence[Figure]
    tables: Sequence[Table]
    more: Sequence[str]


@dataclass(frozen=True)
class Content:
    """sentences: the summary's five. caveats: what a reader must know, the worst first.
    parts: the answer, then the chapters as they are seen without a click; appendix: what they fold.
    drawings: an SVG file a figure, by key."""

    title: str
    sentences: Sequence[str]
    citations: str
    caveats: Sequence[str]
    parts: Sequence[Part]
    appendix: Sequence[Part]
    tables: Sequence[Table]
    drawings: dict[str, str]


def content_of(results: Results) -> Content:
    page = page_data(results)
    chapters = openings(results, page)
    figures = all_figures(page, chapters)
    style = marks_style(_page_style(page, chapters))
    parts = [_answer(page), *(_chapter(page, each.key, opening) for each, opening in chapters)]
    return Content(
        title=results.title,
        sentences=summary_sentences(results),
        citations=citations(results),
        caveats=_caveats(results, page),
        parts=parts,
        appendix=_appendix(page, parts),
        tables=all_tables(page, chapters),
        drawings={each.key: standalone(_for_paper(each), style) for each in figures},
    )


def _page_style(page: PageData, chapters: Openings) -> str:
    """The page's style sheet, of a page without pictures."""
    sheet = draw_sheet([], np.zeros((0, 1, 1), dtype=np.uint8), [])
    template = environment().get_template("style.css.j2")
    return template.render(
        page=page, sections=SECTIONS, chapters=chapters, sheet=sheet, map_sheet=None, scale=1
    )


def _caveats(results: Results, page: PageData) -> list[str]:
    banners = [f"{each.said}. {each.more}".rstrip(" .") + "." for each in page.first.banners]
    known = " ".join(banners)
    notes = [notice.text for notice in results.notices if notice.text.rstrip(".") not in known]
    return _plain([*banners, *notes])


def _answer(page: PageData) -> Part:
    first = page.first
    head = f"{first.label}: {first.name}" if first.name else first.evidence
    said = [f"{first.evidence}.", *first.sentences] if first.name else first.sentences
    return _part(head, said, [first.figure] if first.figure else [], [])


def _chapter(page: PageData, key: str, opening: Opening) -> Part:
    """With what sections without a fold of their own show in it."""
    figures, tables = list(opening.figures), list(opening.tables)
    for section in shown_sections(page):
        if section.chapter == key and not section.title and section.key != "first":
            figures += section.figures(getattr(page, section.key))
            tables += section.tables(getattr(page, section.key))
    return _part(
        opening.heading,
        opening.sentences,
        {each.key: each for each in figures}.values(),
        {each.key: each for each in tables}.values(),
    )


def _appendix(page: PageData, parts: Sequence[Part]) -> list[Part]:
    """What is folded, by its title: each figure and table that no part before it has."""
    seen = {f"{figure.key} as figure" for part in parts for figure in part.figures}
    seen |= {table.key for part in parts for table in part.tables}
    seen |= {key for part in parts for key in part.more}
    found = []
    for section in shown_sections(page):
        data = getattr(page, section.key)
        figures = [each for each in section.figures(data) if f"{each.key} as figure" not in seen]
        tables = [each for each in section.tables(data) if each.key not in seen]
        seen |= {f"{each.key} as figure" for each in figures} | {each.key for each in tables}
        if figures or tables:
            found.append(_part(section.title or section.key, [], figures, tables))
    return found


def _part(
    heading: str, sentences: Iterable[str], figures: Iterable[Figure], tables: Iterable[Table]
) -> Part:
    whole = list(tables)
    return Part(
        heading=_plain([heading])[0],
        sentences=_plain(sentences),
        figures=list(figures),
        tables=[each for each in whole if _fits(each)],
        more=[each.key for each in whole if not _fits(each)],
    )


def _for_paper(figure: Figure) -> str:
    """The widest drawing that a printed page holds."""
    widths = (float(re.findall(r'width="([0-9.]+)"', drawing)[0]) for drawing in figure.drawings)
    fitting = [each for each, of in zip(figure.drawings, widths, strict=True) if of <= WIDE]
    return fitting[-1] if fitting else figure.drawings[0]


def _fits(table: Table) -> bool:
    return len(table.rows) <= _MOST_ROWS and len(table.columns) <= _MOST_COLUMNS


def _plain(texts: Iterable[str]) -> list[str]:
    """Without the page's marks, which mark names, and without its thin spaces."""
    return [plain_numbers(text.striptags() if isinstance(text, Markup) else text) for text in texts]
