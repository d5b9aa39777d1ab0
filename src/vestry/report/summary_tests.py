"""The comparison of a run in one sentence: who differs from whom, and by which test."""

from collections.abc import Sequence

from vestry.report.formatting import counted, listed, probability
from vestry.report.models import Model, chosen_on, models_by_rank
from vestry.report.sections import score_figures as score
from vestry.schema.results import Results
from vestry.schema.significance import PairOfModels

_MOST_NAMES = 4
_BY_SCORE = "Student\u2019s t with the variance of redrawn images and of seeds"


def compared(results: Results) -> str:
    """Without a full stop."""
    ranked = models_by_rank(results)
    if len(ranked) < 2:
        return "No models were compared with each other, since there were not two of them"
    if results.nested:
        return _by_choosing(results, ranked)
    return _by_score(results, ranked) if ranked[0].ordered_by else _by_pairs(results, ranked)


def _by_pairs(results: Results, ranked: Sequence[Model]) -> str:
    """Accuracies on the test images: the one that is quoted beside every other one."""
    found = results.comparisons
    if found is None:
        return "No models were compared with each other"
    taken = _taken(results, ranked)
    pairs = {
        _other(pair, taken): pair for pair in found.pairs if taken.name in (pair.one, pair.other)
    }
    ahead = [name for name, pair in pairs.items() if pair.told_apart and _gain(pair, taken) > 0]
    behind = [name for name, pair in pairs.items() if pair.told_apart and _gain(pair, taken) < 0]
    rest = [name for name, pair in pairs.items() if not pair.told_apart]
    folded = any(pair.method == "two-way" for pair in found.pairs)
    test = (
        f"McNemar\u2019s test{', with several seeds a test of images and seeds' if folded else ''}"
    )
    return (
        f"On the same test images {_standing(taken.name, ahead, behind, rest)} ({test}, "
        f"{_holm(found.family, 'pair', found.level)}){_nearest(taken, ranked, pairs)}"
    )


def _taken(results: Results, ranked: Sequence[Model]) -> Model:
    name = results.decision.recommended if results.decision else None
    return next((model for model in ranked if model.name == name), ranked[0])


def _other(pair: PairOfModels, taken: Model) -> str:
    return pair.other if pair.one == taken.name else pair.one


def _gain(pair: PairOfModels, taken: Model) -> float:
    return pair.difference if pair.one == taken.name else -pair.difference


def _standing(name: str, ahead: list[str], behind: list[str], rest: list[str]) -> str:
    """ "A is significantly more accurate than B, and not significantly different from C"."""
    said = [
        f"is significantly more accurate than {_some(ahead)}" if ahead else "",
        f"is significantly less accurate than {_some(behind)}" if behind else "",
        f"shows no significant difference from {_some(rest)}" if rest else "",
    ]
    return f"{name} {listed([text for text in said if text])}"


def _some(names: list[str]) -> str:
    more = [f"{len(names) - _MOST_NAMES} more"] if len(names) > _MOST_NAMES else []
    return listed([*map(apart, names[:_MOST_NAMES]), *more])


def apart(name: str) -> str:
    """A name among others; between marks where it holds what parts them."""
    return f"\u201c{name}\u201d" if set(",;") & set(name) else name


def _holm(tests: int, noun: str, level: float) -> str:
    return f"Holm\u2019s adjustment over {counted(tests, noun)}, level {level:g}"


def _nearest(taken: Model, ranked: Sequence[Model], pairs: dict[str, PairOfModels]) -> str:
    """The figures beside the first of the others."""
    other = next((model for model in ranked if model.name in pairs), None)
    if other is None:
        return ""
    pair = pairs[other.name]
    low, high = pair.interval
    ends = (low, high) if pair.one == taken.name else (-high, -low)
    return (
        f"; beside {other.name} the difference is {score.gap(taken, other, 'test')} (95% interval "
        f"{score.amount_range(taken, ends)}, adjusted p {probability(pair.p_holm)})"
    )


def _by_score(results: Results, ranked: Sequence[Model]) -> str:
    """By another score than accuracy: every model beside the first by validation."""
    first, *others = ranked
    of = {
        mark: [each.name for each in others if each.mark in marks]
        for mark, marks in {
            "ahead": ("behind",),
            "behind": ("ahead",),
            "rest": ("level", "unknown"),
        }.items()
    }
    better = [
        f"has a significantly better {score.name_of(first)} than {_some(of['ahead'])}",
        f"has a significantly worse one than {_some(of['behind'])}",
        f"shows no significant difference from {_some(of['rest'])}",
    ]
    said = [text for text, names in zip(better, of.values(), strict=True) if names]
    level = results.comparisons.level if results.comparisons else 0.05
    nearest = others[0]
    beside = nearest.on_test
    figures = (
        f"; {nearest.name} differs from it by {score.gap(nearest, first, 'test')} (95% interval "
        f"{score.amount_range(nearest, beside.interval)}, adjusted p {probability(beside.p_holm)})"
        if beside
        else ""
    )
    return (
        f"On the same test images {first.name}, the first by validation, {listed(said)} "
        f"({_BY_SCORE}, {_holm(len(others), 'test', level)}){figures}"
    )


def _by_choosing(results: Results, ranked: Sequence[Model]) -> str:
    """Where folds test the images that models were chosen by, the tests of the choice are all."""
    found = results.decision
    if found is None or found.reason is None:
        return (
            "Folds test the same images that models were chosen by, so no test of its own was made "
            "of the models\u2019 order"
        )
    tests = found.reason.equals or found.reason.tests
    behind = [test.name for test in tests if test.behind]
    rest = [test.name for test in tests if not test.behind]
    best = next(model for model in ranked if model.name == found.reason.best)
    subject = found.recommended if found.reason.equals else found.reason.best
    if not tests:
        return f"{subject} was the only model to choose, so it was compared with no other one"
    test = _BY_SCORE if best.ordered_by else "McNemar\u2019s test"
    return (
        f"On the {chosen_on(results).images} that models were chosen by, "
        f"{_standing(str(subject), behind, [], rest)} ({test}, "
        f"{_holm(len(tests), 'test', found.level)}); the folds hold the same images, so they "
        "confirm nothing of that"
    )
