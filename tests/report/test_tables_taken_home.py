"""Tables as they are taken home: whatever their names hold, a reader finds it again."""

import csv
import io
import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from page_text import page_text
from vestry.report.latex import LATEX_SIGNS, latex_text
from vestry.report.shell import environment
from vestry.report.table import (
    Column,
    Table,
    as_csv,
    as_latex,
    as_markdown,
    as_tsv,
    markdown_text,
    rounded_rows,
    rows_of,
    text_column,
)
from vestry.storage.spreadsheet_text import unguarded

STRANGE = (
    "&%$#_{}~^\\<>|\"',",
    "a\nb\tc\r\nd",
    "\u00fcml\u00e4ut \u00df \u0142 \u0130",
    "\u4e2d\u6587 \u65e5\u672c\u8a9e",
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u05e2\u05d1\u05e8\u05d9\u05ea",
    "\U0001f98a \U0001f469\u200d\U0001f52c",
    "*bold* _it_ `code` [link](x) ![pic](y) <b>html</b> &amp; $x$ ~~out~~",
    "-- --- '' `` ,, ?` !` [1] *",
    "=1+1",
    "'=1+1",
    "-2+3",
    "-2\n",
    "@SUM(A1)",
    "+1",
    " spaces ",
    "1. item",
    "",
)
names = st.one_of(
    st.sampled_from(STRANGE), st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
)


def table_of(texts: list[str], caption: str = "Caption") -> Table:
    rows = [[text, place / 7, place] for place, text in enumerate(texts)]
    columns = (text_column("name", "Name"), Column("share", "Share"), Column("count", "Count"))
    return Table("strange", caption, columns, rows_of(rows))


def joined(text: str) -> str:
    """As a reader sees it: breaks and runs of spaces are one space."""
    return " ".join(re.sub(r"[\x00-\x20\x7f-\xa0\u2028\u2029]", " ", text).split())


@given(st.lists(names, min_size=1, max_size=5))
@example(list(STRANGE))
def test_csv_and_tsv_give_back_every_sign(texts: list[str]) -> None:
    table = table_of(texts)
    for text, sign in ((as_csv(table), ","), (as_tsv(table), "\t")):
        head, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=sign)
        assert head == ["name", "share", "count"]
        assert [unguarded(row[0]) for row in rows] == texts
        assert not any(row[0].startswith(tuple("=@\t\r")) for row in rows)
        assert not any(re.match(r"[+-](?!\d+(\.\d+)?\Z)", row[0]) for row in rows)
        assert [float(row[1]) for row in rows] == [place / 7 for place in range(len(texts))]


def test_pandas_reads_what_was_measured() -> None:
    table = table_of([text for text in STRANGE if text])
    frame = pd.read_csv(io.StringIO(as_csv(table), newline=""))
    assert frame["share"].tolist() == [row[1] for row in table.rows]
    assert [unguarded(name) for name in frame["name"]] == [row[0] for row in table.rows]
    assert str(frame["count"].dtype).startswith("int")


@given(st.lists(names, min_size=1, max_size=5), names)
@example(list(STRANGE), STRANGE[0])
def test_markdown_shows_every_name(texts: list[str], title: str) -> None:
    columns = (text_column("name", title), text_column("again", "Again"))
    table = Table("strange", "", columns, rows_of([[text, "x"] for text in texts]))
    html = MarkdownIt("gfm-like", {"linkify": False}).render(as_markdown(table))
    cells = re.findall(r"<t[hd]>(.*?)</t[hd]>", html, re.DOTALL)
    shown = [joined(page_text(cell)) for cell in cells[::2]]
    assert shown == [joined(text) for text in (title, *texts)]


@given(names)
@example(" ".join(STRANGE))
def test_latex_is_read_back(text: str) -> None:
    written = latex_text(text)
    assert joined(read_latex(written)) == joined(
        text.translate({ord(sign): said for sign, said in ALIKE.items()})
    )
    assert not re.search(r"(?<!\\)[&%#_]", written)


ALIKE = {
    "\u2013": "--", "\u2014": "---", "\u2019": "'", "\u201c": "``", "\u201d": "''",
    "\u202f": " ", "\u2026": "\u2026",
}  # fmt: skip
"""Signs that LaTeX itself has under another spelling."""


def read_latex(written: str) -> str:
    """What LaTeX prints of it."""
    signs = {
        said: sign for sign, said in LATEX_SIGNS.items() if sign not in ALIKE and said.strip()
    } | {"\\,": " ", "\\dots{}": "\u2026", "{}": ""}
    pattern = "|".join(re.escape(said) for said in sorted(signs, key=len, reverse=True))
    return re.sub(pattern, lambda found: signs[found[0]], written)


@given(st.lists(names, min_size=1, max_size=4))
@example(list(STRANGE))
@settings(max_examples=40)
def test_the_page_shows_every_name(texts: list[str]) -> None:
    template = environment().from_string(
        '{% from "macros.html.j2" import table with context %}{{ table(one) }}'
    )
    html = template.render(one=table_of(texts))
    cells = re.findall(r'<th scope="row"[^>]*>(.*?)</th>', html, re.DOTALL)
    assert [joined(page_text(cell)) for cell in cells] == [joined(text) for text in texts]


@pytest.mark.parametrize(
    ("value", "whole", "short"),
    [
        (None, "", ""),
        (True, "True", "True"),
        (3, "3", "3.0000"),
        (1.0, "1", "1.0000"),
        (-0.0, "0", "-0.0000"),
        (0.1 + 0.2, "0.30000000000000004", "0.3000"),
        (1 / 32, "0.03125", "0.0313"),
        (-1 / 32, "-0.03125", "-0.0313"),
        (1e-7, "1e-7", "0.0000"),
        (0.00001, "0.00001", "0.0000"),
        (1234.25, "1234.25", "1234.3"),
        (1e20, "100000000000000000000", "100000000000000000000.0"),
        (math.nan, "", ""),
        (math.inf, "", ""),
        (np.float64(0.5), "0.5", "0.5000"),
        (np.int64(7), "7", "7.0000"),
    ],
)
def test_numbers_are_written_as_scripts_write_them(value, whole, short) -> None:
    table = Table(
        "numbers", "", (Column("n", "N"), text_column("x", "X")), ((value, ""), (0.25, ""))
    )
    assert as_csv(table).splitlines()[1] == f"{whole},"
    assert rounded_rows(table)[0][0] == short


def test_whole_numbers_stay_whole_without_fractions_beside_them() -> None:
    table = Table("numbers", "", (Column("n", "N"),), ((3,), (12000,)))
    assert rounded_rows(table) == [["3"], ["12000"]]


def test_what_is_taken_home_has_plain_numbers() -> None:
    shown = Column("gain", "Gain", written=lambda value: f"\u2212{value}\u202fpoints")
    table = Table("gains", "Gains", (shown,), ((-0.012,), (1234.5,)))
    for text in (as_csv(table), as_tsv(table), as_markdown(table), as_latex(table)):
        assert not set("\u2212\u202f") & set(text)


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="another length"):
        Table("short", "", (Column("a", "A"), Column("b", "B")), ((1,),))


def test_markdown_of_headings_and_captions() -> None:
    assert markdown_text("a|b\nc") == "a\\|b c"
