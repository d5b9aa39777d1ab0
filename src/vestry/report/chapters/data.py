"""The chapter Data: how much there is, what was looked for in it, and which classes lie near."""

from vestry.report.chapter import Chapter, Opening
from vestry.report.formatting import counted, whole
from vestry.report.section import PageData
from vestry.report.sections import dataset
from vestry.report.sections.checklist import Checklist
from vestry.schema.data import Data
from vestry.schema.results import Results


def data_heading(data: Data, checks: Checklist) -> str:
    """Size, classes and the worst that was found."""
    noun = "row" if data.image_shape is None else "image"
    return f"{counted(dataset.rows(data), noun)} in {len(data.classes)} classes; {_found(checks)}"


def _found(checks: Checklist) -> str:
    if checks.worst:
        return checks.worst
    if not checks.checks:
        return "not searched for faults"
    return f"none of {whole(len(checks.checks))} kinds of fault was found"


def _opening(results: Results, page: PageData) -> Opening | None:
    own = page.dataset
    sentences = [
        dataset.size(own.facts, with_classes=False),
        *([own.fallback] if own.fallback else []),
    ]
    return Opening(data_heading(results.data, page.checklist), sentences)


CHAPTER = Chapter(
    "data", "Data", _opening, template="data.html.j2", style="data.css.j2", script="data.js"
)
