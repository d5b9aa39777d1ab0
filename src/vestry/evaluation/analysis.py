"""What follows from the scores and tables of a whole run, beyond each model's own figures."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.ablations import PairSettings, ablation_steps, compared_pairs
from vestry.evaluation.abstention import DEFAULT, AbstentionSettings, abstention
from vestry.evaluation.agreement import agreement
from vestry.evaluation.calibration import calibration
from vestry.evaluation.claim_checks import checked_claims
from vestry.evaluation.claims import ClaimBase
from vestry.evaluation.comparison import ranking
from vestry.evaluation.conformal import conformal
from vestry.evaluation.decision import NO_LIMITS, decision
from vestry.evaluation.decision_settings import DecisionSettings
from vestry.evaluation.diversity import diversity, fixed_and_broken
from vestry.evaluation.ensemble_gain import ensemble_gains
from vestry.evaluation.label_issues import find_label_issues
from vestry.evaluation.leaks import leaks
from vestry.evaluation.leave_one_out import leave_one_out
from vestry.evaluation.measured import MeasuredRun
from vestry.evaluation.mistakes import misclassified, per_class_performance
from vestry.evaluation.optimism import best_of_several
from vestry.evaluation.overfitting import Guessing, overfitting
from vestry.evaluation.predictions import (
    EvaluatedModel,
    Predictions,
    ScoredRun,
    evaluated_models,
)
from vestry.evaluation.significance import Significance, significance
from vestry.schema.ablations import ComparedPair, Step
from vestry.schema.analysis import Agreement, Misclassified, Overfitting
from vestry.schema.base import set_fields
from vestry.schema.claims import CheckedClaim
from vestry.schema.decision import Decision
from vestry.schema.ensemble_gain import EnsembleGain
from vestry.schema.label_issues import Doubts, Leaks
from vestry.schema.models import (
    Committee,
    Member,
    ScoredCommittee,
    ScoredMember,
    ScoredModel,
)
from vestry.schema.optimism import BestOfSeveral
from vestry.schema.significance import Comparisons, Ranked, Resolution


@dataclass(frozen=True)
class Analysed:
    """Every model with what it is good for, and what compares them: parts of the results, by their
    keys there."""

    members: dict[str, Member]
    committees: dict[str, Committee]
    ranking: list[Ranked]
    best_of: BestOfSeveral | None
    comparisons: Comparisons | None
    resolution: Resolution | None
    misclassified: Misclassified | None
    agreement: Agreement | None
    pairs: list[ComparedPair]
    steps: list[Step]
    doubts: Doubts
    leaks: Leaks | None
    decision: Decision | None
    claims: list[CheckedClaim]


def analysed(
    run: ScoredRun,
    evidence: Predictions,
    pairs: Iterable[PairSettings] = (),
    claims: Iterable[ClaimBase] = (),
    abstaining: AbstentionSettings = DEFAULT,
    deciding: DecisionSettings = NO_LIMITS,
) -> Analysed:
    """What follows from the run's scores and tables; `run` itself stays as it is."""
    evaluated = evaluated_models(run.models, evidence)
    members = {name: evaluated[name] for name in run.members}
    ranked = [evaluated[name] for name in ranking(run.models)]
    standing = significance(ranked, evidence, deciding.within)
    issues = find_label_issues(list(members), evidence)
    findings = run.exploration.findings if run.exploration else None
    leader = ranked[0].name if ranked else None
    measured = MeasuredRun(run.data, evaluated, leader, findings, run.votes_seed)
    parts = {
        name: (evaluated[name], [members[each] for each in entry.members])
        for name, entry in run.committees.items()
    }
    gains = ensemble_gains(parts, deciding.within)
    of_models = _OfModels(evidence, standing, abstaining, members)
    return Analysed(
        members={name: of_models.member(name, entry) for name, entry in run.members.items()},
        committees={
            name: of_models.committee(evaluated[name], entry, gains[name])
            for name, entry in run.committees.items()
        },
        ranking=standing.ranking,
        best_of=best_of_several({model.name: model.entry for model in ranked}, evidence),
        comparisons=standing.comparisons,
        resolution=standing.resolution,
        misclassified=misclassified(list(members.values())) if members else None,
        agreement=agreement(list(members.values()), evidence.tested),
        pairs=compared_pairs(pairs, evaluated),
        steps=ablation_steps(list(members.values())),
        doubts=issues.record(),
        leaks=leaks(evaluated, issues.test, findings, run.look_failed),
        decision=decision(ranked, evidence, run.data.classes, deciding),
        claims=checked_claims(claims, measured),
    )


@dataclass(frozen=True)
class _OfModels:
    """Makes the whole record of a model of what was scored. members: all of the run's."""

    evidence: Predictions
    standing: Significance
    abstaining: AbstentionSettings
    members: Mapping[str, EvaluatedModel]

    def member(self, name: str, entry: ScoredMember) -> Member:
        guessing = _guessing_of(self.evidence.truths["validation"])
        fits = _overfitting(entry, guessing)
        return Member(**self._facts(name, entry, fits))

    def committee(
        self, committee: EvaluatedModel, entry: ScoredCommittee, gain: EnsembleGain
    ) -> Committee:
        """With what it gains over its members, and which of them it could do without."""
        own = [self.members[name] for name in entry.members]
        return Committee(
            **self._facts(committee.name, entry, None),
            repairs=fixed_and_broken(committee, own),
            worth=gain,
            leave_one_out=leave_one_out(committee, self.evidence),
            diversity=diversity(own),
        )

    def _facts(self, name: str, entry: ScoredModel, fits: Overfitting | None) -> dict[str, Any]:
        """What was scored, where it is good and bad, and whether its confidence can be trusted."""
        tables = self.evidence.tables[name]
        truths = {"validation": self.evidence.truths["validation"], "test": self.evidence.truth}
        tested = {"test": self.standing.intervals[name]}
        return set_fields(entry) | {
            "intervals": entry.intervals.model_copy(update=tested),
            "analysis": per_class_performance(entry.scores.test, fits),
            "calibration": calibration(tables, truths),
            "abstention": abstention(tables, truths, self.abstaining),
            "conformal": conformal(tables, truths, self.abstaining.coverage),
        }


def _overfitting(entry: ScoredMember, guessing: Guessing | None) -> Overfitting | None:
    training = entry.training
    kept = training.best_epoch if training and training.restored_best else None
    return overfitting(entry.history, kept, guessing)


def _guessing_of(labels: NDArray[np.int64]) -> Guessing | None:
    if len(labels) == 0:
        return None
    return Guessing(float(np.bincount(labels).max() / len(labels)), len(labels))
