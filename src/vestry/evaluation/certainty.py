"""How sure a run's scores and its ranking are: intervals, tests of every pair, shared ranks."""

from collections.abc import Mapping
from typing import Any

from vestry.evaluation.bootstrap import Bootstrap, bootstrap
from vestry.evaluation.evidence import Evidence
from vestry.evaluation.pairwise import pairwise
from vestry.evaluation.tested import Tested
from vestry.evaluation.tie_groups import tie_groups, with_ranks
from vestry.predictions.scores import SCALAR_SCORES

Results = dict[str, Any]


def certainty(results: Results, evidence: Evidence, makers: Mapping[str, Tested]) -> Results:
    """The keys `comparisons`, `tie_groups`, `ranking`, and `members` and `committees` with an
    interval for every score of the test images. `results` itself stays as it is.
    """
    if not makers:
        return {"comparisons": None, "tie_groups": []}
    drawn = bootstrap(evidence.tested, evidence.truth)
    names = [row["name"] for row in results["ranking"]]
    comparisons = pairwise([makers[name] for name in names], drawn)
    groups = tie_groups(names, comparisons["pairs"] if comparisons else [])
    return {
        "comparisons": comparisons,
        "tie_groups": groups,
        "ranking": with_ranks(results["ranking"], groups),
        **{kind: with_intervals(results[kind], drawn) for kind in ("members", "committees")},
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


def score_intervals(name: str, drawn: Bootstrap) -> dict[str, list[float]]:
    return {
        score: list(drawn.interval(name, score)) for score in SCALAR_SCORES if score != "accuracy"
    }
