"""`vestry runs`: the runs of a folder with their answers."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vestry.cli.options import JsonOption
from vestry.cli.terminal import columns_of, shortened
from vestry.errors import printable

if TYPE_CHECKING:
    from vestry.pipeline.listing import ListedRun

RUNS_EXAMPLES = "Examples:  vestry runs    |    vestry runs elsewhere/runs --json"
_EVIDENCE = {"clear": "clear", "level": "no significant difference", "too_few": "too few images"}
_NAME = 24
_DATE = "%Y-%m-%d %H:%M"
_HEADS = ("run", "when", "recommended", "right on test", "evidence")


def runs(
    folder: Annotated[
        Path, typer.Argument(envvar="VESTRY_RUNS", help="Folder of run folders, or one of these.")
    ] = Path("runs"),
    as_json: JsonOption = False,
) -> None:
    """List finished runs with their answers, the newest first, and how to go on with others.

    Of each: when it was finished, the recommended model, its test accuracy with the 95% interval,
    how far validation bears the choice, its data and its page.
    """
    from vestry.pipeline.listing import runs_in  # noqa: PLC0415

    found = runs_in(folder)
    if as_json:
        facts = json.dumps([_facts(run) for run in found], indent=1, ensure_ascii=False)
        # Half a character is written as its escape, which JSON reads as what it was.
        typer.echo(facts.encode("utf-8", "backslashreplace").decode())
    elif found:
        typer.echo("\n".join(_table(found)))
    else:
        typer.echo(f"No runs in {folder}; `vestry run STUDY` makes the first.")


def _table(found: "list[ListedRun]") -> list[str]:
    """A line of columns a run; below it where its data came from and its page lies, and what is
    wrong with it."""
    rows = [(_cells(run), _below(run)) for run in found]
    columns = zip(_HEADS, *(cells for cells, _ in rows), strict=True)
    widths = [max(map(len, column)) for column in columns]
    terminal = columns_of(sys.stdout)
    heads: tuple[str, ...] = _HEADS
    if terminal is not None and sum(widths) + 2 * len(widths) - 2 > terminal:
        # The evidence, in words, stands below where the terminal is narrow.
        heads, widths = heads[:-1], widths[:-1]
        rows = [(cells[:-1], [f"evidence: {cells[-1]}", *below]) for cells, below in rows]
    lines = [_line(heads, widths)]
    for cells, below in rows:
        lines += [_line(cells, widths), *(f"    {text}" for text in below)]
    return lines


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()


def _cells(run: "ListedRun") -> tuple[str, ...]:
    from vestry.report.formatting import NOTHING, with_interval  # noqa: PLC0415

    name = printable(run.name)
    if run.outline is None:
        return (name, f"{run.when.astimezone():{_DATE}}", NOTHING, NOTHING, NOTHING)
    found, figure = run.outline.decision, run.outline.figure
    return (
        name,
        f"{run.when.astimezone():{_DATE}}",
        shortened(printable((found.recommended if found else None) or "none"), _NAME),
        with_interval(figure[0], *figure[1]) if figure else NOTHING,
        _EVIDENCE[found.evidence] if found and found.evidence else NOTHING,
    )


def _below(run: "ListedRun") -> list[str]:
    said = [run.problem]
    if run.outline is not None:
        said.insert(0, f"{run.outline.data.used}; {run.folder.report}")
        if run.outline.nested:
            said.append("right on test: what choosing gives, in nested folds")
        if run.outline.decision and run.outline.decision.recommended is None:
            said.append(run.outline.decision.headline)
    return [printable(text) for text in said if text]


def _facts(run: "ListedRun") -> dict[str, Any]:
    """For a program: the same, with null for what is not known."""
    facts = {"name": run.name, "folder": str(run.folder.path), "when": run.when.isoformat()}
    found = run.outline
    decision = found.decision if found else None
    accuracy, interval = (found.figure if found else None) or (None, None)
    return {
        **facts,
        "finished": found is not None,
        "title": found.title if found else None,
        "data": found.data.used if found else None,
        "recommended": decision.recommended if decision else None,
        "evidence": decision.evidence if decision else None,
        "accuracy": accuracy,
        "interval": interval,
        "page": str(run.folder.report) if run.folder.report.is_file() else None,
        "problem": run.problem,
    }
