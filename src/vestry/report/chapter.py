"""What a chapter of the page is: a heading that states its finding, one figure, two sentences, and
everything else folded under it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vestry.report.plot.figure import Figure
from vestry.report.section import PageData
from vestry.report.table import Table
from vestry.schema.results import Results

CHAPTERS_FOLDER = Path(__file__).parent / "chapters"


@dataclass(frozen=True)
class Opening:
    """What of a chapter is seen without a click. heading: its finding, in a sentence without a full
    stop. sentences: two at most. tables: shown open, like the figures."""

    heading: str
    sentences: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    more: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Chapter:
    """key: its address on the page. name: in the contents. opening: of a run's results and the data
    of all sections; None where there is nothing to show and nothing folded. template: what its
    opening has beyond heading, sentences, figures and tables; it reads `opening.more`.
    style, script: files beside the template."""

    key: str
    name: str
    opening: Callable[[Results, PageData], Opening | None]
    template: str | None = None
    style: str | None = None
    script: str | None = None
