"""How often the test labels were used on this machine, and what that means for the figures."""

from vestry.report.formatting import counted, per_cent
from vestry.report.section import Section
from vestry.schema.environment import TestSetUses
from vestry.schema.results import Results

_LEAST_GAIN = 0.05
"""Points; less is shown as 0.0."""


def _how_often(found: TestSetUses) -> str:
    times = found.comparisons
    if times < 2:
        return (
            "Models were compared on these test images once on this machine: now. Nothing in this "
            "run was chosen by them."
        )
    own = found.of_this_study
    studies = found.studies
    whose = (
        "all of them by this study as it stands"
        if own == times
        else f"by {counted(studies, 'study', 'studies')}; {own or 'none'} by this one as it stands"
    )
    return (
        f"Models were compared on these test images {times} times on this machine, {whose}. "
        "Nothing in this run was chosen by them, but people read pages and change studies."
    )


def consequence(found: TestSetUses) -> str:
    if found.comparisons < 2:
        return (
            "Whoever changes the study after reading this page and compares again is choosing by "
            "the test images, and their figures become a little too good."
        )
    gain = 100 * min(found.luck, 1 - found.accuracy)
    fresh = "Images that no one has used yet would settle it."
    if gain < _LEAST_GAIN:
        return (
            "The figure of the best of many comparisons is too good (selection bias); by how much "
            f"here, a figure of {per_cent(found.accuracy)} does not tell. {fresh}"
        )
    return (
        f"If each comparison had led to another choice, the best of {found.comparisons} equally "
        f"good models of {per_cent(found.accuracy)} that err on different images would look "
        f"about {gain:.1f} points better than it is on average, by chance alone; models that err "
        f"on the same images less. {fresh}"
    )


def _sentences(results: Results) -> list[str]:
    return [_how_often(results.test_looks), consequence(results.test_looks)]


SECTION = Section(
    key="test_looks",
    data=_sentences,
    template="test_set_uses.html.j2",
    title="Test set",
    anchor="test-looks",
)
