"""What test images say beside the first of a ranking by a score that is no accuracy."""

from collections.abc import Sequence
from dataclasses import replace

from vestry.evaluation.chosen_by import ChosenBy
from vestry.evaluation.families import LEVEL, strictest
from vestry.evaluation.paired_tests import holm
from vestry.evaluation.predictions import Predictions
from vestry.evaluation.score_gap import ScoreGap, score_gap
from vestry.evaluation.significance import Significance
from vestry.evaluation.standing import NEXT, smallest_of
from vestry.predictions.table import Split
from vestry.schema.base import MarkWord
from vestry.schema.decision import ScoreDifference
from vestry.schema.significance import BesideFirst, Resolution, SmallestShown


def standing_by_score(found: Significance, by: ChosenBy, evidence: Predictions) -> Significance:
    """Marks, and what so many images can show, by the score that orders the models; tests of pairs
    stay those of accuracy."""
    if by.score.name == "accuracy" or found.resolution is None:
        return found
    names, margin = [row.name for row in found.ranking], found.resolution.margin
    beside = _beside_first(names, by, margin)
    return replace(
        found,
        ranking=[row.model_copy(update={"on_test": beside.get(row.name)}) for row in found.ranking],
        resolution=Resolution(
            margin=margin,
            validation=_resolution(names, by, "validation", len(evidence.truths["validation"])),
            test=_resolution(names, by, "test", len(evidence.truths["test"])),
        ),
    )


def _gaps(names: Sequence[str], by: ChosenBy, split: Split) -> list[ScoreGap]:
    """Each other one less the first."""
    first, *others = (by.of(name, split) for name in names)
    return [score_gap(each, first) for each in others]


def _beside_first(names: Sequence[str], by: ChosenBy, margin: float) -> dict[str, BesideFirst]:
    """By name, of all but the first; Holm over these."""
    gaps = _gaps(names, by, "test")
    adjusted = holm([gap.p for gap in gaps])
    return {
        name: BesideFirst(
            mark=_mark(gap, p, margin),
            difference=by.score.sign * gap.value,
            interval=_as_written(gap, by.score.sign),
            p_holm=p,
        )
        for name, gap, p in zip(names[1:], gaps, adjusted, strict=True)
    }


def _as_written(gap: ScoreGap, sign: int) -> tuple[float, float]:
    low, high = gap.interval
    return (low, high) if sign > 0 else (-high, -low)


def _mark(gap: ScoreGap, p: float, margin: float) -> MarkWord:
    if p < LEVEL:
        return "ahead" if gap.value > 0 else "behind"
    low, high = gap.interval
    is_level = -margin <= low and high <= margin
    shown = all(each.p_within(margin) < LEVEL for each in (gap, gap.turned))
    return "level" if is_level and shown else "unknown"


def _resolution(names: Sequence[str], by: ChosenBy, split: Split, rows: int) -> SmallestShown:
    gaps = _gaps(names, by, split)
    adjusted = holm([gap.p for gap in gaps])
    level = strictest(len(gaps))
    shown = [abs(gap.value) for gap, p in zip(gaps, adjusted, strict=True) if p < LEVEL]
    sizes = [gap.half(level) for gap in gaps[:NEXT]]
    return SmallestShown(rows=rows, difference=smallest_of(sizes, shown), tests=len(gaps))


def ahead_by_score(name: str, others: Sequence[str], by: ChosenBy) -> list[str]:
    """Those of `others` that the test images show to be ahead of `name`; Holm over these."""
    gaps = _gaps([name, *others], by, "test")
    adjusted = holm([gap.p for gap in gaps])
    return [
        other
        for other, gap, p in zip(others, gaps, adjusted, strict=True)
        if p < LEVEL and gap.value > 0
    ]


def gap_on_test(one: str, other: str, by: ChosenBy) -> ScoreDifference:
    """The one's test figure less the other's, as the score is written."""
    gap, sign = score_gap(by.of(one, "test"), by.of(other, "test")), by.score.sign
    return ScoreDifference(value=sign * gap.value, interval=_as_written(gap, sign), p=gap.p)
