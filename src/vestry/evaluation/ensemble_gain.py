"""What committees gain over their members, and what it takes for that."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from vestry.evaluation.difference import adjusted, difference, p_within, sign
from vestry.evaluation.paired_tests import LEVEL, holm
from vestry.evaluation.predictions import EvaluatedModel
from vestry.schema.cost import CostBeside
from vestry.schema.ensemble_gain import (
    EnsembleCosts,
    EnsembleGain,
    GainOverMember,
    LogLosses,
    Verdict,
)
from vestry.schema.models import ScoredModel
from vestry.schema.significance import Difference

_Differences = dict[str, Difference]
"""By member: the committee's test accuracy less the member's."""
_Beside = Literal["better", "no gain", "worse", "not shown"]
_SHOWN: dict[int, _Beside] = {1: "better", 0: "not shown", -1: "worse"}


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


def ensemble_gains(
    committees: Mapping[str, EvaluatedModel],
    members: Mapping[str, Sequence[EvaluatedModel]],
    differences: Mapping[str, Mapping[str, Difference]],
    within: float,
    best: Mapping[str, str],
) -> dict[str, EnsembleGain]:
    """What each committee gains over each member on test images, by name.

    members: those of each committee, by its name. differences: as `against_members` has them.
    within: a gain below this share is none; that it is below is tested as one family, too. best:
    each committee's best member by validation.
    """
    pairs = [(name, member) for name in committees for member in members[name]]
    near = holm([p_within(committees[name], member, within) for name, member in pairs])
    sides: dict[str, list[GainOverMember]] = {name: [] for name in committees}
    for (name, member), p in zip(pairs, near, strict=True):
        found = differences[name][member.name]
        sides[name].append(_over(committees[name], member, found, p))
    return {name: _gain(best[name], against, within, len(pairs)) for name, against in sides.items()}


def _over(
    committee: EvaluatedModel, member: EvaluatedModel, found: Difference, near: float
) -> GainOverMember:
    """near: adjusted p that the gain is the margin or more."""
    same = np.array_equal(committee.every, member.every)
    verdict = _SHOWN[sign(found)]
    if verdict == "not shown" and (same or near < LEVEL):
        verdict = "no gain"
    own, other = (model.entry.scores.test.log_loss for model in (committee, member))
    return GainOverMember(
        name=member.name,
        difference=found,
        p_within_holm=near,
        same=same,
        verdict=verdict,
        log_loss=LogLosses(committee=own, member=other, change=_less(own, other)),
        costs=_costs(committee.entry, member.entry),
    )


def _less(own: float | None, other: float | None) -> float | None:
    return None if own is None or other is None else own - other


def _gain(best: str, against: list[GainOverMember], within: float, family: int) -> EnsembleGain:
    verdict, deciding = _verdict(against)
    return EnsembleGain(
        verdict=verdict,
        best_member=best,
        decisive=min(deciding, key=lambda each: each.difference.value).name,
        against=against,
        within=within,
        level=LEVEL,
        family=family,
    )


def _verdict(against: list[GainOverMember]) -> tuple[Verdict, list[GainOverMember]]:
    """With the members that make it so."""
    contrary = [each for each in against if each.verdict in ("worse", "no gain")]
    if contrary:
        return "no", contrary
    unshown = [each for each in against if each.verdict == "not shown"]
    return ("not shown", unshown) if unshown else ("yes", against)


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
