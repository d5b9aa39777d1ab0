"""Who leads, by what, and what the test images say of it: a heading and two sentences."""

from collections.abc import Sequence

from vestry.report.formatting import counted, listed
from vestry.report.models import Model
from vestry.report.sections import by_score, standing
from vestry.report.sections import score_figures as score
from vestry.schema.results import Results

_MOST_NAMED = 3
_MOST_SENTENCES = 2


def finding(results: Results, ranked: Sequence[Model]) -> str:
    """Never more than the tests show; the order is that of validation."""
    first, *others = ranked
    if not others:
        return f"{first.name} is the only model, so there is nothing to compare it with"
    leads = _leads(ranked)
    if results.nested:
        return f"{leads}; folds of the same images confirm nothing"
    ahead = [model for model in others if model.mark == "ahead"]
    open_ = [model for model in others if model.mark in ("level", "unknown")]
    if ahead:
        be = "is" if len(ahead) == 1 else "are"
        return f"{leads}, but on test {_names(ahead)} {be} significantly ahead of it"
    if not open_:
        rest = others[0].name if len(others) == 1 else f"each of the other {len(others)}"
        return f"{leads}, and on test {rest} is significantly behind it"
    return f"{leads}; on test no significant difference from {_whom(open_, others)}"


def _leads(ranked: Sequence[Model]) -> str:
    """ "A leads on validation by 0.3 points"."""
    first, second = ranked[0], ranked[1]
    by = f" by {score.name_of(first)}" if first.ordered_by else ""
    twins = [model for model in ranked[1:] if model.is_level_with(first)]
    if twins:
        return f"{_names([first, *twins])} lead on validation{by} with the same figures"
    gap = score.gap(first, second, "validation").lstrip("+\u2212")
    if score.value(first, "validation") == score.value(second, "validation"):
        return f"{first.name} leads on validation by its lower log loss alone"
    if not float(gap.split()[0]):
        gap = "less than 0.1 points" if score.is_share(first) else "less than 0.001"
    return f"{first.name} leads on validation{by}, by {gap}"


def _whom(open_: Sequence[Model], others: Sequence[Model]) -> str:
    if len(open_) == len(others) > 1:
        return f"any of the other {len(others)}"
    return _names(open_)


def _names(models: Sequence[Model]) -> str:
    """Some names, or how many there are."""
    if len(models) <= _MOST_NAMED:
        return listed([model.name for model in models])
    return counted(len(models), "model")


def sentences(results: Results, ranked: Sequence[Model]) -> list[str]:
    """What misleads comes before what can be seen."""
    said = [
        by_score.misleading(results),
        by_score.not_above(results),
        _order(results, ranked),
        standing.least_seen(results),
    ]
    return [text for text in said if text][:_MOST_SENTENCES]


def _order(results: Results, ranked: Sequence[Model]) -> str | None:
    """Who is behind on test, and that this changes no rank."""
    if len(ranked) == 1 or results.nested:
        return None
    behind = [model for model in ranked[1:] if model.mark == "behind"]
    level = [model for model in ranked[1:] if model.mark == "level"]
    be = "is" if len(behind) == 1 else "are"
    parts = [
        f"{_names(behind)} {be} significantly behind" if 0 < len(behind) < len(ranked) - 1 else ""
    ]
    if level:
        margin = score.margin_words(
            results.resolution.margin if results.resolution else 0, ranked[0]
        )
        be = "is" if len(level) == 1 else "are"
        parts.append(f"{_names(level)} {be} shown to be within {margin}")
    told = "; ".join(part for part in parts if part)
    on_test = f" On test {told}." if told else ""
    return f"Validation alone orders them; test images had no say.{on_test}"
