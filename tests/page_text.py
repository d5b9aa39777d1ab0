"""What a reader of a page reads: its words, without marks, pictures and settings."""

import re
from html.parser import HTMLParser

_BLOCKS = {"p", "li", "h1", "h2", "h3", "h4", "tr", "div", "section", "summary", "figcaption", "dt"}
_UNREAD = {"script", "style", "svg", "pre"}


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.parts, self.unread = [], 0

    def handle_starttag(self, tag, attrs):
        self.unread += tag in _UNREAD
        if tag in _BLOCKS:
            self.parts.append("\n")
        elif tag in ("td", "th"):
            self.parts.append(" | ")

    def handle_endtag(self, tag):
        self.unread -= tag in _UNREAD
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
