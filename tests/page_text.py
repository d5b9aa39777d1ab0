"""What a reader of a page reads: its words, without marks, pictures and settings."""

import re
from html.parser import HTMLParser

_BLOCKS = {"p", "li", "h1", "h2", "h3", "h4", "tr", "div", "section", "summary", "figcaption", "dt"}
_UNREAD = {"script", "style", "svg", "pre"}
_TAKEN = {"summary-text", "glossary"}
"""Ids and classes of what is copied as it is, and of what explains words and not the run."""


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.parts, self.unread, self.taken = [], 0, None

    def handle_starttag(self, tag, attrs):
        if self.taken is None and _TAKEN & {dict(attrs).get("id"), dict(attrs).get("class")}:
            self.taken = tag
            self.unread += 1
        self.unread += tag in _UNREAD
        if tag in _BLOCKS:
            self.parts.append("\n")
        elif tag in ("td", "th"):
            self.parts.append(" | ")

    def handle_endtag(self, tag):
        self.unread -= tag in _UNREAD
        if tag == self.taken:
            self.taken = None
            self.unread -= 1
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data):
        if not self.unread:
            self.parts.append(re.sub(r"\s+", " ", data))


def page_text(page):
    """A line a paragraph or table row; cells stand apart by bars."""
    reader = _Reader()
    reader.feed(page)
    lines = [" ".join(line.split()) for line in "".join(reader.parts).split("\n")]
    return "\n".join(line for line in lines if line.strip(" |"))
