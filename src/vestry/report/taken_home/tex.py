"""A run as one LaTeX file that compiles as it is, with what every LaTeX has."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from vestry.report.latex import latex_text
from vestry.report.plot.figure import Figure
from vestry.report.table import Table, latex_caption, rounded_rows, tabular
from vestry.report.taken_home.content import Content, Part
from vestry.report.taken_home.tex_picture import PREAMBLE, picture

_HEAD = r"""\documentclass[a4paper]{article}
\ifdefined\Umathcode\else % XeLaTeX and LuaLaTeX read Unicode without these
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{} % else letters are bitmaps
\fi
\usepackage[margin=22mm]{geometry}
\usepackage{color}
\usepackage{graphicx}
% A table is as wide as it is, or as the page.
\newsavebox{\whole}
\newenvironment{fitted}{\begin{lrbox}{\whole}}{\end{lrbox}%
  \ifdim\wd\whole>\textwidth\resizebox{\textwidth}{!}{\usebox{\whole}}\else\usebox{\whole}\fi}
% A sign that pdfLaTeX has no letter for is printed as its number.
\newcommand{\sign}[2]{\ifdefined\Umathcode\else\ifcsname u8:\detokenize{#1}\endcsname\else
  \DeclareUnicodeCharacter{#2}{[U+#2]}\fi\fi}
\emergencystretch=3em
"""
_MOST_SIGNS = 110
"""Across a table: about what a line of a page holds, in somewhat smaller letters."""
_MOST_FLOATS = 10
"""LaTeX keeps no more than some dozens back until they find their place."""


def latex_report(content: Content) -> str:
    """Figures are drawn in it; tables that are too large are named as `tables/KEY.csv`."""
    body = "\n\n".join(_body(content))
    signs = sorted({sign for sign in body if ord(sign) > 0xFF})
    known = "".join(f"\\sign{{{sign}}}{{{ord(sign):04X}}}\n" for sign in signs)
    return f"{_HEAD}{PREAMBLE}{known}\\begin{{document}}\n{body}\n\\end{{document}}\n"


def _body(content: Content) -> Iterable[str]:
    yield f"\\title{{{latex_text(content.title)}}}\n\\author{{}}\\date{{}}\n\\maketitle"
    yield "\\section*{Summary}"
    yield latex_text(" ".join(content.sentences))
    for part in content.parts:
        yield from _part(part, content.drawings)
    if content.caveats:
        items = "\n".join(f"\\item {latex_text(text)}" for text in content.caveats)
        yield f"\\section*{{Caveats}}\n\\begin{{itemize}}\n{items}\n\\end{{itemize}}"
    yield "\\section*{How to cite}\nBibTeX entries are in \\texttt{report.bib}."
    if content.appendix:
        yield "\\appendix"
    for part in content.appendix:
        yield "\\clearpage"
        yield from _part(part, content.drawings)


def _part(part: Part, drawings: Mapping[str, str]) -> Iterable[str]:
    yield f"\\section{{{latex_text(part.heading)}}}"
    if part.sentences:
        yield latex_text(" ".join(part.sentences))
    floats = [_figure(each, drawings[each.key]) for each in part.figures]
    floats += map(_table, part.tables)
    for first in range(0, len(floats), _MOST_FLOATS):
        if first:
            yield "\\clearpage"
        yield from floats[first : first + _MOST_FLOATS]
    if part.more:
        files = ", ".join(f"\\texttt{{tables/{latex_text(key)}.csv}}" for key in part.more)
        yield f"Too large for this page, and written by \\texttt{{--format csv}}: {files}."


def _figure(figure: Figure, drawing: str) -> str:
    caption = latex_text(f"{figure.title}. {figure.remark}".strip(" ."))
    return (
        f"\\begin{{figure}}[!htbp]\n\\centering\n{picture(drawing)}\n"
        f"\\caption{{{caption}}}\n\\label{{fig:{figure.key}}}\n\\end{{figure}}"
    )


def _table(table: Table) -> str:
    blocks = [f"\\begin{{fitted}}%\n{tabular(each)}%\n\\end{{fitted}}" for each in _blocks(table)]
    whole = "\\par\\medskip\n".join(blocks)
    caption = latex_caption(table)
    return f"\\begin{{table}}[!htbp]\n\\centering\n{caption}\n{whole}\n\\end{{table}}"


def _blocks(table: Table) -> list[Table]:
    """A table that is too wide to be read on paper as several, each with the rows' names."""
    texts = [[column.copied for column in table.columns], *rounded_rows(table)]
    widths = [max(len(row[place]) for row in texts) + 2 for place in range(len(table.columns))]
    head = next((place for place, one in enumerate(table.columns) if not one.is_number), 0)
    blocks: list[list[int]] = [[head]]
    for place in range(len(table.columns)):
        if place == head:
            continue
        width = sum(widths[each] for each in (*blocks[-1], place))
        if width > _MOST_SIGNS and len(blocks[-1]) > 1:
            blocks.append([head])
        blocks[-1].append(place)
    return [_some_columns(table, places) for places in blocks]


def _some_columns(table: Table, places: list[int]) -> Table:
    columns = tuple(table.columns[place] for place in places)
    rows = tuple(tuple(row[place] for place in places) for row in table.rows)
    return replace(table, columns=columns, rows=rows)
