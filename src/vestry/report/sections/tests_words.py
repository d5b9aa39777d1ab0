"""What the tests of a page are, and what it would take to show what they do not, in words."""

from vestry.evaluation.paired_tests import LEVEL
from vestry.report.formatting import counted, per_cent, points, roughly
from vestry.schema.results import Results
from vestry.schema.significance import PairOfModels, TestFamily


def images_for(pair: PairOfModels, apart: float) -> str:
    """What it would take to show a difference between two that show none. apart: their difference
    in test accuracy, of the figures as they are printed."""
    more, between = pair.more_rows, f"between {pair.one} and {pair.other}"
    if more is None:
        said = _UNKNOWN[_why_unknown(pair)].format(between)
        return f"{said[0].upper()}{said[1:]}."
    if not more:
        return f"The difference {between} would be significant if the two were the only pair."
    return (
        f"If the {_size(apart)} {between} are real, about {roughly(more)} more test images would "
        "show them in at least 80% of cases, however the other pairs stand."
    )


def _size(apart: float) -> str:
    """ "0.5 points"."""
    if not apart:
        return "less than 0.1 points"
    text = points(abs(apart)).lstrip("+")
    return f"{text} {'point' if text == '1.0' else 'points'}"


_UNKNOWN = {
    "level": "{} these images show no difference at all, so how many would show one is not known",
    "seeds": "to show a difference {} more images alone would not do: more seeds are needed",
    "many": "to show a difference as small as that {}, over 10 million images would be needed",
}
_IN_TABLE = {"level": "level: not known", "seeds": "more seeds needed", "many": "over 10 million"}


def _why_unknown(pair: PairOfModels) -> str:
    if pair.only_one == pair.only_other:
        return "level"
    return "seeds" if max(pair.seeds) > 1 else "many"


def more_images(pair: PairOfModels) -> str:
    """A cell of the table."""
    more = pair.more_rows
    if pair.told_apart:
        return "significant"
    if more is None:
        return _IN_TABLE[_why_unknown(pair)]
    return f"about {roughly(more)}" if more else "none, as the only pair"


def _one_family(found: TestFamily) -> str:
    return f"{found.what} ({counted(found.tests, 'test')})"


def family_words(results: Results) -> str | None:
    """Which tests this page rests on."""
    if not results.families:
        return None
    found = results.families
    parts = "; ".join(_one_family(family) for family in found)
    return (
        f"This page rests on {counted(sum(family.tests for family in found), 'test')} of "
        f"differences in {counted(len(found), 'family', 'families')}, each adjusted together "
        "(Holm), so that a false alarm anywhere in one has a chance of at most "
        f"{per_cent(LEVEL, 0)}: {parts}. A model\u2019s calibration is judged by itself, 5% a "
        "model; whatever else stands here is exploratory."
    )
