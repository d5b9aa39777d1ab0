"""The run in five sentences for a reader's own report, and how to cite it."""

from dataclasses import dataclass

from vestry.report.section import Section
from vestry.report.summary_text import citations, summary_sentences
from vestry.schema.results import Results


@dataclass(frozen=True)
class Summary:
    """text: five sentences. bibtex: of Vestry and of the study."""

    text: str
    bibtex: str


def _summary(results: Results) -> Summary:
    return Summary(" ".join(summary_sentences(results)), citations(results))


SECTION = Section(
    key="summary",
    data=_summary,
    template="summary.html.j2",
    title="Summary for my report",
    anchor="summary",
    chapter="made",
)
