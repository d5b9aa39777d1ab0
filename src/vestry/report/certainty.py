"""How sure the ranking is: every pair tested, every score with its interval."""

from dataclasses import dataclass
from typing import Any

from vestry.report.figures.tie_matrix import KIND_WORDS, TieMatrix, tie_matrix
from vestry.report.models import Model, Results, models_by_rank
from vestry.report.numbers import decimal, per_cent, points, probability, whole
from vestry.report.sentences import certainty as sentences

SCORES = {
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
NO_SHARES = ("log_loss", "brier")


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
        lead=sentences.lead(results),
        matrix=matrix,
        kinds={kind: KIND_WORDS[kind] for kind in matrix.kinds} if matrix else {},
        pairs=[pair_row(pair) for pair in pairs],
        resamples=found.get("resamples"),
        uncertainties=sentences.uncertainties(ranked, results["data"]["splits"]["test"]["rows"]),
        both=[
            Uncertainty(m.name, sentences.sampling_error(m), sentences.spread_over_seeds(m))
            for m in ranked
        ],
        heads=list(SCORES.values()),
        scores=[
            ScoreRow(model.name, [with_own_interval(model, score) for score in SCORES])
            for model in ranked
        ],
        folds=[fold_row(pair) for pair in folds],
        folds_sentence=sentences.cross_validated(folds),
    )


def pair_row(pair: dict[str, Any]) -> PairRow:
    return PairRow(
        pair["one"],
        pair["other"],
        pair["told_apart"],
        [
            points(pair["difference"]),
            limits(pair["interval"]),
            limits(pair["bootstrap_interval"]),
            whole(pair["only_one"]),
            whole(pair["only_other"]),
            f"{probability(pair['p'])} ({pair['method']})",
            probability(pair["p_holm"]),
            sentences.more_images(pair),
        ],
    )


def fold_row(pair: dict[str, Any]) -> PairRow:
    return PairRow(
        pair["one"],
        pair["other"],
        pair["told_apart"],
        [
            whole(pair["folds"]),
            points(pair["difference"]),
            limits(pair["interval"]),
            probability(pair["p"]),
            probability(pair["p_holm"]),
        ],
    )


def limits(interval: list[float] | None) -> str:
    return f"{points(interval[0])} to {points(interval[1])}" if interval else "no spread"


def with_own_interval(model: Model, score: str) -> str:
    """ "91.2% (90.6 to 91.7)", "0.311 (0.300 to 0.322)"; without brackets where there is none."""
    value = model.score("test", score)
    given = model.entry["intervals"]["test"].get(score)
    if score in NO_SHARES:
        between = f" ({decimal(given[0])} to {decimal(given[1])})" if given else ""
        return f"{decimal(value)}{between}"
    between = f" ({100 * given[0]:.1f} to {100 * given[1]:.1f})" if given else ""
    return f"{per_cent(value)}{between}"
