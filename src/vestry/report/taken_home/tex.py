"""A run as one LaTeX file that compiles as it is, with what every LaTeX has."""

from collections.abc import Iterable
from dataclasses import replace

from vestry.report.latex import latex_text
from vestry.report.plot.figure import Figure
from vestry.report.table import Table, latex_caption, rounded_rows, tabular
from vestry.report.taken_home.content import Content, Part

_HEAD = r"""\documentclass[a4paper]{article}
\ifdefined\Umathcode\else % XeLaTeX and LuaLaTeX read Unicode without these
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{} % else letters are bitmaps
\fi
\usepackage[margin=22mm]{geometry}
\usepackage{graphicx}
% A table is as wide as it is, or as the page.
\newsavebox{\whole}
\newenvironment{fitted}{\begin{lrbox}{\whole}}{\end{lrbox}%
  \ifdim\wd\whole>\textwidth\resizebox{\textwidth}{!}{\usebox{\whole}}\else\usebox{\whole}\fi}
% pdfLaTeX reads no SVG: a PDF or PNG of the same name beside it is shown, else where the SVG lies.
\newcommand{\drawing}[1]{%
  \IfFileExists{figures/#1.pdf}{\includegraphics[width=\textwidth]{figures/#1.pdf}}{%
  \IfFileExists{figures/#1.png}{\includegraphics[width=\textwidth]{figures/#1.png}}{%
  \fbox{\parbox{.9\textwidth}{\centering The drawing is \texttt{figures/#1.svg}. To show it
    here, make \texttt{figures/#1.pdf} of it (\texttt{rsvg-convert -f pdf}, Inkscape), or save
    \texttt{figures/#1.png} from the run's page.}}}}}
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
    """Figures are looked for as `figures/KEY.pdf` or `.png`; tables that are too large are named as
    `tables/KEY.csv`."""
    body = "\n\n".join(_body(content))
    signs = sorted({sign for sign in body if ord(sign) > 0xFF})
    known = "".join(f"\\sign{{{sign}}}{{{ord(sign):04X}}}\n" for sign in signs)
    return f"{_HEAD}{known}\\begin{{document}}\n{body}\n\\end{{document}}\n"


def _body(content: Content) -> Iterable[str]:
    yield f"\\title{{{latex_text(content.title)}}}\n\\author{{}}\\date{{}}\n\\maketitle"
    yield "\\section*{Summary}"
    yield latex_text(" ".join(content.sentences))
    for part in content.parts:
        yield from _part(part)
    if content.caveats:
        items = "\n".join(f"\\item {latex_text(text)}" for text in content.caveats)
        yield f"\\section*{{Caveats}}\n\\begin{{itemize}}\n{items}\n\\end{{itemize}}"
    yield "\\section*{How to cite}\nBibTeX entries are in \\texttt{report.bib}."
    if content.appendix:
        yield "\\clearpage\n\\appendix"
    for part in content.appendix:
        yield from _part(part)


def _part(part: Part) -> Iterable[str]:
    yield f"\\section{{{latex_text(part.heading)}}}"
    if part.sentences:
        yield latex_text(" ".join(part.sentences))
    floats = [*map(_figure, part.figures), *map(_table, part.tables)]
    for first in range(0, len(floats), _MOST_FLOATS):
        yield from floats[first : first + _MOST_FLOATS]
        yield "\\clearpage"
    if part.more:
        files = ", ".join(f"\\texttt{{tables/{latex_text(key)}.csv}}" for key in part.more)
        yield f"Too large for this page, and written by \\texttt{{--format csv}}: {files}."


def _figure(figure: Figure) -> str:
    caption = latex_text(f"{figure.title}. {figure.remark}".strip(" ."))
    return (
        f"\\begin{{figure}}[!htbp]\n\\centering\n\\drawing{{{figure.key}}}\n"
        f"\\caption{{{caption}}}\n\\label{{fig:{figure.key}}}\n\\end{{figure}}"
    )


def _table(table: Table) -> str:
    blocks = [f"\\begin{{fitted}}%\n{tabular(each)}%\n\\end{{fitted}}" for each in _blocks(table)]
    whole = "\\par\\medskip\n".join(blocks)
    caption = latex_caption(table)
    return f"\\begin{{table}}[!htbp]\n\\centering\n{caption}\n{whole}\n\\end{{table}}"


def _blocks(table: Table) -> list[Table]:
    """A table that is too wide to be read on paper as several, each with the rows' names."""
    texts = [[column.title for column in table.columns], *rounded_rows(table)]
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
