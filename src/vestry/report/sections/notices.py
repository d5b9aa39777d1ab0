"""Every warning and note of the run, and what failed, with the reason and the end of its output."""

from collections.abc import Sequence
from dataclasses import dataclass

from vestry.report.formatting import counted, listed
from vestry.report.section import Section
from vestry.report.table import Column, Table, text_column
from vestry.schema.results import Failure, Results


@dataclass(frozen=True)
class Notices:
    """warnings, notes: in the run's order."""

    warnings: list[str]
    notes: list[str]
    failures: list[Failure]
    tables: list[Table]

    @property
    def count(self) -> int:
        return len(self.warnings) + len(self.notes) + len(self.failures)

    @property
    def summary(self) -> str:
        """ "1 warning, 3 notes and 1 failure"."""
        parts = [
            counted(len(found), noun)
            for found, noun in (
                (self.failures, "failure"),
                (self.warnings, "warning"),
                (self.notes, "note"),
            )
            if found
        ]
        return listed(parts)


def notices_data(results: Results) -> Notices | None:
    """None where there is nothing to say."""
    if not results.notices and not results.failures:
        return None
    by_level = {
        level: [notice.text for notice in results.notices if notice.level == level]
        for level in ("warning", "note")
    }
    return Notices(
        by_level["warning"],
        by_level["note"],
        results.failures,
        _tables(by_level, results.failures),
    )


def _tables(by_level: dict[str, list[str]], failures: Sequence[Failure]) -> list[Table]:
    said = [(level, text) for level, texts in by_level.items() for text in texts]
    failed = [(entry.name, entry.seed, entry.reason, entry.details) for entry in failures]
    columns = (
        text_column("model", "Model"),
        Column("seed", "Seed"),
        text_column("reason", "Reason"),
        text_column("details", "Details"),
    )
    found = [
        Table(
            "notices",
            "Warnings and notes of the run",
            (text_column("level", "Level"), text_column("text", "Text")),
            tuple(said),
        ),
        Table("failures", "What failed", columns, tuple(failed)),
    ]
    return [table for table in found if table.rows]


SECTION = Section(
    key="notices",
    data=notices_data,
    is_shown=lambda page: page is not None,
    template="notices.html.j2",
    title="Notes, warnings and failures",
    anchor="notices",
    chapter="made",
    tables=lambda page: page.tables,
)
