"""What follows from the scores and tables of a whole run, beyond each maker's own figures."""

from collections.abc import Iterable, Mapping
from typing import Any

from vestry.evaluation.claim_checks import Run, checked_claims
from vestry.evaluation.claims import ClaimBase
from vestry.evaluation.evidence import Evidence
from vestry.evaluation.misclassified import misclassified
from vestry.evaluation.overfitting import overfitting
from vestry.evaluation.pairs import PairSettings, compared_pairs
from vestry.evaluation.repairs import repairs
from vestry.evaluation.steps import steps
from vestry.evaluation.strengths import strengths
from vestry.evaluation.tested import Tested, tested_makers

Results = dict[str, Any]


def analysed(
    results: Results,
    evidence: Evidence,
    pairs: Iterable[PairSettings] = (),
    claims: Iterable[ClaimBase] = (),
) -> Results:
    """`results` with every maker's `analysis`, every committee's `repairs`, and what compares them.

    `results` itself stays as it is.
    """
    members = tested_makers(results["members"], evidence.tested, evidence.truth)
    committees = tested_makers(results["committees"], evidence.tested, evidence.truth)
    makers = members | committees
    found = results | {
        "members": {name: analysed_maker(maker) for name, maker in members.items()},
        "committees": {
            name: analysed_maker(maker) | {"repairs": committee_repairs(maker, members)}
            for name, maker in committees.items()
        },
        "misclassified": misclassified(list(members.values())) if members else None,
        "pairs": compared_pairs(pairs, makers),
        "steps": steps(list(members.values())),
    }
    return found | {"claims": checked_claims(claims, Run(found, makers))}


def analysed_maker(maker: Tested) -> Results:
    entry = maker.entry
    analysis = strengths(entry["scores"]["test"])
    return entry | {"analysis": analysis | {"overfitting": overfitting(entry.get("history"))}}


def committee_repairs(committee: Tested, members: Mapping[str, Tested]) -> Results:
    return repairs(committee, [members[name] for name in committee.entry["members"]])
