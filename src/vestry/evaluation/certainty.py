"""How sure a run's scores and its ranking are: intervals, tests of every pair, who stands where."""

from collections.abc import Mapping, Sequence
from typing import Any

from vestry.evaluation.bootstrap import Bootstrap, bootstrap, spread
from vestry.evaluation.comparison import order
from vestry.evaluation.evidence import Evidence
from vestry.evaluation.pairwise import pairwise
from vestry.evaluation.resolution import resolution
from vestry.evaluation.standing import beside_first, ranks
from vestry.evaluation.tested import Tested
from vestry.predictions.scores import SCALAR_SCORES

Results = dict[str, Any]


def certainty(
    results: Results, evidence: Evidence, makers: Mapping[str, Tested], margin: float
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
        "resolution": resolutions(names, evidence, makers, margin),
        "ranking": with_standing(
            results["ranking"], beside_first(names[0], pairs, len(evidence.truth), margin), makers
        ),
        **{kind: with_intervals(results[kind], drawn) for kind in ("members", "committees")},
    }


def with_standing(
    ranking: Sequence[Results], beside: Mapping[str, Results], makers: Mapping[str, Tested]
) -> list[Results]:
    """The ranking's rows, each with its `rank`, which validation alone gives, and `on_test`: what
    the test images say of it beside the first (None for the first)."""
    places = ranks([order(makers[row["name"]].entry) for row in ranking])
    return [
        row | {"rank": rank, "on_test": beside.get(row["name"])}
        for row, rank in zip(ranking, places, strict=True)
    ]


def resolutions(
    names: Sequence[str], evidence: Evidence, makers: Mapping[str, Tested], margin: float
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


def with_intervals(entries: Mapping[str, Results], drawn: Bootstrap) -> dict[str, Results]:
    """Entries with bootstrap intervals beside the accuracy's, which is Wilson's and stays."""
    return {
        name: entry
        | {
            "intervals": entry["intervals"]
            | {"test": score_intervals(name, drawn) | entry["intervals"]["test"]}
        }
        for name, entry in entries.items()
    }


def score_intervals(name: str, drawn: Bootstrap) -> dict[str, list[float] | None]:
    return {
        score: spread(drawn.interval(name, score)) for score in SCALAR_SCORES if score != "accuracy"
    }
