"""What a finished run says on the console."""

import json
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from vestry.cli.terminal import columns_of, shortened

if TYPE_CHECKING:
    from vestry.report.models import Model
    from vestry.schema.decision import Baseline
    from vestry.schema.results import Results


_LONGEST_NAME = 35
"""Characters of a table's first column; a longer one pushes its figures aside."""
_SHORTEST_NAME, _GAPS = 23, 16
"""Of the same column where the terminal is narrow; and what lies between and beside the others."""
_IN_JSON = ("title", "ranking", "baselines", "decision", "failures", "notices")


def tell(results: "Results", report: Path, as_json: bool) -> None:
    """Print what a run came to, broken to what the terminal holds."""
    typer.echo(summary(results, report, as_json, columns_of(sys.stdout)))


def summary(results: "Results", report: Path, as_json: bool, columns: int | None = None) -> str:
    """What a run came to: the recommended model, the ranking, what failed, and the page's path on
    the last line. columns: of the terminal that is to hold it; None where nothing is to be broken.
    """
    from vestry.report.sections import by_score, standing  # noqa: PLC0415

    if as_json:
        whole = results.as_json()
        given = {key: whole[key] for key in _IN_JSON} | {"report": str(report)}
        return json.dumps(given | ({"nested": whole["nested"]} if results.nested else {}))
    below = [by_score.misleading(results), by_score.not_above(results), standing.too_few(results)]
    failed = [f"{entry.name} failed: {entry.reason}" for entry in results.failures]
    parts = [
        _broken([results.title], columns),
        _broken(_answer(results), columns),
        _table(results, columns),
        _broken([text for text in below if text], columns),
        _broken(failed, columns),
        [f"Report: {report}"],
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def _broken(texts: list[str], columns: int | None) -> list[str]:
    """Sentences in lines that end between words."""
    if columns is None:
        return texts
    broken = (
        textwrap.wrap(text, columns, break_long_words=False, break_on_hyphens=False)
        for text in texts
    )
    return [line for lines in broken for line in lines]


def _answer(results: "Results") -> list[str]:
    """The recommended model with its figure and cost; before it, what makes figures worthless."""
    from vestry.report.models import models_in_study_order  # noqa: PLC0415
    from vestry.report.sections import decision, leaks  # noqa: PLC0415

    leader = results.ranking[0].name if results.ranking else None
    nested = results.what_choosing_gives
    said = [
        nested.said if nested else None,
        leaks.held_apart(results, leader) if leader else None,
        decision.headline_of(results),
    ]
    name = results.decision.recommended if results.decision else None
    taken = [model for model in models_in_study_order(results) if model.name == name]
    said += [text for model in taken for text in (_figure(results, model), _cost(model))]
    return [text for text in said if text]


def _figure(results: "Results", model: "Model") -> str | None:
    """Of the test images; None where they chose the models, too, and so confirm nothing."""
    from vestry.report.formatting import counted  # noqa: PLC0415
    from vestry.report.sections import leaks, score_figures  # noqa: PLC0415

    if results.what_choosing_gives:
        return None
    images = f"On the {counted(results.data.splits['test'].rows, 'test image')}"
    if results.nested:
        images = "Each image answered by a model that had not seen it,"
    return f"{images}{leaks.leaked_rows(results)} {score_figures.it_is(model)}."


def _cost(model: "Model") -> str | None:
    from vestry.report.formatting import file_size, listed, milliseconds  # noqa: PLC0415

    parts = [f"{milliseconds(model.latency)} for one image"] if model.latency is not None else []
    parts += [file_size(model.size)] if model.size is not None else []
    return f"It takes {listed(parts)}." if parts else None


def _table(results: "Results", columns: int | None) -> list[str]:
    """A line a model, in the order of validation, and one for each way to answer without any. In a
    narrow terminal names are shortened, and how a model stands comes below its figures."""
    from vestry.report.models import models_by_rank  # noqa: PLC0415
    from vestry.report.sections import by_score  # noqa: PLC0415

    models, tested = models_by_rank(results), not results.nested
    words = f"by validation {by_score.orders_by(results)}"
    rows = [
        (f"{model.place:>3}. {model.name}", *_figures(results, model, tested)) for model in models
    ]
    rows += [
        (f"  \u2013  {each.name}", *_baseline(results, tested, each), "")
        for each in results.baselines
    ]
    above = [words] if len(words) > _LONGEST_NAME else []
    head = ("" if above else words, "validation", "test" if tested else "", "")
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(3)]
    marks = max(len(row[3]) for row in rows) if rows else 0
    name, test = min(widths[0], _LONGEST_NAME), widths[2]
    beside = columns is None or _SHORTEST_NAME + _GAPS + test + marks <= columns
    if columns is not None:
        room = columns - _GAPS - test - (marks if beside else 0)
        name = min(widths[0], max(_SHORTEST_NAME, room))
    lines = []
    for start, validation, figure, mark in (head, *rows):
        first = start if columns is None else shortened(start, name)
        lines.append(f"{first:<{name}}  {validation:>10}  {figure:<{test}}".rstrip())
        if mark and beside:
            lines[-1] = f"{lines[-1]:<{name + test + _GAPS}}{mark}"
        elif mark:
            lines.append(f"     {mark}")
    return [*above, *lines]


def _figures(results: "Results", model: "Model", tested: bool) -> tuple[str, str, str]:
    """Of validation, of test, and how it stands to the first there; all empty where the score that
    orders the models is not known of it. Folds that test the images that models were chosen by
    confirm nothing: then nothing is said of test."""
    from vestry.report.sections import score_figures, standing  # noqa: PLC0415

    if results.score and results.score.name != "accuracy" and model.by_score is None:
        return "", "", ""
    validation = score_figures.written(model, "validation")
    if not tested:
        return validation, "", ""
    return validation, score_figures.test_figure(model), standing.seen(results, model)


def _baseline(results: "Results", tested: bool, each: "Baseline") -> tuple[str, str]:
    from vestry.report.formatting import decimal, per_cent  # noqa: PLC0415

    share = results.score is None or results.score.unit == "share"
    written = per_cent if share else decimal
    return written(each.by_score.validation), written(each.by_score.test) if tested else ""
