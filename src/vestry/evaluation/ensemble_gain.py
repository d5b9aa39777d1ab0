"""What a committee gains over its members, and what it takes for that."""

from collections.abc import Mapping, Sequence

from vestry.evaluation.difference import adjusted, difference, sign
from vestry.evaluation.predictions import EvaluatedModel
from vestry.schema.cost import CostBeside
from vestry.schema.ensemble_gain import EnsembleCosts, EnsembleGain, LogLosses, Verdict
from vestry.schema.models import ScoredModel
from vestry.schema.significance import Difference

_Differences = dict[str, Difference]
"""By member: the committee's test accuracy less the member's."""


def against_members(
    committees: Mapping[str, EvaluatedModel], members: Mapping[str, Sequence[EvaluatedModel]]
) -> dict[str, _Differences]:
    """Each committee against each of its members, all of them one family of tests.

    members: those of each committee, by its name.
    """
    pairs = [(name, member) for name in committees for member in members[name]]
    found = adjusted([difference(committees[name], member) for name, member in pairs])
    sides: dict[str, _Differences] = {name: {} for name in committees}
    for (name, member), each in zip(pairs, found, strict=True):
        sides[name][member.name] = each
    return sides


def ensemble_gain(
    committee: EvaluatedModel,
    members: Sequence[EvaluatedModel],
    differences: Mapping[str, Difference],
) -> EnsembleGain:
    """What the committee gains over each member on test images, and what it takes beside the best
    one by validation accuracy. differences: as `against_members` has them."""
    best = max(members, key=lambda member: member.accuracy("validation"))
    found = differences[best.name]
    own, other = (model.entry.scores.test.log_loss for model in (committee, best))
    return EnsembleGain(
        best_member=best.name,
        difference=found,
        p=found.p,
        method=found.method,
        verdict=_verdict(differences),
        not_ahead_of=[name for name, each in differences.items() if sign(each) < 1],
        log_loss=LogLosses(committee=own, member=other, change=_less(own, other)),
        costs=_costs(committee.entry, best.entry),
    )


def _less(own: float | None, other: float | None) -> float | None:
    return None if own is None or other is None else own - other


def _verdict(differences: Mapping[str, Difference]) -> Verdict:
    signs = [sign(each) for each in differences.values()]
    if min(signs) < 0:
        return "worse"
    return "worth" if min(signs) > 0 else "no gain shown"


def _costs(committee: ScoredModel, member: ScoredModel) -> EnsembleCosts:
    own, other = _amounts(committee), _amounts(member)
    return EnsembleCosts(**{key: _beside(own[key], other[key]) for key in own})


def _amounts(entry: ScoredModel) -> dict[str, float | None]:
    cost = entry.cost
    return {
        "latency_ms": cost.latency.median_ms if cost and cost.latency else None,
        "milliseconds_per_image": entry.milliseconds_per_image,
        "bytes": cost.bytes if cost else None,
        "fit_seconds": entry.fit_seconds,
        "parameters": entry.parameters,
    }


def _beside(committee: float | None, member: float | None) -> CostBeside | None:
    if committee is None or member is None:
        return None
    return CostBeside(
        committee=committee,
        member=member,
        added=committee - member,
        times=committee / member if member else None,
    )
