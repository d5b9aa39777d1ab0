"""What a committee gains over its best member, and what it takes for that."""

from vestry.evaluation.difference import by_images, sign
from vestry.evaluation.paired_tests import mcnemar
from vestry.evaluation.predictions import EvaluatedModel
from vestry.schema.cost import CostBeside
from vestry.schema.ensemble_gain import EnsembleCosts, EnsembleGain, LogLosses
from vestry.schema.models import ScoredModel

_LEVEL = 0.05
_VERDICTS = {1: "worth", 0: "no gain shown", -1: "worse"}


def ensemble_gain(committee: EvaluatedModel, members: list[EvaluatedModel]) -> EnsembleGain:
    """The committee against its best member by validation accuracy, on test images, first seeds.

    The pair is fixed before any test image is looked at, so p is not adjusted for other
    comparisons.
    """
    best = max(members, key=lambda member: member.accuracy("validation"))
    found = by_images(committee, best)
    test = mcnemar(found.only_one or 0, found.only_other or 0)
    own, other = (model.entry.scores.test.log_loss for model in (committee, best))
    return EnsembleGain(
        best_member=best.name,
        difference=found,
        p=test.p,
        method=test.method,
        verdict=_VERDICTS[sign(found) if test.p < _LEVEL else 0],
        log_loss=LogLosses(committee=own, member=other, change=_less(own, other)),
        costs=_costs(committee.entry, best.entry),
    )


def _less(own: float | None, other: float | None) -> float | None:
    return None if own is None or other is None else own - other


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
