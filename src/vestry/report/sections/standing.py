"""Who stands where in words: first by validation, and what the test images say of the others."""

from collections.abc import Sequence

from vestry.report.formatting import (
    counted,
    listed,
    probability,
)
from vestry.report.models import Model, chosen_on, models_by_rank
from vestry.report.sections import score_figures as score
from vestry.report.sections.leaks import leaked_rows
from vestry.schema.base import MarkWord
from vestry.schema.results import Results
from vestry.schema.run_comparison import RankedOfRuns
from vestry.schema.significance import Comparisons, Ranked, SmallestShown

_MOST_NAMES = 4
MARKS: dict[MarkWord, str] = {
    "ahead": "ahead on test",
    "behind": "behind on test",
    "level": "level on test",
    "unknown": "cannot be told: too few images",
}
_SELECTION_BIAS = (
    "The order stays with validation: figures of a model that was picked by them are too good "
    "(selection bias)."
)


def marked(row: Ranked | RankedOfRuns) -> str:
    """What the test images say of one row of the ranking beside the first; empty for the first.
    Not for results of nested folds, which test the same images."""
    return MARKS[row.on_test.mark] if row.on_test else ""


def seen(results: Results, model: Model) -> str:
    """How it stands to the first on test, in the words of page and console; empty for the first."""
    margin = results.resolution.margin if results.resolution else 0.0
    words: dict[MarkWord, str] = {
        "ahead": "significantly ahead",
        "behind": "significantly behind",
        "level": f"within {score.margin_words(margin, model)}",
        "unknown": "no significant difference",
    }
    return words[model.on_test.mark] if model.on_test else ""


def lead(results: Results, ranked: list[Model]) -> list[str]:
    """The answer where at least two models were compared on the same test images."""
    if results.nested:
        return [_first_in_folds(results, ranked[0])]
    said = [_first(results, ranked[0]), on_test(results, ranked), _above(ranked), _second(ranked)]
    return [text for text in said if text]


def _first(results: Results, leader: Model) -> str:
    return (
        f"{leader.name} is first by validation: "
        f"{score.right_on(leader, _validation_rows(results))}{_level_with(results)}. On the "
        f"{test_rows(results)}, which had no say in the order, {score.it_is(leader)}."
    )


def _first_in_folds(results: Results, leader: Model) -> str:
    """Where folds test the images that models were chosen by: nothing is confirmed by them."""
    return (
        f"{leader.name} is first by validation: "
        f"{score.right_on(leader, _validation_rows(results))}{_level_with(results)}. "
        "The test folds hold the same images, so that they say nothing of their own of the order."
    )


def _level_with(results: Results) -> str:
    """Who has the first's figure on validation rows, and what then orders them."""
    leader, *others = results.ranking
    by_score = models_by_rank(results)[0].ordered_by is not None
    key = "validation_score" if by_score else "validation_accuracy"
    same = [row for row in others if getattr(row, key) == getattr(leader, key)]
    twins = [row.name for row in same if row.rank == leader.rank]
    higher = [row.name for row in same if row.rank != leader.rank]
    said = []
    if twins:
        said.append(f"with the same figures as {listed(twins)}")
    if higher:
        said.append(f"as good as {listed(higher)}, before which its lower log loss puts it")
    return f" ({'; '.join(said)})" if said else ""


def on_test(results: Results, ranked: Sequence[Model]) -> str:
    """What the test images say of each other model beside the first."""
    leader, *others = ranked
    of = {mark: [m for m in others if m.mark == mark] for mark in MARKS}
    if len(of["unknown"]) == len(others):
        who = "the other one" if len(others) == 1 else f"any of the other {len(others)}"
        at_once = _among_all(results) if leader.ordered_by is None else ""
        return (
            f"Nothing more can be told on test: {at_once}the {test_rows(results)} are "
            f"too few to say whether {who} is behind {leader.name}, ahead of it or level with it. "
            "That does not make them equal."
        )
    margin = score.margin_words(results.resolution.margin if results.resolution else 0, leader)
    words: dict[MarkWord, str] = {
        "behind": "behind it",
        "ahead": "ahead of it, by more than chance would explain",
        "level": f"level with it, within {margin}",
    }
    parts = [f"{_names(of[m])} {_be(of[m])} {text}" for m, text in words.items() if of[m]]
    said = f"On the same images {'; '.join(parts)}."
    if of["unknown"]:
        seeds = ", or the seeds," if any(map(_has_seeds, [leader, *of["unknown"]])) else ""
        said += (
            f" Of {_names(of['unknown'])} it cannot be told: the test images{seeds} are too few."
        )
    return said


def _among_all(results: Results) -> str:
    """How many pairs are judged together, which asks more of each than a few would."""
    found = results.comparisons
    return f"with {found.family} pairs judged at once, " if found and found.family > 1 else ""


def _above(ranked: Sequence[Model]) -> str | None:
    """Models that the test images put above the leader, by chance or by more."""
    leader, *others = ranked
    surely = [model for model in others if model.mark == "ahead"]
    perhaps = [
        model
        for model in others
        if model.mark == "unknown" and score.is_better(model, leader, "test")
    ]
    if perhaps:
        stand = "stands" if len(perhaps) == 1 else "stand"
        what = f"{_figures(perhaps)} {stand} above {leader.name} on test, which may be chance."
        return f"{what} {_SELECTION_BIAS}"
    return _SELECTION_BIAS if surely else None


def _second(ranked: Sequence[Model]) -> str | None:
    """Who follows, and how it compares on the same test images."""
    follower, found = ranked[1], ranked[1].on_test
    if found is None:
        return None
    figure = score.validation_figure(follower)
    if follower.ordered_by:
        figure = f"{score.a_score(follower)} of {figure}"
    stands = (
        f"has the same {score.validation_figure(follower)}"
        if follower.is_level_with(ranked[0])
        else f"follows with {figure}"
    )
    return (
        f"{follower.name} {stands} on validation; on test {score.it_is(follower)}, a difference of "
        f"{score.gap(follower, ranked[0], 'test')} "
        f"({score.amount_range(follower, found.interval)}, adjusted p "
        f"{probability(found.p_holm)})."
    )


def rank_remark(results: Results) -> str | None:
    """What the words under a test figure mean; None for results without them."""
    found, tests, ranked = results.resolution, results.comparisons, models_by_rank(results)
    if not found or not tests or not ranked:
        return None
    leader, *others = ranked
    same = (
        f"models of the same {score.name_of(leader)}" if leader.ordered_by else "equal accuracies"
    )
    rank = (
        f"The rank is by validation alone; among {same} the lower log loss is first, and "
        "\u201c=\u201d marks models that are equal in both. "
    )
    if results.nested:
        return (
            f"{rank}The nested folds are of the same images: no difference there confirms the "
            "order."
        )
    family = "all of these" if leader.ordered_by else "all pairs"
    count = len(others) if leader.ordered_by else tests.family
    noun = "test" if leader.ordered_by else "pair"
    holm = f"{counted(count, noun)}, Holm\u2019s adjustment, level {tests.level:g}"
    words = _OF_SCORE if leader.ordered_by else _test_words(tests)
    return (
        f"{rank}The difference to the first is that on the same {test_rows(results)}, with its own "
        f"95% interval: significantly ahead or behind among {family} ({words}, {holm}); within "
        f"{score.margin_words(found.margin, leader)} where the whole interval is; else there is no "
        "significant difference and the images are too few to tell more, which is not the same as "
        "equal, even where its own interval leaves out 0."
    )


_OF_SCORE = "Student\u2019s t with the variance of redrawn images and of seeds"


def _test_words(tests: Comparisons) -> str:
    if all(pair.method != "two-way" for pair in tests.pairs):
        return "McNemar\u2019s test"
    return "McNemar\u2019s test; with several seeds one of images and seeds"


def _has_seeds(model: Model) -> bool:
    return model.over_seeds("test", "accuracy") is not None


def too_few(results: Results) -> str | None:
    """The smallest differences that the images show; None where there is nothing to compare."""
    coarse = _coarse(results)
    return f"{'; '.join(coarse)}." if coarse else None


def least_seen(results: Results) -> str | None:
    """The same of the test images alone; of validation images where folds test the same ones."""
    coarse = _coarse(results)
    return f"{coarse[0]}." if coarse else None


def _coarse(results: Results) -> list[str]:
    """Of test images, then of those that models are chosen by; the first begins a sentence."""
    found, ranked = results.resolution, models_by_rank(results)
    if not found or not ranked:
        return []
    said = [
        f"with {images}, {_unseen(shown, ranked[0])}"
        for images, shown in (
            (counted(found.test.rows, "test image"), found.test),
            (chosen_on(results).counted(found.validation.rows), found.validation),
        )
        if not (results.nested and shown is found.test)
    ]
    return [f"{said[0][0].upper()}{said[0][1:]}", *said[1:]]


def _unseen(shown: SmallestShown, leader: Model) -> str:
    at_once = f" ({counted(shown.tests, 'test')} at once)" if shown.tests > 1 else ""
    of = f" in {score.name_of(leader)}" if leader.ordered_by else ""
    size = shown.difference
    if size >= 1 and score.is_share(leader):
        return f"no difference{of} between two models can be seen{at_once}"
    text = f"{100 * size:.1f} points" if size < 0.0995 else f"{100 * size:.0f} points"
    if not score.is_share(leader):
        text = f"{size:.2g}"
    return f"differences{of} under about {text} cannot be seen{at_once}"


def _names(models: Sequence[Model]) -> str:
    """Some names, and how many more there are."""
    if len(models) <= _MOST_NAMES:
        return listed([model.name for model in models])
    few = [model.name for model in models[: _MOST_NAMES - 1]]
    return listed([*few, f"{len(models) - len(few)} more"])


def _figures(models: list[Model]) -> str:
    if len(models) > _MOST_NAMES:
        return f"{len(models)} models"
    return listed([f"{model.name} ({score.written(model, 'test')})" for model in models])


def _be(models: Sequence[Model]) -> str:
    return "is" if len(models) == 1 else "are"


def _validation_rows(results: Results) -> str:
    return chosen_on(results).counted(results.data.splits["validation"].rows)


def test_rows(results: Results) -> str:
    """ "1 000 test images", with how many of them leaked where some did."""
    what = "image in nested folds" if results.nested else "test image"
    several = "images in nested folds" if results.nested else None
    return counted(results.data.splits["test"].rows, what, several) + leaked_rows(results)
