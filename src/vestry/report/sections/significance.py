"""How sure the ranking is: every pair tested, every score with its interval."""

from dataclasses import dataclass
from typing import Any

from vestry.report.formatting import (
    counted,
    decimal,
    listed,
    per_cent,
    points,
    probability,
    roughly,
    whole,
    with_deviation,
    with_interval,
)
from vestry.report.models import Model, Results, models_by_rank
from vestry.report.plot.heat_map import KIND_WORDS, TieMatrix, tie_matrix
from vestry.report.section import Section

# How sure the ranking is, in words: which pairs are told apart, and what would tell the others.


Pair = dict[str, Any]


def lead(results: Results) -> list[str]:
    found = results.get("comparisons")
    if not found:
        return ["One model has no ranking; its scores and how sure they are stand below."]
    return [_tested(found), _separated(found, results)]


def _tested(found: dict[str, Any]) -> str:
    """How many pairs there are, and how many are told apart."""
    apart = sum(pair["told_apart"] for pair in found["pairs"])
    images = counted(found["rows"], "test image")
    if found["family"] == 1:
        can = "tells them apart" if apart else "cannot tell them apart"
        return f"Both models answered the same {images}; McNemar\u2019s test {can}."
    can = "all" if apart == found["family"] else "none" if not apart else str(apart)
    return (
        f"All models answered the same {images}. Of {counted(found['family'], 'pair')}, {can} can "
        "be told apart by McNemar\u2019s test, adjusted after Holm so that any false alarm among "
        f"all pairs has a chance of at most {per_cent(found['level'], 0)}."
    )


def _separated(found: dict[str, Any], results: Results) -> str:
    """What it would take to tell the first from whoever is not told from it, else the next two."""
    tied = [pair for pair in found["pairs"] if not pair["told_apart"]]
    if not tied:
        return "So every two differ by more than chance would explain."
    first = results["ranking"][0]["name"]
    own = [pair for pair in tied if first in (pair["one"], pair["other"])]
    which = counted(len(tied), "pair") if len(tied) == found["family"] else f"other {len(tied)}"
    others = f"the {which}" if len(tied) > 1 else "the two of the other pair"
    if found["family"] == 1:
        others = "them"
    return f"That does not make {others} equal. {images_for((own or tied)[0])}"


def images_for(pair: Pair) -> str:
    """What it would take to tell two apart that are not."""
    more, who = pair["more_rows"], f"{pair['one']} from {pair['other']}"
    if more is None:
        return f"To tell {who} apart, no realistic number of images would do."
    size = points(abs(pair["difference"])).lstrip("+")
    if not more:
        return f"{who[0].upper()}{who[1:]} could be told apart if the two were the only pair."
    return (
        f"If the {size} points between {pair['one']} and {pair['other']} are real, about "
        f"{roughly(more)} more test images would tell them apart (power 0.8, for this pair alone)."
    )


def more_images(pair: Pair) -> str:
    """A cell of the table."""
    more = pair["more_rows"]
    if pair["told_apart"]:
        return "told apart"
    if more is None:
        return "no realistic number"
    return f"about {roughly(more)}" if more else "none, as the only pair"


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
    more = f" and {len(several) - 4} more" if len(several) > 4 else ""
    once = len(models) - len(several)
    rest = f" The other {once} were fitted once." if once > 1 else ""
    return (
        f"{sampling} Spread over seeds, what another fit could change: {shown}{more} points.{rest} "
        "Tests and intervals are those of first seeds and know nothing of the second."
    )


def _half_width(model: Model) -> float:
    low, high = model.interval("test")
    return (high - low) / 2


def deviation(model: Model) -> float:
    spread = model.over_seeds("test", "accuracy") or {}
    return float(spread.get("deviation") or 0.0)


def _sampling_error(model: Model) -> str:
    return with_interval(model.accuracy("test"), *model.interval("test"))


def _spread_over_seeds(model: Model) -> str:
    spread = model.over_seeds("test", "accuracy")
    if not spread:
        return "one seed"
    seeds = counted(len(spread["values"]), "seed")
    return f"{with_deviation(spread['mean'], spread['deviation'])} over {seeds}"


def _cross_validated(pairs: list[Pair]) -> str | None:
    """Members on the same folds; None where there are fewer than two."""
    if not pairs:
        return None
    apart = sum(pair["told_apart"] for pair in pairs)
    which = "none" if not apart else "all" if apart == len(pairs) else str(apart)
    return (
        f"On held-out folds of the training rows, {which} of {counted(len(pairs), 'pair')} can be "
        "told apart by the t-test corrected for folds that share training rows (Nadeau and Bengio)."
    )


_SCORES = {
    "precision_macro": "Precision, macro",
    "recall_macro": "Recall, macro",
    "f1_macro": "F1, macro",
    "f1_weighted": "F1, weighted",
    "precision_micro_at_half": "Precision, micro at 0.5",
    "recall_micro_at_half": "Recall, micro at 0.5",
    "log_loss": "Log loss",
    "brier": "Brier",
    "ece": "Calibration error",
}
_NO_SHARES = ("log_loss", "brier")


@dataclass(frozen=True)
class PairRow:
    """One pair in words."""

    one: str
    other: str
    told_apart: bool
    cells: list[str]


@dataclass(frozen=True)
class ScoreRow:
    """One model's scores, each with its interval, in the order of the heads."""

    name: str
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
    resamples: int | None
    uncertainties: str
    both: list[Uncertainty]
    heads: list[str]
    scores: list[ScoreRow]
    folds: list[PairRow]
    folds_sentence: str | None


def certainty_data(results: Results) -> Certainty | None:
    """None for results of an older version, which compared no pairs, and without models."""
    ranked = models_by_rank(results)
    if "comparisons" not in results or not ranked:
        return None
    found = results.get("comparisons") or {}
    pairs, folds = found.get("pairs") or [], found.get("cross_validated") or []
    matrix = tie_matrix(ranked, pairs) if pairs else None
    return Certainty(
        lead=lead(results),
        matrix=matrix,
        kinds={kind: KIND_WORDS[kind] for kind in matrix.kinds} if matrix else {},
        pairs=[_pair_row(pair) for pair in pairs],
        resamples=found.get("resamples"),
        uncertainties=uncertainties(ranked, results["data"]["splits"]["test"]["rows"]),
        both=[Uncertainty(m.name, _sampling_error(m), _spread_over_seeds(m)) for m in ranked],
        heads=list(_SCORES.values()),
        scores=[
            ScoreRow(model.name, [_with_own_interval(model, score) for score in _SCORES])
            for model in ranked
        ],
        folds=[_fold_row(pair) for pair in folds],
        folds_sentence=_cross_validated(folds),
    )


def _pair_row(pair: dict[str, Any]) -> PairRow:
    return PairRow(
        pair["one"],
        pair["other"],
        pair["told_apart"],
        [
            points(pair["difference"]),
            _limits(pair["interval"]),
            _limits(pair["bootstrap_interval"]),
            whole(pair["only_one"]),
            whole(pair["only_other"]),
            f"{probability(pair['p'])} ({pair['method']})",
            probability(pair["p_holm"]),
            more_images(pair),
        ],
    )


def _fold_row(pair: dict[str, Any]) -> PairRow:
    return PairRow(
        pair["one"],
        pair["other"],
        pair["told_apart"],
        [
            whole(pair["folds"]),
            points(pair["difference"]),
            _limits(pair["interval"]),
            probability(pair["p"]),
            probability(pair["p_holm"]),
        ],
    )


def _limits(interval: list[float] | None) -> str:
    return f"{points(interval[0])} to {points(interval[1])}" if interval else "no spread"


def _with_own_interval(model: Model, score: str) -> str:
    """ "91.2% (90.6 to 91.7)", "0.311 (0.300 to 0.322)"; without brackets where there is none."""
    value = model.score("test", score)
    given = model.entry["intervals"]["test"].get(score)
    if score in _NO_SHARES:
        between = f" ({decimal(given[0])} to {decimal(given[1])})" if given else ""
        return f"{decimal(value)}{between}"
    between = f" ({100 * given[0]:.1f} to {100 * given[1]:.1f})" if given else ""
    return f"{per_cent(value)}{between}"


SECTION = Section(
    key="certainty",
    data=certainty_data,
    template="significance.html.j2",
    style="significance.css.j2",
    title="How sure",
    anchor="certainty",
)
