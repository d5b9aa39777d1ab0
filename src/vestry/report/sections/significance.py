"""How sure the ranking is: every pair tested, every score with its interval."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vestry.report.formatting import (
    between,
    counted,
    listed,
    per_cent,
    points,
    probability,
    whole,
)
from vestry.report.models import Model, models_by_rank
from vestry.report.plot.heat_map import KIND_WORDS, TieMatrix, tie_matrix
from vestry.report.section import Section
from vestry.report.sections.score_table import score_table, without_interval
from vestry.report.sections.tests_words import family_words, images_for, more_images
from vestry.report.table import Column, Row, Table, text_column
from vestry.schema.base import Number
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
    more = f"; {len(several) - 4} more in the table of models" if len(several) > 4 else ""
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
class Certainty:
    """matrix: None for a single model. kinds: the figure's kinds of cells with their words. pairs,
    folds: None where there are none. without_interval: why some scores have none."""

    lead: list[str]
    matrix: TieMatrix | None
    kinds: dict[str, str]
    pairs: Table | None
    uncertainties: str
    scores: Table
    without_interval: str | None
    folds: Table | None
    folds_sentence: str | None
    families: str | None

    @property
    def tables(self) -> list[Table]:
        return [table for table in (self.pairs, self.scores, self.folds) if table]


def certainty_data(results: Results) -> Certainty | None:
    """None without models."""
    ranked, found = models_by_rank(results), results.comparisons
    if not ranked:
        return None
    pairs, folds = (found.pairs, found.cross_validated) if found else ([], [])
    matrix = tie_matrix(ranked, pairs) if pairs else None
    return Certainty(
        lead=lead(results),
        matrix=matrix,
        kinds={kind: KIND_WORDS[kind] for kind in matrix.kinds} if matrix else {},
        pairs=_pair_table(pairs, ranked) if pairs else None,
        uncertainties=uncertainties(ranked, results.data.splits["test"].rows),
        scores=score_table(ranked),
        without_interval=without_interval(results, ranked),
        folds=_fold_table(folds) if folds else None,
        folds_sentence=_cross_validated(folds),
        families=family_words(results),
    )


def _pair_table(pairs: list[PairOfModels], ranked: list[Model]) -> Table:
    """Every pair with its test; on the page the difference is that of the figures as printed."""
    accuracy = {model.name: model.accuracy("test") for model in ranked}

    def printed(row: Row) -> str:
        return points(between(accuracy[row["one"]], accuracy[row["other"]]))

    return Table(
        "model-pairs",
        "Every two models on the test images",
        (
            text_column("one", "One"),
            text_column("other", "Other"),
            Column("difference", "One less other, points", points, of_row=printed),
            Column("low", "95% from", points),
            Column("high", "to", points),
            Column("only_one_right", "Only one right", _images),
            Column("only_other_right", "Only other right", _images),
            Column("p", "p", probability, sorts="up", beside=_method),
            Column("method", "Test", is_number=False, shown=False),
            Column("p_holm", "p, Holm", probability, sorts="up"),
            text_column("significant", "Significant"),
            Column("more_test_images", "More test images needed", of_row=_more(pairs)),
        ),
        tuple(
            (
                pair.one,
                pair.other,
                pair.difference,
                *pair.interval,
                pair.only_one,
                pair.only_other,
                pair.p,
                pair.method,
                pair.p_holm,
                "yes" if pair.told_apart else "no",
                pair.more_rows,
            )
            for pair in pairs
        ),
    )


def _method(row: Row) -> str:
    return str(row["method"])


def _more(pairs: list[PairOfModels]) -> Callable[[Row], str]:
    said = {(pair.one, pair.other): more_images(pair) for pair in pairs}
    return lambda row: said[row["one"], row["other"]]


def _images(count: Number) -> str:
    """Whole images, or their mean over seeds."""
    return whole(count) if isinstance(count, int) else f"{count:.1f}"


def _fold_table(pairs: list[PairOverFolds]) -> Table:
    return Table(
        "pairs-over-folds",
        "Every two members on the same folds of the training rows",
        (
            text_column("one", "One"),
            text_column("other", "Other"),
            Column("folds", "Folds", whole),
            Column("mean_difference", "Mean difference, points", points),
            Column("low", "95% from", _end),
            Column("high", "to", _end),
            Column("p", "p", probability, sorts="up"),
            Column("p_holm", "p, Holm", probability, sorts="up"),
            text_column("significant", "Significant"),
        ),
        tuple(
            (
                pair.one,
                pair.other,
                pair.folds,
                pair.difference,
                *(pair.interval or (None, None)),
                pair.p,
                pair.p_holm,
                "yes" if pair.told_apart else "no",
            )
            for pair in pairs
        ),
    )


def _end(value: float | None) -> str:
    return "no spread" if value is None else points(value)


SECTION = Section(
    key="certainty",
    data=certainty_data,
    template="significance.html.j2",
    style="significance.css.j2",
    title="Every pair of models, every score",
    anchor="certainty",
    chapter="compare",
    tables=lambda certainty: certainty.tables,
)
