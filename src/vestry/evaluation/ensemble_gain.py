"""What committees gain over their members, and what it takes for that."""

from collections.abc import Mapping, Sequence
from typing import Literal

from vestry.evaluation.difference import by_images, sign
from vestry.evaluation.intervals import FAMILY_LEVEL
from vestry.evaluation.noninferiority import within_margin
from vestry.evaluation.paired_tests import holm, mcnemar
from vestry.evaluation.predictions import EvaluatedModel
from vestry.schema.cost import CostBeside
from vestry.schema.ensemble_gain import EnsembleCosts, EnsembleGain, GainOverMember, LogLosses
from vestry.schema.models import ScoredModel
from vestry.schema.significance import Difference

_Beside = Literal["better", "no gain", "worse", "not shown"]
_SHOWN: dict[int, _Beside] = {1: "better", 0: "not shown", -1: "worse"}


def ensemble_gains(
    committees: Mapping[str, tuple[EvaluatedModel, Sequence[EvaluatedModel]]], within: float
) -> dict[str, EnsembleGain]:
    """Each committee against each of its members, by name, on test images, first seeds.

    committees: each with its members. within: a gain below this share is none. All comparisons of
    all committees are one family, which Holm's procedure adjusts over.
    """
    pairs = [(whole, member) for whole, members in committees.values() for member in members]
    found = [by_images(*pair) for pair in pairs]
    adjusted = holm([mcnemar(*_discordant(each)).p for each in found])
    near = holm(
        [
            within_margin(*_discordant(each), len(pair[0].truth), within)
            for each, pair in zip(found, pairs, strict=True)
        ]
    )
    beside = iter(
        [
            _over(whole, member, difference, p, p_within)
            for (whole, member), difference, p, p_within in zip(
                pairs, found, adjusted, near, strict=True
            )
        ]
    )
    return {
        name: _gain(members, [next(beside) for _ in members], within, len(pairs))
        for name, (_, members) in committees.items()
    }


def _discordant(found: Difference) -> tuple[int, int]:
    return found.only_one or 0, found.only_other or 0


def _over(
    committee: EvaluatedModel, member: EvaluatedModel, found: Difference, p: float, near: float
) -> GainOverMember:
    """p, near: adjusted."""
    test = mcnemar(*_discordant(found))
    same = bool((committee.labels == member.labels).all())
    verdict = _SHOWN[sign(found) if p < FAMILY_LEVEL else 0]
    if verdict == "not shown" and (same or near < FAMILY_LEVEL):
        verdict = "no gain"
    own, other = (model.entry.scores.test.log_loss for model in (committee, member))
    return GainOverMember(
        name=member.name,
        difference=found,
        p=test.p,
        method=test.method,
        p_holm=p,
        p_within_holm=near,
        same=same,
        verdict=verdict,
        log_loss=LogLosses(committee=own, member=other, change=own - other),
        costs=_costs(committee.entry, member.entry),
    )


def _gain(
    members: Sequence[EvaluatedModel], against: list[GainOverMember], within: float, family: int
) -> EnsembleGain:
    best = max(members, key=lambda member: member.entry.corrected_accuracy)
    verdict, deciding = _verdict(against)
    return EnsembleGain(
        verdict=verdict,
        best_member=best.name,
        decisive=min(deciding, key=lambda each: each.difference.value).name,
        against=against,
        within=within,
        level=FAMILY_LEVEL,
        family=family,
    )


def _verdict(
    against: list[GainOverMember],
) -> tuple[Literal["yes", "no", "not shown"], list[GainOverMember]]:
    """With the members that make it so."""
    against_it = [each for each in against if each.verdict in ("worse", "no gain")]
    if against_it:
        return "no", against_it
    open_ = [each for each in against if each.verdict == "not shown"]
    return ("not shown", open_) if open_ else ("yes", against)


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
