"""What a finished run says on the console."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vestry.schema.results import Results


def summary(results: "Results", report: Path, as_json: bool) -> str:
    """What a run came to: the ranking, what failed, and the page's path on the last line."""
    from vestry.report.formatting import NARROW_SPACE  # noqa: PLC0415
    from vestry.report.models import shown_rank  # noqa: PLC0415
    from vestry.report.sections import decision, standing  # noqa: PLC0415

    if as_json:
        whole = results.as_json()
        return json.dumps(
            {key: whole[key] for key in ("title", "ranking", "failures", "notices")}
            | {"report": str(report)}
        )
    lines = [results.title, "", "by validation accuracy             validation    test"]
    rows = results.ranking
    lines += [
        f"{shown_rank(row, rows):>3}. {row.name:<30} "
        f"{row.validation_accuracy:>9.1%} {row.test_accuracy:>8.1%}  "
        f"{standing.marked(row)}".rstrip()
        for row in rows
    ]
    said = [standing.too_few(results), decision.headline_of(results)]
    lines += ["", *(text.replace(NARROW_SPACE, ",") for text in said if text)]
    lines += [f"FAILED: {entry.name}: {entry.reason}" for entry in results.failures]
    return "\n".join([*lines, "", str(report)])
