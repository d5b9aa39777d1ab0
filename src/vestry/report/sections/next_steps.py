"""What to do after a look at the data: put labels right, then find out which model suits."""

import shlex

from vestry.report.formatting import counted
from vestry.report.sections.findings import GROUPS_FILE_LINE
from vestry.schema.exploration import ExplorationResults


def next_steps(explored: ExplorationResults, folder: str | None = None) -> list[str]:
    """Sentences. folder: of the files of corrections and groups, from where the reader stands;
    None: they lie beside the page."""
    source = shlex.quote(explored.data.asked)
    fitting = (
        f"Next: `vestry try {source}` finds out which model suits these images, `vestry init "
        f"{source}` writes a study of them to edit."
    )
    said = (_corrections(explored, folder), _groups(explored, folder))
    return [*(text for text in said if text), fitting]


def _groups(explored: ExplorationResults, folder: str | None) -> str | None:
    found = explored.groups
    if found is None:
        return None
    return (
        f"Images alone show that some are of one object: {_place(found.file, folder)} names "
        f"{counted(found.images, 'image')} of {counted(found.groups, 'object')}. Look at some, put "
        f"the file beside the study, and write under [data]: {GROUPS_FILE_LINE}"
    )


def _place(file: str, folder: str | None) -> str:
    return f"{folder}/{file}" if folder else f"{file} beside this page"


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
    where = _place(found.file, folder)
    return (
        f"Identical images have several labels: {where} has {what}. Look at each line, keep those "
        f'that you agree with, and write corrections = "{found.file}" under [data], with the file '
        "beside the study; test images keep theirs unless correct_test = true says otherwise."
    )
