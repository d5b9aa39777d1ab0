"""Names in cells of CSV and TSV: a spreadsheet computes what begins as a formula does.

An apostrophe in front makes it text to them (OWASP, "CSV injection"). What has apostrophes before
such a sign has one more, so that a reader who takes one away has every name as it was.
"""

import re

FORMULA = r"'*[=+\-@\t\r]"
"""How what is made harmless begins; as JavaScript, too, reads it."""
PLAIN_NUMBER = r"[+-]?\d+(\.\d+)?"
"""Is left as it is: a class named -1 is a number to a spreadsheet, too."""
_GUARDED = re.compile(rf"(?!{PLAIN_NUMBER}\Z){FORMULA}", re.ASCII)
_UNGUARDED = re.compile(f"'{FORMULA}")


def guarded(text: str) -> str:
    """`text` for a cell."""
    return f"'{text}" if _GUARDED.match(text) else text


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return cell[1:] if _UNGUARDED.match(cell) else cell
