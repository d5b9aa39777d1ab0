"""The chapter Trust: whether the recommended model's confidence is honest, what it gains by leaving
images unanswered, and how it does on worse ones."""

from vestry.report.chapter import Chapter, Opening
from vestry.report.section import PageData
from vestry.schema.results import Results


def _opening(_results: Results, page: PageData) -> Opening | None:
    calibration, robustness = page.calibration, page.robustness
    if calibration is None and robustness is None:
        return None
    finding = robustness.finding if robustness else ""
    if calibration is None:
        return Opening("How sure the models are is not known", [finding] if finding else [])
    return Opening(calibration.heading, [finding] if finding else [])


CHAPTER = Chapter(
    "trust",
    "Trust",
    _opening,
    template="trust.html.j2",
    style="trust.css.j2",
    script="trust.js",
)
