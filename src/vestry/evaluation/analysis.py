"""What follows from the scores and tables of a whole run, beyond each model's own figures."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.ablations import PairSettings, ablation_steps, compared_pairs
from vestry.evaluation.abstention import DEFAULT, AbstentionSettings, abstention
from vestry.evaluation.agreement import agreement
from vestry.evaluation.calibration import calibration
from vestry.evaluation.claim_checks import checked_claims
from vestry.evaluation.claims import ClaimBase
from vestry.evaluation.decision import NO_LIMITS, decision
from vestry.evaluation.decision_settings import DecisionSettings
from vestry.evaluation.diversity import diversity, fixed_and_broken
from vestry.evaluation.ensemble_gain import ensemble_gain
from vestry.evaluation.label_issues import find_label_issues
from vestry.evaluation.leaks import leaks
from vestry.evaluation.leave_one_out import leave_one_out
from vestry.evaluation.measured import MeasuredRun
from vestry.evaluation.mistakes import misclassified, per_class_performance
from vestry.evaluation.overfitting import Guessing, overfitting
from vestry.evaluation.predictions import EvaluatedModel, Predictions, evaluated_models
from vestry.evaluation.significance import Significance, significance
from vestry.schema.analysis import Overfitting
from vestry.schema.base import Record
from vestry.schema.data import Data
from vestry.schema.exploration import Finding
from vestry.schema.models import ScoredCommittee, ScoredMember, ScoredModel

Results = dict[str, Any]


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
    entries = _scored(results)
    evaluated = evaluated_models(entries, evidence.tested, evidence.truth)
    members = {name: model for name, model in evaluated.items() if not model.is_committee}
    sure = {name: _confidence(evidence, name, abstaining) for name in evaluated}
    guessing = _guessing_of(evidence.truths["validation"])
    ranked = [evaluated[row["name"]] for row in results["ranking"]]
    standing = significance(ranked, evidence, deciding.within)
    issues = find_label_issues(list(members), evidence)
    look = results.get("exploration")
    findings = [Finding.model_validate(each) for each in look["findings"]] if look else None
    data = Data.model_validate(results["data"])
    leader = ranked[0].name if ranked else None
    run = MeasuredRun(data, evaluated, leader, findings, results["votes"]["seed"])
    return results | {
        "members": {
            name: _analysed_model(model, standing, guessing) | sure[name]
            for name, model in members.items()
        },
        "committees": {
            name: _analysed_model(model, standing, guessing)
            | sure[name]
            | _committee_facts(model, members, evidence)
            for name, model in evaluated.items()
            if model.is_committee
        },
        "ranking": standing.ranking,
        "comparisons": standing.comparisons,
        "resolution": standing.resolution,
        "misclassified": misclassified(list(members.values())) if members else None,
        "agreement": agreement(list(members.values()), evidence.tested),
        "pairs": compared_pairs(pairs, evaluated),
        "steps": ablation_steps(list(members.values())),
        "doubts": issues.record(),
        "leaks": leaks(evaluated, issues.test, findings, _look_failed(results)),
        "decision": decision(ranked, evidence, data.classes, deciding),
        "claims": checked_claims(claims, run),
    }


def _scored(results: Results) -> dict[str, ScoredModel]:
    """Members, then committees, by name."""
    members = {n: ScoredMember.model_validate(each) for n, each in results["members"].items()}
    committees = {
        n: ScoredCommittee.model_validate(each) for n, each in results["committees"].items()
    }
    return {**members, **committees}


def _look_failed(results: Results) -> bool:
    return any(entry["name"] == "exploration" for entry in results.get("failures", []))


def _analysed_model(
    model: EvaluatedModel, standing: Significance, guessing: Guessing | None
) -> Results:
    entry = model.entry
    intervals = entry.intervals.model_copy(update={"test": standing.intervals[model.name]})
    fits = _overfitting(entry, guessing) if isinstance(entry, ScoredMember) else None
    analysis = per_class_performance(entry.scores.test, fits)
    return entry | {"intervals": intervals, "analysis": analysis}


def _overfitting(entry: ScoredMember, guessing: Guessing | None) -> Overfitting | None:
    training = entry.training
    kept = training.best_epoch if training and training.restored_best else None
    return overfitting(entry.history, kept, guessing)


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
