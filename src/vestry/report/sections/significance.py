"""How sure the ranking is: every pair tested, every score with its interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vestry.report.formatting import (
    between,
    counted,
    listed,
    per_cent,
    points,
    points_range,
    probability,
    whole,
    with_deviation,
    with_interval,
)
from vestry.report.models import Model, models_by_rank
from vestry.report.plot.heat_map import KIND_WORDS, TieMatrix, tie_matrix
from vestry.report.section import Section
from vestry.report.sections.score_table import ScoreTable, score_table
from vestry.report.sections.tests_words import family_words, images_for, more_images
from vestry.schema.base import Interval, Number
from vestry.schema.results import Results
from vestry.schema.significance import Comparisons, PairOfModels, PairOverFolds

# How sure the ranking is, in words: which differences are significant, and what would show others.


def lead(results: Results) -> list[str]:
    found = results.comparisons
    if not found:
        return ["One model has no ranking; its scores and how sure they are stand below."]
    return [_tested(found), _separated(found, models_by_rank(results))]


def _tested(found: Comparisons) -> str:
    """How many pairs there are, and how many differ significantly."""
    count = sum(pair.told_apart for pair in found.pairs)
    images = counted(found.rows, "test image")
    how = _test_words(found)
    if found.family == 1:
        what = "a significant" if count else "no significant"
        return f"Both models answered the same {images}; {how} shows {what} difference."
    differ = "all differ" if count == found.family else "none differs" if not count else ""
    return (
        f"All models answered the same {images}. Of {counted(found.family, 'pair')}, "
        f"{differ or _differ(count)} significantly by {how}, adjusted after Holm so "
        "that any false alarm among all pairs has a chance of at most "
        f"{per_cent(found.level, 0)}."
    )


def _test_words(found: Comparisons) -> str:
    if any(pair.method == "two-way" for pair in found.pairs):
        return "a test of images and, where there are several, of seeds"
    return "McNemar\u2019s test"


def _differ(count: int) -> str:
    return f"{count} {'differs' if count == 1 else 'differ'}"


def _separated(found: Comparisons, ranked: Sequence[Model]) -> str:
    """What it would take to show a difference of the first from whoever shows none, else of the
    next two."""
    tied = [pair for pair in found.pairs if not pair.told_apart]
    if not tied:
        return "So every two differ by more than chance would explain."
    first, of = ranked[0].name, {model.name: model.accuracy("test") for model in ranked}
    own = [pair for pair in tied if first in (pair.one, pair.other)]
    which = counted(len(tied), "pair") if len(tied) == found.family else f"other {len(tied)}"
    others = f"the {which}" if len(tied) > 1 else "the two of the other pair"
    if found.family == 1:
        others = "them"
    shown = (own or tied)[0]
    said = images_for(shown, between(of[shown.one], of[shown.other]))
    return f"That does not make {others} equal. {said}"


def uncertainties(models: list[Model], rows: int) -> str:
    """The two uncertainties of a figure, each by its name, with this run's sizes."""
    widest = max(models, key=_half_width)
    sampling = (
        f"Two uncertainties stand apart here. Sampling error, what other {counted(rows, 'image')} "
        f"could change: up to \u00b1 {points(_half_width(widest)).lstrip('+')} points "
        f"({widest.name})."
    )
    several = [model for model in models if model.over_seeds("test", "accuracy")]
    if not several:
        return (
            f"{sampling} Spread over seeds, what another fit could change: not known, since no "
            "model was fitted with several seeds."
        )
    shown = listed([f"\u00b1 {100 * deviation(m):.1f} ({m.name})" for m in several[:4]])
    more = f"; {len(several) - 4} more in the table" if len(several) > 4 else ""
    once = len(models) - len(several)
    rest = f" The other {once} were fitted once." if once > 1 else ""
    return (
        f"{sampling} Spread over seeds, what another fit could change: {shown} points{more}.{rest} "
        f"Tests and intervals of models with several seeds are of both. {_of_seeds(once)}"
    )


def _of_seeds(once: int) -> str:
    """What is assumed of seeds where models are compared. once: how many were fitted once."""
    few = (
        "A few seeds say little of how far the next one would move a model, so differences are "
        "judged by the seeds of all models together: each is taken to move as they do, one whose "
        "own seeds lie further apart by those"
    )
    return f"{few}{', and one fitted once as the others' if once else ''}."


def _half_width(model: Model) -> float:
    low, high = model.interval("test")
    return (high - low) / 2


def deviation(model: Model) -> float:
    spread = model.over_seeds("test", "accuracy")
    return (spread.deviation if spread else None) or 0.0


def _sampling_error(model: Model) -> str:
    return with_interval(model.accuracy("test"), *model.interval("test"))


def _spread_over_seeds(model: Model) -> str:
    spread = model.over_seeds("test", "accuracy")
    if not spread:
        return "one seed"
    seeds = counted(len(spread.values), "seed")
    return f"{with_deviation(spread.mean, spread.deviation)} over {seeds}"


def _cross_validated(pairs: list[PairOverFolds]) -> str | None:
    """Members on the same folds; None where there are fewer than two."""
    if not pairs:
        return None
    count = sum(pair.told_apart for pair in pairs)
    which = "none" if not count else "all" if count == len(pairs) else str(count)
    return (
        f"On held-out folds of the training rows, {which} of {counted(len(pairs), 'pair')} "
        f"{'differs' if count < 2 else 'differ'} significantly by the t-test corrected for folds "
        "that share training rows (Nadeau and Bengio)."
    )


@dataclass(frozen=True)
class PairRow:
    """One pair in words."""

    one: str
    other: str
    is_significant: bool
    cells: list[str]


@dataclass(frozen=True)
class Uncertainty:
    name: str
    sampling: str
    seeds: str


@dataclass(frozen=True)
class Certainty:
    """matrix: None for a single model. kinds: the figure's kinds of cells with their words."""

    lead: list[str]
    matrix: TieMatrix | None
    kinds: dict[str, str]
    pairs: list[PairRow]
    uncertainties: str
    both: list[Uncertainty]
    table: ScoreTable
    folds: list[PairRow]
    folds_sentence: str | None
    families: str | None


def certainty_data(results: Results) -> Certainty | None:
    """None without models."""
    ranked, found = models_by_rank(results), results.comparisons
    if not ranked:
        return None
    pairs, folds = (found.pairs, found.cross_validated) if found else ([], [])
    of = {model.name: model.accuracy("test") for model in ranked}
    matrix = tie_matrix(ranked, pairs) if pairs else None
    return Certainty(
        lead=lead(results),
        matrix=matrix,
        kinds={kind: KIND_WORDS[kind] for kind in matrix.kinds} if matrix else {},
        pairs=[_pair_row(pair, of) for pair in pairs],
        uncertainties=uncertainties(ranked, results.data.splits["test"].rows),
        both=[Uncertainty(m.name, _sampling_error(m), _spread_over_seeds(m)) for m in ranked],
        table=score_table(results, ranked),
        folds=[_fold_row(pair) for pair in folds],
        folds_sentence=_cross_validated(folds),
        families=family_words(results),
    )


def _pair_row(pair: PairOfModels, accuracy: Mapping[str, float]) -> PairRow:
    """accuracy: of the test images, by model."""
    return PairRow(
        pair.one,
        pair.other,
        pair.told_apart,
        [
            points(between(accuracy[pair.one], accuracy[pair.other])),
            _limits(pair.interval),
            _images(pair.only_one),
            _images(pair.only_other),
            f"{probability(pair.p)} ({pair.method})",
            probability(pair.p_holm),
            more_images(pair),
        ],
    )


def _images(count: Number) -> str:
    """Whole images, or their mean over seeds."""
    return whole(count) if isinstance(count, int) else f"{count:.1f}"


def _fold_row(pair: PairOverFolds) -> PairRow:
    return PairRow(
        pair.one,
        pair.other,
        pair.told_apart,
        [
            whole(pair.folds),
            points(pair.difference),
            _limits(pair.interval),
            probability(pair.p),
            probability(pair.p_holm),
        ],
    )


def _limits(interval: Interval | None) -> str:
    return points_range(*interval) if interval else "no spread"


SECTION = Section(
    key="certainty",
    data=certainty_data,
    template="significance.html.j2",
    style="significance.css.j2",
    title="How sure",
    anchor="certainty",
    chapter="compare",
)
