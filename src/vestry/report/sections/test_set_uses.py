"""How often the test labels were used, as far as the register knows, and what that means."""

from vestry.report.formatting import counted, listed, per_cent, whole
from vestry.report.section import Section
from vestry.schema.cross_validation import NestedChoice
from vestry.schema.environment import TestSetUses
from vestry.schema.results import Results

_LEAST_GAIN = 0.05
"""Points; less is shown as 0.0."""


def _how_often(found: TestSetUses, nested: NestedChoice | None) -> str:
    had_a_say, link = "Nothing in this run was chosen by them", "but"
    if nested is not None:
        had_a_say, link = "Models of this run were chosen by the same images", "and"
    times = found.comparisons
    if times < 2:
        return (
            "Models were compared on these test images once in this register: now. "
            f"{had_a_say}.{_by_rows(found)}"
        )
    own = found.of_this_study
    studies = found.studies
    whose = (
        "all of them by this study as it stands"
        if own == times
        else f"by {counted(studies, 'study', 'studies')}; {own or 'none'} by this one as it stands"
    )
    return (
        f"Models were compared on these test images {times} times in this register, {whose}."
        f"{_by_rows(found)} {had_a_say}, {link} people read pages and change studies."
    )


def _by_rows(found: TestSetUses) -> str:
    """Where not all images were used as often, or in other sets, too; to follow a sentence."""
    said = ""
    if len(found.used) > 1:
        parts = [
            f"{whole(each.rows)} {_times(each.comparisons)}" for each in found.used[:_MOST_TOLD]
        ]
        more = ", the others less often" if len(found.used) > _MOST_TOLD else ""
        said = (
            f" Of these {whole(found.rows)} images {listed(parts)}{more}: sets are told apart by "
            "their images, not by their files."
        )
    elif found.sets > 1:
        said = f" These images stand in {found.sets} sets that differ in something else."
    if found.unmatched_sets:
        said += (
            f" {counted(found.unmatched_sets, 'set')} of an earlier version's cannot be compared "
            "by image."
        )
    return said


_MOST_TOLD = 3


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


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
        f"about {gain:.1f} points better than it is on average{_spread(found)}, by chance alone; "
        f"models that err on the same images less. {fresh}"
    )


def _spread(found: TestSetUses) -> str:
    """How much that varies, where it is known."""
    if found.luck_deviation is None:
        return ""
    return f" (standard deviation {100 * found.luck_deviation:.1f})"


def _sentences(results: Results) -> list[str]:
    return [_how_often(results.test_looks, results.nested), consequence(results.test_looks)]


SECTION = Section(
    key="test_looks",
    data=_sentences,
    template="test_set_uses.html.j2",
    title="How often the test set was used",
    anchor="test-looks",
    chapter="made",
)
