"""Each claim of a report beside what was measured here."""

from collections.abc import Callable, Iterable
from typing import Any

from vestry.evaluation.claims import (
    AboveClaim,
    BalanceClaim,
    BelowClaim,
    BestClaim,
    CalledClaim,
    ClaimBase,
    CountClaim,
    PrintedClaim,
    RemarkClaim,
    ValueClaim,
    ValuesClaim,
    form_of,
)
from vestry.evaluation.difference import difference, sign
from vestry.evaluation.intervals import Interval, holds, share_interval
from vestry.evaluation.measured import MeasuredRun, ends, figure, remark_facts
from vestry.schema.claims import CheckedClaim, Figure, Measured, Verdict
from vestry.schema.models import ScoredCommittee
from vestry.schema.significance import Difference

_Checked = tuple[Verdict, Measured]
_BALANCED_RATIO = 1.1
_AGREES_WITHIN = 0.05
"""A share that is known to 5 points or better can agree with another."""


def checked_claims(claims: Iterable[ClaimBase], run: MeasuredRun) -> list[CheckedClaim]:
    """Every claim of the study, in its order."""
    return [_checked(claim, run) for claim in claims]


def _checked(claim: ClaimBase, run: MeasuredRun) -> CheckedClaim:
    reason = _why_not(claim, run)
    verdict, here = ("unchecked", None) if reason else _CHECKS[type(claim)](claim, run)
    return CheckedClaim(
        form=form_of(claim),
        says=claim.says,
        said=claim.model_dump(mode="json", exclude={"says"}),
        verdict=verdict,
        reason=reason,
        here=here,
    )


def _why_not(claim: ClaimBase, run: MeasuredRun) -> str | None:
    absent = [name for name in claim.models if name not in run.models]
    if absent:
        return f"{absent[0]} failed"
    strange = [name for name in claim.classes if name not in run.data.classes]
    return f"{run.data.used} has no class {strange[0]}" if strange else None


def _count(claim: CountClaim, run: MeasuredRun) -> _Checked:
    """Whether the claimed share of the class lies in the interval of ours."""
    classes = run.data.classes
    row = run.models[claim.maker].entry.scores.test.confusion[classes.index(claim.truth)]
    ours, support = row[classes.index(claim.predicted)], sum(row)
    share = claim.count / (claim.of or support) if claim.of or support else 2.0
    interval = share_interval(ours, support) if support else (0.0, 0.0)
    here = Measured(count=ours, support=support, interval=interval)
    return _held(interval, share), here


def _balance(claim: BalanceClaim, run: MeasuredRun) -> _Checked:
    """Balanced: the largest class has at most a tenth more images than the smallest."""
    counts = {name: split.class_counts for name, split in run.data.splits.items()}
    low, high = ends(sum(column) for column in zip(*counts.values(), strict=True))
    balanced = high <= _BALANCED_RATIO * low
    here = Measured(
        splits={name: ends(values) for name, values in counts.items()},
        all=(low, high),
        balanced=balanced,
    )
    return "agrees" if balanced == claim.balanced else "differs", here


def _order(claim: BelowClaim | AboveClaim, run: MeasuredRun) -> _Checked:
    """Below or above; open where the difference is not significant among all pairs."""
    claimed = -1 if isinstance(claim, BelowClaim) else 1
    one, other = claim.models
    found = _compared(one, other, run)
    return _verdict_of(claimed * sign(found)), Measured(difference=found)


def _compared(one: str, other: str, run: MeasuredRun) -> Difference:
    """The one less the other, with the p that is adjusted over every two models."""
    p = run.adjusted.get(frozenset((one, other)))
    return difference(run.models[one], run.models[other]).model_copy(update={"p_holm": p})


def _verdict_of(direction: int) -> Verdict:
    verdicts: dict[int, Verdict] = {1: "agrees", -1: "differs", 0: "open"}
    return verdicts[direction]


def _best(claim: BestClaim, run: MeasuredRun) -> _Checked:
    """Agrees where it leads by validation and is shown to be ahead of every other one on test;
    differs where another one is shown to be ahead of it there; else it cannot be told."""
    leader, on_test = run.leader or claim.best, _by_test(run)
    others = [name for name in on_test if name != claim.best]
    if not others:
        return "open", Measured(leader=leader, best_on_test=claim.best)
    signs = [sign(_compared(claim.best, name, run)) for name in others]
    rival = others[0] if leader == claim.best else leader
    here = Measured(
        leader=leader,
        best_on_test=on_test[0],
        rival=rival,
        difference=_compared(claim.best, rival, run),
    )
    if min(signs) < 0:
        return "differs", here
    return "agrees" if min(signs) > 0 and leader == claim.best else "open", here


def _by_test(run: MeasuredRun) -> list[str]:
    """Names, the highest test accuracy first."""
    return sorted(run.models, key=lambda name: -run.models[name].entry.central("test", "accuracy"))


def _values(claim: ValuesClaim, run: MeasuredRun) -> _Checked:
    """Differs where no single value can be rounded to all that were given."""
    ours, one_value = figure(run.models[claim.maker], claim.score), common_value(claim.values)
    verdict = _within(ours, max(claim.values, key=_digits)) if one_value else "differs"
    return verdict, Measured(figure=ours, one_value=one_value)


def common_value(given: list[float]) -> bool:
    """Whether one value rounds to all of them, each to the digits that it was given with."""
    low = max(value - 0.5 * 10.0 ** -_digits(value) for value in given)
    high = min(value + 0.5 * 10.0 ** -_digits(value) for value in given)
    return low <= high + 1e-12


def _digits(value: float) -> int:
    return len(f"{value!r}".partition(".")[2]) if "e" not in repr(value) else 17


def _within(ours: Figure, value: float) -> Verdict:
    """Whether `value` lies in our interval; open where the score has none."""
    return "open" if ours.interval is None else _held(ours.interval, value)


def _held(interval: Interval, value: float) -> Verdict:
    """An interval that holds nearly anything agrees with nothing: then it cannot be told."""
    if not holds(interval, value):
        return "differs"
    return "agrees" if interval[1] - interval[0] <= 2 * _AGREES_WITHIN else "open"


def _printed(claim: PrintedClaim, run: MeasuredRun) -> _Checked:
    """Read as it is printed, per-cent sign included."""
    number = float(claim.printed.rstrip("% "))
    ours = figure(run.models[claim.maker], claim.score)
    here = Measured(figure=ours, as_printed=number / 100, as_fraction=number)
    return _within(ours, number / 100), here


def _value(claim: ValueClaim, run: MeasuredRun) -> _Checked:
    model = run.models[claim.maker]
    ours = figure(model, claim.score, claim.class_)
    mean = None
    if isinstance(model.entry, ScoredCommittee) and claim.class_ is None:
        # A committee's figure has been taken for the mean of its members' before.
        mean = model.entry.mean_of_members.test.get(claim.score)
    return _within(ours, claim.value), Measured(figure=ours, mean_of_members=mean)


def _called(claim: CalledClaim, run: MeasuredRun) -> _Checked:
    scores = run.models[claim.maker].entry.scores
    here = {split: scores.on(split).number(claim.score) for split in claim.called}
    rows = {split: run.data.splits[split].rows for split in claim.called}
    verdict: Verdict = "agrees" if len(set(here.values())) == 1 else "differs"
    return verdict, Measured(scores=here, rows=rows)


def _remark(claim: RemarkClaim, run: MeasuredRun) -> _Checked:
    return "remark", remark_facts(claim, run)


_CHECKS: dict[type[ClaimBase], Callable[[Any, MeasuredRun], _Checked]] = {
    CountClaim: _count,
    BalanceClaim: _balance,
    BelowClaim: _order,
    AboveClaim: _order,
    BestClaim: _best,
    ValuesClaim: _values,
    PrintedClaim: _printed,
    ValueClaim: _value,
    CalledClaim: _called,
    RemarkClaim: _remark,
}
