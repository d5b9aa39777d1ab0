"""What the page of several runs says above its parts: what each found, and how it is to be read."""

from vestry.report import runs_words as words
from vestry.report.formatting import counted, listed, whole
from vestry.schema.run_comparison import RunComparison


def number(results: RunComparison) -> tuple[str, str]:
    """Of the first: its test figure, and what that is of."""
    first, images = results.ranking[0], counted(results.rows, "image")
    own = words.scored(results, first)
    if results.score and own:
        return own[1], f"{results.score.words} on test, {images}"
    return words.figure(first), f"right on test, {images}, 95% interval"


def evidence(results: RunComparison) -> str:
    """How far the test images bear the order, in a line."""
    if results.ordered_by != "validation":
        return "No common order: the runs were validated on different rows"
    others = results.ranking[1:]
    count = {
        mark: sum(bool(row.on_test and row.on_test.mark == mark) for row in others)
        for mark in ("ahead", "level", "unknown")
    }
    if not others:
        return "The only model"
    if not any(count.values()):
        each = "the other model" if len(others) == 1 else f"the other {len(others)} models"
        return f"Significantly better on test than {each}"
    written = {
        "ahead": "{} significantly better on test",
        "level": "{} level with it on test",
        "unknown": "too few images to tell from {}",
    }
    parts = [written[mark].format(whole(number)) for mark, number in count.items() if number]
    return f"Of {counted(len(others), 'other model')}: {listed(parts)}"


def headings(results: RunComparison) -> dict[str, str]:
    """What each chapter found, by its key."""
    found = results.tests.pairs
    apart = sum(pair.told_apart for pair in found)
    return {
        "changes": _changes_heading(results),
        "ranking": _ranking_heading(results),
        "tests": f"{apart} of {counted(len(found), 'tested pair')} "
        f"{'differs' if apart == 1 else 'differ'} significantly",
        "runs": f"{counted(len(results.runs), 'run')} on the same "
        f"{counted(results.rows, 'test image')}",
    }


def _changes_heading(results: RunComparison) -> str:
    changes = results.changes
    parts = [
        counted(number, noun)
        for number, noun in ((len(changes.settings), "setting"), (len(changes.makers), "model"))
        if number
    ]
    if not parts:
        return "The studies have the same models and settings"
    total = len(changes.settings) + len(changes.makers)
    return f"{listed(parts)} {'differs' if total == 1 else 'differ'} between the runs"


def _ranking_heading(results: RunComparison) -> str:
    first = results.ranking[0].label
    if results.ordered_by != "validation":
        return f"{first} is highest on test, which describes and does not choose"
    return f"{first} leads on validation"


def ranking_remark(results: RunComparison) -> str:
    """How the table is to be read."""
    score = results.score
    among = "all of these" if score else "all pairs"
    margin = "0.01" if score and score.unit != "share" else "1 point"
    alone = any(row.cost and row.cost.latency for row in results.ranking)
    return (
        f"The rank is by {results.ordered_by} {words.ordered_by(results)} alone; models of the "
        "same figures share it. Beside the first: ahead or behind where the difference on test is "
        f"significant among {among}, level where both are shown to be within {margin} of each "
        "other; else it cannot be told, which is not the same as equal. Of several seeds figures "
        "are means. "
        + (
            "Milliseconds are the median for one image alone, where a run timed that."
            if alone
            else "Milliseconds an image are of many images predicted in one go; a committee costs "
            "what its members cost together."
        )
    )


def tests(results: RunComparison) -> str:
    """What was tested and how."""
    family = results.tests.family
    adjusted = ", adjusted together by Holm’s procedure" if family > 1 else ""
    same = ", and models of the same name" if words.same_names(results) else ""
    return (
        f"Every two models were set beside each other on the same test images: "
        f"{counted(family, 'test')}{adjusted}. Below stand each run’s best by its own "
        f"validation rows{same}."
    )
