"""Each claim of a report beside what was measured here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from vestry.evaluation.claims import (
    BalanceClaim,
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
from vestry.evaluation.comparison import central
from vestry.evaluation.difference import difference, sign
from vestry.evaluation.intervals import holds, wilson
from vestry.evaluation.measured import figure, remark_facts
from vestry.evaluation.predictions import EvaluatedModel

Results = dict[str, Any]
_BALANCED_RATIO = 1.1


@dataclass(frozen=True)
class Run:
    """The results so far and every maker's test labels."""

    results: Results
    makers: dict[str, EvaluatedModel]

    @property
    def classes(self) -> list[str]:
        return list(self.results["data"]["classes"])


def checked_claims(claims: Iterable[ClaimBase], run: Run) -> list[Results]:
    """Every claim of the study, in its order.

    `verdict`: `agrees`, `differs`, `open` (what was measured cannot tell), `remark`, or
    `unchecked` with a `reason` (a model that came to nothing, a class that these data lack).
    """
    return [_checked(claim, run) for claim in claims]


def _checked(claim: ClaimBase, run: Run) -> Results:
    said = claim.model_dump(mode="json")
    entry = {"form": form_of(claim), "says": said.pop("says"), "said": said}
    reason = _why_not(claim, run)
    if reason:
        return entry | {"verdict": "unchecked", "reason": reason, "here": None}
    verdict, here = _CHECKS[type(claim).__name__](claim, run)
    return entry | {"verdict": verdict, "reason": None, "here": here}


def _why_not(claim: ClaimBase, run: Run) -> str | None:
    absent = [name for name in claim.makers if name not in run.makers]
    if absent:
        return f"{absent[0]} came to nothing"
    strange = [name for name in claim.classes if name not in run.classes]
    return f"{run.results['data']['used']} has no class {strange[0]}" if strange else None


def count(claim: CountClaim, run: Run) -> tuple[str, Results]:
    """Agrees where the claimed share of the class lies in Wilson's interval of ours."""
    scores = run.makers[claim.maker].entry["scores"]["test"]
    row = scores["confusion"][run.classes.index(claim.truth)]
    ours, support = row[run.classes.index(claim.predicted)], sum(row)
    share = claim.count / (claim.of or support) if claim.of or support else 2.0
    interval = wilson(ours / support, support) if support else (0.0, 0.0)
    here = {"count": ours, "support": support, "interval": list(interval)}
    return "agrees" if holds(interval, share) else "differs", here


def _balance(claim: BalanceClaim, run: Run) -> tuple[str, Results]:
    """Balanced: the largest class has at most a tenth more images than the smallest."""
    splits = run.results["data"]["splits"]
    counts = {name: split["class_counts"] for name, split in splits.items()}
    total = [sum(column) for column in zip(*counts.values(), strict=True)]
    ends = {name: [min(values), max(values)] for name, values in counts.items()}
    balanced = max(total) <= _BALANCED_RATIO * min(total)
    here = {"splits": ends, "all": [min(total), max(total)], "balanced": balanced}
    return "agrees" if balanced == claim.balanced else "differs", here


def _order(claim: Any, run: Run) -> tuple[str, Results]:
    """Below or above; open where the interval of the difference holds 0."""
    claimed = -1 if form_of(claim) == "below" else 1
    found = difference(run.makers[claim.maker], run.makers[claim.makers[1]])
    return _verdict_of(claimed * sign(found)), {"difference": found}


def _verdict_of(direction: int) -> str:
    return {1: "agrees", -1: "differs", 0: "open"}[direction]


def _best(claim: BestClaim, run: Run) -> tuple[str, Results]:
    """The leader by validation; where that is another, the two are compared on the test images."""
    leader = str(run.results["ranking"][0]["name"])
    highest = max(run.makers.values(), key=lambda maker: central(maker.entry, "test", "accuracy"))
    here: Results = {"leader": leader, "best_on_test": highest.name, "difference": None}
    if leader == claim.best:
        return "agrees", here
    found = difference(run.makers[claim.best], run.makers[leader])
    return _verdict_of(sign(found)), here | {"difference": found}


def _values(claim: ValuesClaim, run: Run) -> tuple[str, Results]:
    """Differs where no single value can be rounded to all that were given."""
    ours = figure(run.makers[claim.maker], claim.score)
    here = {"figure": ours, "one_value": common_value(claim.values)}
    if not here["one_value"]:
        return "differs", here
    return _within(ours, max(claim.values, key=_digits)), here


def common_value(given: list[float]) -> bool:
    """Whether one value rounds to all of them, each to the digits that it was given with."""
    low = max(value - 0.5 * 10.0 ** -_digits(value) for value in given)
    high = min(value + 0.5 * 10.0 ** -_digits(value) for value in given)
    return low <= high + 1e-12


def _digits(value: float) -> int:
    return len(f"{value!r}".partition(".")[2]) if "e" not in repr(value) else 17


def _within(ours: Results, value: float) -> str:
    """Whether `value` lies in our interval; open where the score has none."""
    if ours["interval"] is None:
        return "open"
    return "agrees" if holds(ours["interval"], value) else "differs"


def _printed(claim: PrintedClaim, run: Run) -> tuple[str, Results]:
    """Read as it is printed, per-cent sign included."""
    number = float(claim.printed.rstrip("% "))
    ours = figure(run.makers[claim.maker], claim.score)
    here = {"figure": ours, "as_printed": number / 100, "as_fraction": number}
    return _within(ours, number / 100), here


def _value(claim: ValueClaim, run: Run) -> tuple[str, Results]:
    maker = run.makers[claim.maker]
    ours = figure(maker, claim.score, claim.class_)
    # A committee's figure has been taken for the mean of its members' before.
    means = maker.entry.get("mean_of_members") if claim.class_ is None else None
    mean = means["test"].get(claim.score) if means else None
    return _within(ours, claim.value), {"figure": ours, "mean_of_members": mean}


def _called(claim: CalledClaim, run: Run) -> tuple[str, Results]:
    scores = run.makers[claim.maker].entry["scores"]
    here = {split: scores[split][claim.score] for split in claim.called}
    rows = {split: run.results["data"]["splits"][split]["rows"] for split in claim.called}
    verdict = "agrees" if len(set(here.values())) == 1 else "differs"
    return verdict, {"scores": here, "rows": rows}


def _remark(claim: RemarkClaim, run: Run) -> tuple[str, Results]:
    return "remark", remark_facts(claim, run.results, run.makers)


_CHECKS: dict[str, Callable[[Any, Run], tuple[str, Results]]] = {
    "CountClaim": count,
    "BalanceClaim": _balance,
    "BelowClaim": _order,
    "AboveClaim": _order,
    "BestClaim": _best,
    "ValuesClaim": _values,
    "PrintedClaim": _printed,
    "ValueClaim": _value,
    "CalledClaim": _called,
    "RemarkClaim": _remark,
}
