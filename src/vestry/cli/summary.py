"""What a finished run says on the console."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vestry.schema.decision import ScoreChosenBy
    from vestry.schema.results import Results


_NAMES = 35
"""Characters before the figures."""
_IN_JSON = ("title", "ranking", "baselines", "decision", "failures", "notices")


def summary(results: "Results", report: Path, as_json: bool) -> str:
    """What a run came to: the ranking, what failed, and the page's path on the last line."""
    from vestry.report.formatting import NARROW_SPACE  # noqa: PLC0415
    from vestry.report.models import shown_rank  # noqa: PLC0415
    from vestry.report.sections import by_score, decision, leaks, standing  # noqa: PLC0415

    if as_json:
        whole = results.as_json()
        given = {key: whole[key] for key in _IN_JSON} | {"report": str(report)}
        return json.dumps(given | ({"nested": whole["nested"]} if results.nested else {}))
    words = f"by validation {by_score.orders_by(results)}"
    rows, score = results.ranking, results.score
    tested = "" if results.nested else "    test"  # of the same images, folds confirm nothing
    head = [f"{words:<{_NAMES}}"] if len(words) < _NAMES else [words, " " * _NAMES]
    lines = [results.title, "", *head[:-1], f"{head[-1]}validation{tested}"]
    if nested := results.what_choosing_gives:
        lines[1:1] = ["", nested.said]
    lines += [
        f"{shown_rank(row, rows):>3}. {row.name:<30} "
        f"{_figures(score, row.validation_score, *([row.test_score] if tested else []))}"
        f"  {standing.marked(row) if tested else ''}".rstrip()
        for row in rows
    ]
    lines += [
        f"  \u2013  {each.name:<30} "
        f"{_figures(score, each.by_score.validation, *([each.by_score.test] if tested else []))}"
        for each in results.baselines
    ]
    first = rows[0].name if rows else None
    said = [
        leaks.held_apart(results, first) if first else None,
        by_score.misleading(results),
        by_score.not_above(results),
        standing.too_few(results),
        decision.headline_of(results),
    ]
    lines += ["", *(text.replace(NARROW_SPACE, ",") for text in said if text)]
    lines += [f"FAILED: {entry.name}: {entry.reason}" for entry in results.failures]
    return "\n".join([*lines, "", str(report)])


def _figures(score: "ScoreChosenBy | None", *values: float | None) -> str:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return ""
    as_share = score is None or score.unit == "share"
    figures = [f"{each:.1%}" if as_share else f"{each:.3f}" for each in known]
    return " ".join([f"{figures[0]:>9}", *(f"{each:>8}" for each in figures[1:])])
