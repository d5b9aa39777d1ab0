"""What a study may have imported, where whoever runs it has said so: `--trusted-modules`."""

from collections.abc import Collection, Iterator
from typing import Any

from vestry.errors import StudyError
from vestry.search.space import variations
from vestry.study.entries import ModelEntry, SearchedEntry
from vestry.study.reader import StudyFile, read_study, studies_before


def check_imports_trusted(file: StudyFile, trusted: Collection[str]) -> None:
    """Raise StudyError, one line a problem, where a model of the study, or of those it builds on,
    names code of a top-level package that is not among `trusted`. Nothing is imported for it."""
    if lines := list(_problems(file, trusted)):
        raise StudyError("\n".join(lines))


def _problems(file: StudyFile, trusted: Collection[str]) -> Iterator[str]:
    known = ", ".join(sorted(trusted)) or "none"
    for number, entry in enumerate(file.study.models, 1):
        paths = {path for table in _tables(entry) for path in entry.model_kind.imports(table)}
        for path in sorted(paths):
            if (top := path.partition(".")[0]) not in trusted:
                yield (
                    f"{file.path}: model {number} ({entry.name}) would import {path}, and {top} is "
                    f"not among --trusted-modules ({known}): add it there if you trust it, or take "
                    "the model out"
                )
    for before in studies_before(file):
        yield from _problems(read_study(before), trusted)


def _tables(entry: ModelEntry | SearchedEntry) -> Iterator[dict[str, Any]]:
    """The model's own, or every one that its search may come to, value by value."""
    if not isinstance(entry, SearchedEntry):
        yield entry.model_dump()
        return
    for values in variations(entry.space):
        yield entry.with_values(values).model_dump()
