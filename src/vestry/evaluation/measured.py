"""What was measured here that a remark on a report can be set beside."""

from collections.abc import Callable, Mapping
from typing import Any

from vestry.evaluation.claims import RemarkClaim
from vestry.evaluation.intervals import wilson
from vestry.evaluation.predictions import EvaluatedModel

Results = dict[str, Any]


def figure(maker: EvaluatedModel, score: str, class_name: str | None = None) -> Results:
    """A test score: value and interval of the first seed, mean and deviation over seeds.

    The interval is Wilson's, for scores that are shares of images (accuracy; recall and precision
    of a class); None for others.
    """
    scores = maker.entry["scores"]["test"]
    if class_name is None:
        several = (maker.entry.get("over_seeds") or {}).get("test", {}).get(score)
        interval = maker.entry["intervals"]["test"]["accuracy"] if score == "accuracy" else None
        return {
            "name": maker.name,
            "value": scores[score],
            "interval": list(interval) if interval else None,
            "over_seeds": several,
        }
    found = float(scores["per_class"][class_name][score])
    label = list(scores["per_class"]).index(class_name)
    columns = {
        "recall": sum(scores["confusion"][label]),
        "precision": sum(row[label] for row in scores["confusion"]),
    }
    rows = columns.get(score, 0)
    interval = wilson(found, rows) if rows else None
    return {
        "name": maker.name,
        "value": found,
        "interval": list(interval) if interval else None,
        "over_seeds": None,
    }


def remark_facts(
    claim: RemarkClaim, results: Results, makers: Mapping[str, EvaluatedModel]
) -> Results:
    """The fact that the remark asks for, under its name; empty where this run has none.

    `reported` is what the report gave for the same model and score, where the study says it.
    """
    facts: Results = {}
    if claim.here:
        fact = _FACTS[claim.here](results, makers.get(claim.maker or ""))
        facts = {claim.here: fact} if fact is not None else {}
    if claim.here == "cross-validation" or (claim.maker is None and claim.class_ is None):
        return facts
    score = claim.score or ("f1" if claim.class_ else "accuracy")
    named = [makers[claim.maker]] if claim.maker else list(makers.values())
    facts["figures"] = [figure(maker, score, claim.class_) for maker in named]
    given = named[0].entry.get("reported") or {}
    reported = given.get(score) if claim.maker and not claim.class_ else None
    return facts | {"score": score, "reported": reported}


def splits(results: Results, maker: EvaluatedModel | None) -> Results:  # noqa: ARG001
    return {name: split["rows"] for name, split in results["data"]["splits"].items()}


def _class_counts(results: Results, maker: EvaluatedModel | None) -> Results:  # noqa: ARG001
    found = results["data"]["splits"]
    return {n: [min(s["class_counts"]), max(s["class_counts"])] for n, s in found.items()}


def _seeds(results: Results, maker: EvaluatedModel | None) -> Results:  # noqa: ARG001
    return {"samples": results["data"]["samples"]["seed"], "votes": results["votes"]["seed"]}


def _duplicates(results: Results, maker: EvaluatedModel | None) -> Results | None:  # noqa: ARG001
    """Rows that repeat another of their split, and of another split; from the audit."""
    findings = (results.get("exploration") or {}).get("findings")
    if findings is None:
        return None
    counts = {
        kind: {
            " and ".join(found["splits"]): found["count"]
            for found in findings
            if found["kind"] == f"duplicates_{kind}"
        }
        for kind in ("within", "across")
    }
    return counts if all(counts.values()) else None


def trunk(results: Results, maker: EvaluatedModel | None) -> Results | None:  # noqa: ARG001
    card = maker.entry.get("trunk") if maker else None
    return dict(card) if card else None


def cross_validation(results: Results, maker: EvaluatedModel | None) -> Results | None:  # noqa: ARG001
    found = maker.entry.get("cross_validation") if maker else None
    if not (maker and found):
        return None
    return {
        "folds": found["folds"],
        "repeats": found["repeats"],
        "held_out": found["scores"]["accuracy"],
        "single": figure(maker, "accuracy"),
        "reported": found.get("reported"),
    }


_FACTS: dict[str, Callable[[Results, EvaluatedModel | None], Results | None]] = {
    "splits": splits,
    "class counts": _class_counts,
    "seeds": _seeds,
    "duplicates": _duplicates,
    "trunk": trunk,
    "cross-validation": cross_validation,
}
