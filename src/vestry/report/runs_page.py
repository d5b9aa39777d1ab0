"""The page of `vestry compare`: one file, made from what the comparison of runs came to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vestry.report import runs_words as sentences
from vestry.report.formatting import NOTHING, counted
from vestry.report.models import shown_rank
from vestry.report.plot.points import (
    DrawnStrip,
    Strip,
    axis_ticks,
    draw_strip,
    interval,
    strip_axis,
)
from vestry.report.sections import standing
from vestry.report.sections.provenance import moment, words
from vestry.report.shell import (
    POLICY_PLACE,
    environment,
    generator,
    shown_scale,
    with_policy,
)
from vestry.report.sprite import draw_sheet
from vestry.schema.run_comparison import (
    ChangedSetting,
    ChangedValue,
    ComparedPair,
    ComparedRun,
    RankedOfRuns,
    RunComparison,
)
from vestry.storage.run_folder import write_text

MARK = "vestry compare"
"""Says near the top of every such page what it is."""


@dataclass(frozen=True)
class _Group:
    """One run's models, best by its own validation first."""

    run: ComparedRun
    strips: list[DrawnStrip]


@dataclass(frozen=True)
class _Row:
    """One model in the ranking of all runs. rank: "3", or "3=" where others have the same figures.

    milliseconds: for one image alone where any run timed that, else in a batch; None if untimed.
    scored: of validation and test, by the score that orders them; None where that is the accuracy.
    """

    rank: str
    mark: str
    entry: RankedOfRuns
    milliseconds: float | None
    drawn: DrawnStrip
    scored: tuple[str, str] | None


@dataclass(frozen=True)
class _Setting:
    """values: one a run, each in lines."""

    key: str
    of: str
    values: list[list[str]]


@dataclass(frozen=True)
class _RunsPage:
    """One attribute a part of the page. All strips share the scale of `ticks`, (place, text).
    pairs: each with its sentence; runs: each with when it was made and its machine."""

    results: RunComparison
    ordered_by: str
    title: str
    kicker: str
    created: str
    lead: list[str]
    groups: list[_Group]
    ticks: list[tuple[float, str]]
    rows: list[_Row]
    pairs: list[tuple[ComparedPair, str]]
    timed_alone: bool
    same_names: str | None
    changed: list[str]
    settings: list[_Setting]
    surroundings: list[_Setting]
    runs: list[tuple[ComparedRun, str, str]]
    uses: list[str]


def write_runs_page(results: RunComparison, target: Path) -> Path:
    """Draw the page of `results`, which is what `compare_runs` writes as JSON."""
    write_text(target, render_runs(results, target.with_suffix(".json").name))
    return target


def render_runs(results: RunComparison, beside: str) -> str:
    """The page as text. beside: the file that holds its numbers."""
    nothing = draw_sheet([], np.zeros((0, 1, 1), np.uint8), [])
    return with_policy(
        environment()
        .get_template("runs.html.j2")
        .render(
            page=_runs_page(results),
            sheet=nothing,
            scale=shown_scale(nothing),
            beside=beside,
            policy=POLICY_PLACE,
            generator=generator(MARK),
        )
    )


def _runs_page(results: RunComparison) -> _RunsPage:
    strips = {row.label: _strip(row) for row in results.ranking}
    axis = strip_axis(list(strips.values()))
    drawn = {label: draw_strip(one, axis) for label, one in strips.items()}
    alone = any(_latency(row) is not None for row in results.ranking)
    family = results.tests.family
    return _RunsPage(
        results=results,
        ordered_by=sentences.ordered_by(results),
        title=sentences.title(results),
        kicker=f"{results.data.used}, {counted(results.rows, 'test image')}",
        created=moment(results.created),
        lead=sentences.lead(results),
        groups=_run_groups(results, drawn),
        ticks=axis_ticks(axis),
        rows=[
            _Row(
                shown_rank(row, results.ranking),
                standing.marked(row),
                row,
                _latency(row) if alone else row.milliseconds_per_image,
                drawn[row.label],
                sentences.scored(results, row),
            )
            for row in results.ranking
        ],
        pairs=[(pair, sentences.pair_sentence(pair, family)) for pair in results.tests.pairs],
        timed_alone=alone,
        same_names=sentences.same_names(results),
        changed=sentences.changed(results),
        settings=[_setting(row, row.of) for row in results.changes.settings],
        surroundings=[_setting(row) for row in results.changes.environment],
        runs=[(run, moment(run.created), sentences.machine_words(run)) for run in results.runs],
        uses=sentences.test_set_uses(results),
    )


def _run_groups(results: RunComparison, drawn: Mapping[str, DrawnStrip]) -> list[_Group]:
    """Every model's test accuracy with its interval, run by run."""
    lower = results.score is not None and results.score.better == "lower"

    def worse(row: RankedOfRuns) -> float:
        if row.by_score is None:
            return -row.validation_accuracy
        return row.by_score.validation if lower else -row.by_score.validation

    rows = sorted(results.ranking, key=worse)
    return [
        _Group(run, [drawn[row.label] for row in rows if row.run == run.name])
        for run in results.runs
    ]


def _latency(row: RankedOfRuns) -> float | None:
    """Milliseconds for one image alone, the median; None where the run did not time that."""
    return row.cost.latency.median_ms if row.cost and row.cost.latency else None


def _strip(row: RankedOfRuns) -> Strip:
    return Strip(
        label=row.name,
        remark="committee" if row.kind == "committee" else "",
        text=sentences.figure(row),
        value=row.accuracy,
        spread=interval(*row.interval),
    )


def _setting(row: ChangedSetting | ChangedValue, of: list[str] | None = None) -> _Setting:
    return _Setting(words(row.key), ", ".join(of or ()), [_lines(value) for value in row.values])


def _lines(value: Any) -> list[str]:
    """A setting as a study file has it; a list of tables a line each."""
    if value is None:
        return [NOTHING]
    if isinstance(value, list) and any(isinstance(part, dict) for part in value):
        return [_inline(part) for part in value]
    return [_inline(value)]


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_inline(part)}' for key, part in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return value if isinstance(value, str) else json.dumps(value)
