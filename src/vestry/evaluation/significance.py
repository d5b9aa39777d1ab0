"""How sure a run's scores and its ranking are: intervals, tests of every pair, who stands where."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from vestry.evaluation.bootstrap import Bootstrap, bootstrap, spread
from vestry.evaluation.comparison import order
from vestry.evaluation.difference import by_images
from vestry.evaluation.intervals import FAMILY_LEVEL, rows_needed
from vestry.evaluation.paired_tests import corrected_resampled_t, holm, mcnemar
from vestry.evaluation.predictions import EvaluatedModel, Predictions
from vestry.evaluation.standing import beside_first, ranks, resolution
from vestry.predictions.scores import SCORES

# Every two makers on the same test images: who can be told apart from whom.


Results = dict[str, Any]
_SAME_FOLDS = ("folds", "repeats", "stratified", "seed", "rows", "fold_rows")


def pairwise(makers: Sequence[EvaluatedModel], drawn: Bootstrap) -> Results | None:
    """All pairs of `makers`, which are in the order of the ranking; None for fewer than two.

    The family, over which Holm's procedure adjusts, is all pairs of test tables (first seeds);
    cross-validated members are a family of their own, since their rows are the training rows.
    """
    if len(makers) < 2:
        return None
    pairs = [_compared(one, other, drawn) for one, other in combinations(makers, 2)]
    return {
        "level": FAMILY_LEVEL,
        "family": len(pairs),
        "rows": len(makers[0].truth),
        "resamples": drawn.resamples,
        "seed": drawn.seed,
        "pairs": _adjusted(pairs),
        "cross_validated": _adjusted(_cross_validated_pairs(makers)),
    }


def _compared(one: EvaluatedModel, other: EvaluatedModel, drawn: Bootstrap) -> Results:
    found = by_images(one, other)
    only_one, only_other, rows = found["only_one"], found["only_other"], found["count"]
    test = mcnemar(only_one, only_other)
    needed = rows_needed(only_one, only_other, rows)
    return {
        "one": one.name,
        "other": other.name,
        "difference": found["value"],
        "interval": found["interval"],
        "bootstrap_interval": spread(drawn.difference(one.name, other.name, "accuracy")),
        "only_one": only_one,
        "only_other": only_other,
        "method": test.method,
        "p": test.p,
        "rows_needed": needed,
        "more_rows": None if needed is None else max(0, needed - rows),
    }


def _adjusted(pairs: list[Results]) -> list[Results]:
    """`pairs` with `p_holm` and `told_apart`; those without a p are not told apart."""
    tested = [pair for pair in pairs if pair["p"] is not None]
    values = iter(holm([pair["p"] for pair in tested]))
    found = []
    for pair in pairs:
        p = next(values) if pair["p"] is not None else None
        found.append(pair | {"p_holm": p, "told_apart": p is not None and p < FAMILY_LEVEL})
    return found


def _cross_validated_pairs(makers: Sequence[EvaluatedModel]) -> list[Results]:
    """Every two members that were scored on the same folds; the test set has no part in it."""
    members = [maker for maker in makers if maker.entry.get("cross_validation")]
    return [
        _over_folds(one, other)
        for one, other in combinations(members, 2)
        if _folds_of(one) == _folds_of(other)
    ]


def _folds_of(member: EvaluatedModel) -> list[Any]:
    found: Mapping[str, Any] = member.entry["cross_validation"]
    return [found.get(key) for key in _SAME_FOLDS]


def _over_folds(one: EvaluatedModel, other: EvaluatedModel) -> Results:
    found = one.entry["cross_validation"]
    values, others = (
        maker.entry["cross_validation"]["scores"]["accuracy"]["values"] for maker in (one, other)
    )
    differences = [a - b for a, b in zip(values, others, strict=True)]
    held_out = sum(found["fold_rows"]) / len(found["fold_rows"])
    test = corrected_resampled_t(differences, found["rows"] - held_out, held_out)
    return {
        "one": one.name,
        "other": other.name,
        "folds": len(differences),
        "difference": sum(differences) / len(differences),
        "interval": list(test.interval) if test else None,
        "p": test.p if test else None,
    }


def certainty(
    results: Results, evidence: Predictions, makers: Mapping[str, EvaluatedModel], margin: float
) -> Results:
    """The keys `comparisons`, `resolution`, `ranking`, and `members` and `committees` with an
    interval for every score of the test images. `results` itself stays as it is.

    margin: makers that are shown to be within it of each other are level.
    """
    if not makers:
        return {"comparisons": None, "resolution": None}
    drawn = bootstrap(evidence.tested, evidence.truth)
    names = [row["name"] for row in results["ranking"]]
    comparisons = pairwise([makers[name] for name in names], drawn)
    pairs = comparisons["pairs"] if comparisons else []
    return {
        "comparisons": comparisons,
        "resolution": _resolutions(names, evidence, makers, margin),
        "ranking": _with_standing(
            results["ranking"], beside_first(names[0], pairs, len(evidence.truth), margin), makers
        ),
        **{kind: _with_intervals(results[kind], drawn) for kind in ("members", "committees")},
    }


def _with_standing(
    ranking: Sequence[Results], beside: Mapping[str, Results], makers: Mapping[str, EvaluatedModel]
) -> list[Results]:
    """The ranking's rows, each with its `rank`, which validation alone gives, and `on_test`: what
    the test images say of it beside the first (None for the first)."""
    places = ranks([order(makers[row["name"]].entry) for row in ranking])
    return [
        row | {"rank": rank, "on_test": beside.get(row["name"])}
        for row, rank in zip(ranking, places, strict=True)
    ]


def _resolutions(
    names: Sequence[str], evidence: Predictions, makers: Mapping[str, EvaluatedModel], margin: float
) -> Results | None:
    """About the smallest difference that the validation, and that the test images show, and the
    `margin` that counts as level."""
    if len(names) < 2:
        return None
    truth, tables = evidence.truths["validation"], evidence.validated
    return {
        "margin": margin,
        "validation": resolution([tables[name].labels == truth for name in names]),
        "test": resolution([makers[name].right for name in names]),
    }


def _with_intervals(entries: Mapping[str, Results], drawn: Bootstrap) -> dict[str, Results]:
    """Entries with bootstrap intervals beside the accuracy's, which is Wilson's and stays."""
    return {
        name: entry
        | {
            "intervals": entry["intervals"]
            | {"test": _score_intervals(name, drawn) | entry["intervals"]["test"]}
        }
        for name, entry in entries.items()
    }


def _score_intervals(name: str, drawn: Bootstrap) -> dict[str, list[float] | None]:
    return {score: spread(drawn.interval(name, score)) for score in SCORES if score != "accuracy"}
