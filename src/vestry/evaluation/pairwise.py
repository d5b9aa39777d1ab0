"""Every two makers on the same test images: who can be told apart from whom."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from vestry.evaluation.bootstrap import Bootstrap, spread
from vestry.evaluation.difference import by_images
from vestry.evaluation.paired_tests import corrected_resampled_t, holm, mcnemar
from vestry.evaluation.power import LEVEL, rows_needed
from vestry.evaluation.tested import Tested

Results = dict[str, Any]
SAME_FOLDS = ("folds", "repeats", "stratified", "seed", "rows", "fold_rows")


def pairwise(makers: Sequence[Tested], drawn: Bootstrap) -> Results | None:
    """All pairs of `makers`, which are in the order of the ranking; None for fewer than two.

    The family, over which Holm's procedure adjusts, is all pairs of test tables (first seeds);
    cross-validated members are a family of their own, since their rows are the training rows.
    """
    if len(makers) < 2:
        return None
    pairs = [compared(one, other, drawn) for one, other in combinations(makers, 2)]
    return {
        "level": LEVEL,
        "family": len(pairs),
        "rows": len(makers[0].truth),
        "resamples": drawn.resamples,
        "seed": drawn.seed,
        "pairs": adjusted(pairs),
        "cross_validated": adjusted(cross_validated_pairs(makers)),
    }


def compared(one: Tested, other: Tested, drawn: Bootstrap) -> Results:
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


def adjusted(pairs: list[Results]) -> list[Results]:
    """`pairs` with `p_holm` and `told_apart`; those without a p are not told apart."""
    tested = [pair for pair in pairs if pair["p"] is not None]
    values = iter(holm([pair["p"] for pair in tested]))
    found = []
    for pair in pairs:
        p = next(values) if pair["p"] is not None else None
        found.append(pair | {"p_holm": p, "told_apart": p is not None and p < LEVEL})
    return found


def cross_validated_pairs(makers: Sequence[Tested]) -> list[Results]:
    """Every two members that were scored on the same folds; the test set has no part in it."""
    members = [maker for maker in makers if maker.entry.get("cross_validation")]
    return [
        over_folds(one, other)
        for one, other in combinations(members, 2)
        if folds_of(one) == folds_of(other)
    ]


def folds_of(member: Tested) -> list[Any]:
    found: Mapping[str, Any] = member.entry["cross_validation"]
    return [found.get(key) for key in SAME_FOLDS]


def over_folds(one: Tested, other: Tested) -> Results:
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
