"""What follows from the scores and tables of a whole run, beyond each model's own figures."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.ablations import PairSettings, ablation_steps, compared_pairs
from vestry.evaluation.abstention import DEFAULT, AbstentionSettings, abstention
from vestry.evaluation.agreement import agreement
from vestry.evaluation.calibration import calibration
from vestry.evaluation.claim_checks import Run, checked_claims
from vestry.evaluation.claims import ClaimBase
from vestry.evaluation.decision import NO_LIMITS, decision
from vestry.evaluation.decision_settings import DecisionSettings
from vestry.evaluation.diversity import diversity, fixed_and_broken
from vestry.evaluation.ensemble_gain import ensemble_gain
from vestry.evaluation.label_issues import find_label_issues, label_issue_results
from vestry.evaluation.leaks import leaks
from vestry.evaluation.leave_one_out import leave_one_out
from vestry.evaluation.mistakes import misclassified, per_class_performance
from vestry.evaluation.overfitting import Guessing, overfitting
from vestry.evaluation.predictions import (
    EvaluatedModel,
    Predictions,
    Results,
    evaluated_models,
)
from vestry.evaluation.significance import certainty
from vestry.schema.analysis import Analysis
from vestry.schema.base import Record
from vestry.schema.scores import Scores


def analysed(
    results: Results,
    evidence: Predictions,
    pairs: Iterable[PairSettings] = (),
    claims: Iterable[ClaimBase] = (),
    abstaining: AbstentionSettings = DEFAULT,
    deciding: DecisionSettings = NO_LIMITS,
) -> Results:
    """`results` with every model's `analysis`, every committee's `repairs`, and what compares them.

    `results` itself stays as it is.
    """
    members = evaluated_models(results["members"], evidence.tested, evidence.truth)
    committees = evaluated_models(results["committees"], evidence.tested, evidence.truth)
    makers = members | committees
    guessing = _guessing_of(evidence.truths["validation"])
    facts: dict[str, dict[str, Record]] = {
        name: {"analysis": _analysis(model, guessing)} | _confidence(evidence, name, abstaining)
        for name, model in makers.items()
    }
    for name, committee in committees.items():
        facts[name] |= _committee_facts(committee, members, evidence)
    found = results | {
        "members": {name: model.entry | facts[name] for name, model in members.items()},
        "committees": {name: model.entry | facts[name] for name, model in committees.items()},
        "misclassified": misclassified(list(members.values())) if members else None,
        "agreement": agreement(list(members.values()), evidence.tested),
        "pairs": compared_pairs(pairs, makers),
        "steps": ablation_steps(list(members.values())),
    }
    found |= certainty(found, evidence, makers, deciding.within)
    found |= _label_issues_and_leaks(found, evidence, makers)
    found |= {"decision": decision(found, evidence, deciding)}
    return found | {"claims": checked_claims(claims, Run(found, makers))}


def _label_issues_and_leaks(
    results: Results, evidence: Predictions, makers: Mapping[str, EvaluatedModel]
) -> Results:
    """Labels that the members doubt, and what the scores are without these and repeated images."""
    found = find_label_issues(list(results["members"]), evidence)
    return {"doubts": label_issue_results(found), "leaks": leaks(results, makers, found["test"])}


def _analysis(model: EvaluatedModel, guessing: Guessing | None) -> Analysis:
    entry = model.entry
    training = entry.get("training") or {}
    kept = training["best_epoch"] if training.get("restored_best") else None
    fits = overfitting(entry.get("history"), kept, guessing)
    return per_class_performance(Scores.model_validate(entry["scores"]["test"]), fits)


def _guessing_of(labels: NDArray[np.int64]) -> Guessing | None:
    if len(labels) == 0:
        return None
    return Guessing(float(np.bincount(labels).max() / len(labels)), len(labels))


def _confidence(
    evidence: Predictions, name: str, abstaining: AbstentionSettings
) -> dict[str, Record]:
    """Whether a model's confidence can be trusted, and what it is good for."""
    tables = evidence.tables[name]
    truths = {"validation": evidence.truths["validation"], "test": evidence.truth}
    return {
        "calibration": calibration(tables, truths),
        "abstention": abstention(tables, truths, abstaining),
    }


def _committee_facts(
    committee: EvaluatedModel, members: Mapping[str, EvaluatedModel], evidence: Predictions
) -> dict[str, Record]:
    """What a committee gains over its members, and which of them it could do without."""
    own = [members[name] for name in committee.entry["members"]]
    return {
        "repairs": fixed_and_broken(committee, own),
        "worth": ensemble_gain(committee, own),
        "leave_one_out": leave_one_out(committee, evidence),
        "diversity": diversity(own),
    }
