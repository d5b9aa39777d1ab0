"""The page of `vestry compare`: one file, made from what the comparison of runs came to."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vestry.report import runs_headings as headings
from vestry.report import runs_words as sentences
from vestry.report.formatting import counted
from vestry.report.plot.dots import DotRow, dot_plot
from vestry.report.plot.figure import Figure
from vestry.report.runs_tables import changes, machines, pairs, ranking, runs
from vestry.report.sections.provenance import moment
from vestry.report.shell import (
    POLICY_PLACE,
    environment,
    generator,
    script_json,
    shown_scale,
    with_policy,
)
from vestry.report.sprite import draw_sheet
from vestry.report.table import Table
from vestry.schema.run_comparison import RankedOfRuns, RunComparison
from vestry.storage.run_folder import write_text

MARK = "vestry compare"
"""Says near the top of every such page what it is."""
_MOST_ROWS = 36
_MOST_CHANGES = 12
_CONTENTS = (
    ("answer", "In short"),
    ("changes", "What changed"),
    ("ranking", "Ranking"),
    ("tests", "Significant?"),
    ("runs", "The runs"),
)


@dataclass(frozen=True)
class _RunsPage:
    """One attribute a part of the page. name: of the first; None where no order is common, and
    `evidence` then says so. headings: of the chapters, by key. more_changes: where they are too
    many to stand open. pairs: in words."""

    results: RunComparison
    title: str
    kicker: str
    created: str
    label: str
    name: str | None
    evidence: str
    number: tuple[str, str]
    sentences: list[str]
    figure: Figure
    headings: dict[str, str]
    machine: str
    changes: Table | None
    more_changes: Table | None
    machines: Table | None
    ranking: Table
    remark: str
    same_names: str | None
    tests: str
    pairs: list[str]
    pairs_table: Table
    runs: Table
    uses: list[str]

    @property
    def tables(self) -> list[Table]:
        """All that can be taken home."""
        known = (self.changes, self.more_changes, self.machines, self.ranking, self.pairs_table)
        return [table for table in (*known, self.runs, self.figure.data) if table]


def write_runs_page(results: RunComparison, target: Path) -> Path:
    """Draw the page of `results`, which is what `compare_runs` writes as JSON."""
    write_text(target, render_runs(results, target.with_suffix(".json").name))
    return target


def render_runs(results: RunComparison, beside: str) -> str:
    """The page as text. beside: the file that holds its numbers."""
    nothing = draw_sheet([], np.zeros((0, 1, 1), np.uint8), [])
    page = _runs_page(results)
    return with_policy(
        environment()
        .get_template("runs.html.j2")
        .render(
            page=page,
            contents=_CONTENTS,
            tables=script_json({table.key: table.as_json() for table in page.tables}),
            sheet=nothing,
            scale=shown_scale(nothing),
            beside=beside,
            policy=POLICY_PLACE,
            generator=generator(MARK),
        )
    )


def _runs_page(results: RunComparison) -> _RunsPage:
    common = results.ordered_by == "validation"
    first = results.ranking[0]
    what = changes(results)
    return _RunsPage(
        results=results,
        title=sentences.title(results),
        kicker=f"{results.data.used}, {counted(results.rows, 'test image')}",
        created=moment(results.created),
        label=f"First by validation {sentences.ordered_by(results)}",
        name=first.label if common else None,
        evidence=headings.evidence(results),
        number=headings.number(results),
        sentences=sentences.lead(results)[1 if common else 0 :],
        figure=_figure(results),
        headings=headings.headings(results),
        machine=sentences.machine(results),
        changes=_first_rows(what),
        more_changes=what if what and len(what.rows) > _MOST_CHANGES else None,
        machines=machines(results),
        ranking=ranking(results),
        remark=headings.ranking_remark(results),
        same_names=sentences.same_names(results),
        tests=headings.tests(results),
        pairs=[sentences.pair_sentence(pair, results.tests.family) for pair in results.tests.pairs],
        pairs_table=pairs(results),
        runs=runs(results),
        uses=sentences.test_set_uses(results),
    )


def _first_rows(table: Table | None) -> Table | None:
    """What stands open of a long table."""
    if table is None or len(table.rows) <= _MOST_CHANGES:
        return table
    caption = f"{table.caption}, the first {_MOST_CHANGES} of {len(table.rows)}"
    return Table("first-changes", caption, table.columns, table.rows[:_MOST_CHANGES])


def _figure(results: RunComparison) -> Figure:
    """Every model of each run, best by its own validation rows first."""
    each = max(3, _MOST_ROWS // len(results.runs))
    by_run = [_of_run(results, run.name) for run in results.runs]
    left_out = sum(max(0, len(rows) - each) for rows in by_run)
    name = sentences.ordered_by(results)
    return dot_plot(
        "models",
        f"{name[0].upper()}{name[1:]} of every model, run by run",
        [_dots(results, row) for rows in by_run for row in rows[:each]],
        name,
        is_share=results.score is None or results.score.unit == "share",
        remark=f"{counted(left_out, 'more model')} in the table below" if left_out else "",
    )


def _of_run(results: RunComparison, run: str) -> list[RankedOfRuns]:
    lower = results.score is not None and results.score.better == "lower"

    def worse(row: RankedOfRuns) -> float:
        if row.by_score is None:
            return -row.validation_accuracy
        return row.by_score.validation if lower else -row.by_score.validation

    return sorted((row for row in results.ranking if row.run == run), key=worse)


def _dots(results: RunComparison, row: RankedOfRuns) -> DotRow:
    by_score = row.by_score if results.score else None
    low, high = (None, None) if by_score else row.interval
    return DotRow(
        name=row.name,
        series=0,
        validation=by_score.validation if by_score else row.validation_accuracy,
        test=by_score.test if by_score else row.accuracy,
        low=low,
        high=high,
        seeds=tuple(row.over_seeds.values) if row.over_seeds and not by_score else (),
        marked=results.ordered_by == "validation" and row is results.ranking[0],
        group=row.run,
    )
