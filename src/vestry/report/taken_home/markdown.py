"""A run as one Markdown file, as GitHub and Pandoc read it."""

import re
from collections.abc import Iterable

from vestry.report.plot.figure import Figure
from vestry.report.summary_text import plain_numbers
from vestry.report.table import Table, as_markdown, markdown_text
from vestry.report.taken_home.content import Content, Part

_OPENS = re.compile(r"^(\s*\d*)([-+=.)])")


def markdown_report(content: Content) -> str:
    """Figures are named as `figures/KEY.svg`, tables that are too large as `tables/KEY.csv`."""
    blocks = [f"# {markdown_text(content.title)}"]
    blocks += ["## Summary", _paragraph(" ".join(content.sentences))]
    for part in content.parts:
        blocks += _part(part)
    if content.caveats:
        blocks += ["## Caveats", "\n".join(f"- {_paragraph(text)}" for text in content.caveats)]
    for part in content.appendix:
        blocks += _part(part, "Appendix: ")
    blocks += ["## How to cite", f"```bibtex\n{content.citations.rstrip()}\n```"]
    return "\n\n".join(blocks) + "\n"


def _paragraph(text: str) -> str:
    """Never taken for the item of a list, or the line under a heading."""
    return _OPENS.sub(r"\1\\\2", markdown_text(text))


def _part(part: Part, lead: str = "") -> Iterable[str]:
    yield f"## {lead}{markdown_text(part.heading)}"
    if part.sentences:
        yield _paragraph(" ".join(part.sentences))
    for figure in part.figures:
        yield _figure(figure)
    for table in part.tables:
        yield _table(table)
    if part.more:
        files = ", ".join(f"`tables/{key}.csv`" for key in part.more)
        yield f"Too large for this page, and written by `--format csv`: {files}."


def _figure(figure: Figure) -> str:
    title, remark, words = map(_line, (figure.title, figure.remark, figure.words))
    return f"**{title}** {remark}".rstrip() + f"\n\n![{words}](figures/{figure.key}.svg)"


def _table(table: Table) -> str:
    return f"**{_line(table.caption)}**\n\n{as_markdown(table)}".rstrip("\n")


def _line(text: str) -> str:
    return markdown_text(plain_numbers(text))
