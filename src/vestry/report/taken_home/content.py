"""What leaves a run as files: its words, figures and tables, from the same sources as its page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from vestry.report.contents import (
    SECTIONS,
    Openings,
    all_figures,
    all_tables,
    openings,
    page_data,
    shown_sections,
)
from vestry.report.plot.figure import Figure
from vestry.report.plot.standalone import marks_style, standalone
from vestry.report.section import PageData, Section
from vestry.report.shell import environment
from vestry.report.sprite import draw_sheet
from vestry.report.summary_text import citations, plain_numbers, summary_sentences
from vestry.report.table import Table
from vestry.schema.results import Results

_MOST_ROWS, _MOST_COLUMNS = 40, 16


@dataclass(frozen=True)
class Part:
    """A chapter in plain words. more: keys of tables that are too large for paper."""

    heading: str
    sentences: Sequence[str]
    figures: Sequence[Figure]
    tables: Sequence[Table]
    more: Sequence[str]


@dataclass(frozen=True)
class Content:
    """sentences: the summary's five. caveats: what a reader must know, the worst first.
    drawings: an SVG file a figure, by key."""

    title: str
    sentences: Sequence[str]
    citations: str
    caveats: Sequence[str]
    parts: Sequence[Part]
    tables: Sequence[Table]
    drawings: dict[str, str]


def content_of(results: Results) -> Content:
    page = page_data(results)
    chapters = openings(results, page)
    figures = all_figures(page, chapters)
    style = marks_style(_page_style(page, chapters))
    return Content(
        title=results.title,
        sentences=summary_sentences(results),
        citations=citations(results),
        caveats=_caveats(results, page),
        parts=_parts(page, chapters),
        tables=all_tables(page, chapters),
        drawings={each.key: standalone(each.drawings[-1], style) for each in figures},
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


def _parts(page: PageData, chapters: Openings) -> list[Part]:
    """The answer, then every chapter with what is folded under it; each figure and table once."""
    first = page.first
    head = f"{first.label}: {first.name}" if first.name else first.evidence
    said = [f"{first.evidence}.", *first.sentences] if first.name else first.sentences
    seen: set[str] = set()
    parts = [_part(head, said, [first.figure] if first.figure else [], [], seen)]
    for chapter, opening in chapters:
        folded = [each for each in shown_sections(page) if each.chapter == chapter.key]
        figures = [each for section in folded for each in section.figures(_data(page, section))]
        tables = [each for section in folded for each in section.tables(_data(page, section))]
        parts.append(
            _part(
                opening.heading,
                opening.sentences,
                [*opening.figures, *figures],
                [*opening.tables, *tables],
                seen,
            )
        )
    return parts


def _data(page: PageData, section: Section) -> Any:
    return getattr(page, section.key)


def _part(
    heading: str,
    sentences: Iterable[str],
    figures: Iterable[Figure],
    tables: Iterable[Table],
    seen: set[str],
) -> Part:
    new_figures = [each for each in figures if f"figure {each.key}" not in seen]
    new_tables = [each for each in tables if f"table {each.key}" not in seen]
    seen |= {f"figure {each.key}" for each in new_figures}
    seen |= {f"table {each.key}" for each in new_tables}
    return Part(
        heading=_plain([heading])[0],
        sentences=_plain(sentences),
        figures=new_figures,
        tables=[each for each in new_tables if _fits(each)],
        more=[each.key for each in new_tables if not _fits(each)],
    )


def _fits(table: Table) -> bool:
    return len(table.rows) <= _MOST_ROWS and len(table.columns) <= _MOST_COLUMNS


def _plain(texts: Iterable[str]) -> list[str]:
    """Without the page's marks, which mark names, and without its thin spaces."""
    return [plain_numbers(text.striptags() if isinstance(text, Markup) else text) for text in texts]
