"""What the documents hold besides prose: fenced pieces, commands, links."""

import re
import shlex
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
NOT_RUN = re.compile(r"<!-- not run: .+ -->\n\s*$")
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^(?:\$ | {4})?(vestry .+)$", re.MULTILINE)
INLINE = re.compile(r"(?<!`)`(vestry [^`]+)`(?!`)")


@dataclass(frozen=True)
class Block:
    """runs: no comment before the fence says that, and why, it is not run by the tests."""

    language: str
    text: str
    runs: bool

    @property
    def commands(self):
        """Each command after a `$`, with what stands below it."""
        parts = re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]
        return [part.split("\n", 1) for part in parts]


def blocks(document, *languages):
    text = (ROOT / document).read_text()
    found = [
        Block(match[2], textwrap.dedent(match[3]), not NOT_RUN.search(text[: match.start()]))
        for match in FENCE.finditer(text)
    ]
    return [block for block in found if block.language in languages]


def commands(text):
    """The arguments of every `vestry ...`, as a shell would take it apart."""
    lines = COMMAND.findall(text) + INLINE.findall(text)
    return [shlex.split(re.split(r"[|>&]|\s{2,}or\s", line)[0], comments=True) for line in lines]


def prose(text):
    return FENCE.sub("", text)


def anchors(path):
    """What a heading is reached by: GitHub's rule."""
    headings = re.findall(r"^#+ (.+)$", prose(path.read_text()), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
