"""What to do after a look at the data: put labels right, then find out which model suits."""

import shlex

from vestry.report.formatting import counted
from vestry.schema.exploration import ExplorationResults


def next_steps(explored: ExplorationResults, folder: str | None = None) -> list[str]:
    """Sentences. folder: of the file of corrections, from where the reader stands; None: it lies
    beside the page."""
    source = shlex.quote(explored.data.asked)
    fitting = (
        f"Next: `vestry try {source}` finds out which model suits these images, `vestry init "
        f"{source}` writes a study of them to edit."
    )
    said = _corrections(explored, folder)
    return [said, fitting] if said else [fitting]


def _corrections(explored: ExplorationResults, folder: str | None) -> str | None:
    found = explored.corrections
    if found is None:
        return None
    parts = [
        counted(found.relabelled, "label"),
        f"{counted(found.dropped, 'image')} to be left out",
    ]
    what = " and ".join(
        part for part, count in zip(parts, (found.relabelled, found.dropped), strict=True) if count
    )
    where = f"{folder}/{found.file}" if folder else f"{found.file} beside this page"
    return (
        f"Identical images have several labels: {where} has {what}. Look at each line, keep those "
        f'that you agree with, and write corrections = "{found.file}" under [data], with the file '
        "beside the study; test images keep theirs unless correct_test = true says otherwise."
    )
