"""The study as it was resolved, and the commands that make these results again from it."""

import shlex
from dataclasses import dataclass
from pathlib import PurePath

from vestry.report.models import tables_alone
from vestry.report.section import Section
from vestry.schema.results import Results


@dataclass(frozen=True)
class Reproduce:
    """file: the study's, as a command names it; without the folders of whoever ran it."""

    file: str
    text: str
    hash: str
    judged: bool


def reproduce(results: Results) -> Reproduce:
    path = PurePath(results.study.file)
    file = path.name if path.is_absolute() else str(path)
    study = results.study
    return Reproduce(shlex.quote(file), study.text, study.hash, tables_alone(results))


SECTION = Section(
    key="reproduce",
    data=reproduce,
    template="reproduce.html.j2",
    title="Study and how to reproduce it",
    anchor="reproduce",
    chapter="made",
)
