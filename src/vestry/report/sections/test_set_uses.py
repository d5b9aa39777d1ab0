"""How often the test labels were looked at, from `test_looks` of the results."""

from dataclasses import dataclass
from typing import Any

from vestry.report.formatting import counted, per_cent
from vestry.report.models import Results
from vestry.report.section import Section

# What looking at a test set again and again means for its figures.


_LEAST_GAIN = 0.05
"""Points; less is shown as 0.0."""


def test_looks(found: dict[str, Any]) -> list[str]:
    """found: `test_looks` of the results."""
    return [_how_often(found), consequence(found)]


def _how_often(found: dict[str, Any]) -> str:
    times = found["comparisons"]
    if times < 2:
        return (
            "Models were compared on these test images once on this machine: now. Nothing in this "
            "run was chosen by them."
        )
    own = found["of_this_study"]
    studies = found["studies"]
    whose = (
        "all of them by this study as it stands"
        if own == times
        else f"by {counted(studies, 'study', 'studies')}; {own or 'none'} by this one as it stands"
    )
    return (
        f"Models were compared on these test images {times} times on this machine, {whose}. "
        "Nothing in this run was chosen by them, but people read pages and change studies."
    )


def consequence(found: dict[str, Any]) -> str:
    if found["comparisons"] < 2:
        return (
            "Whoever changes the study after reading this page and looks again is choosing by the "
            "test images, and their figures become a little too good."
        )
    gain = 100 * min(found["luck"], 1 - found["accuracy"])
    fresh = "Images that no one has looked at yet would settle it."
    if gain < _LEAST_GAIN:
        return (
            "Whoever takes the best of many looks reports the luck of the pick as well; how much "
            f"that is here, a figure of {per_cent(found['accuracy'])} does not tell. {fresh}"
        )
    return (
        f"If each comparison had led to another choice, the best of {found['comparisons']} equally "
        f"good models of {per_cent(found['accuracy'])} that err on different images would look "
        f"about {gain:.1f} points better than it is on average, by chance alone; models that err "
        f"on the same images less. {fresh}"
    )


@dataclass(frozen=True)
class TestLooks:
    sentences: list[str]
    test: str


def _test_looks_data(results: Results) -> TestLooks | None:
    """None for results of a version that did not count."""
    found = results.get("test_looks")
    return found and TestLooks(test_looks(found), found["test"])


SECTION = Section(
    key="test_looks",
    data=_test_looks_data,
    template="test_set_uses.html.j2",
    title="Test set",
    anchor="test-looks",
)
