"""The section on seeds, times, versions and machine."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vestry.predictions.given import GIVEN_KIND
from vestry.report.formatting import NOTHING, duration
from vestry.report.section import Section
from vestry.report.table import Table, Value, text_column
from vestry.schema.environment import Environment
from vestry.schema.results import Results

_SECONDS_SUFFIX, _BYTES_SUFFIX = "_seconds", "_bytes"
# strftime would follow the reader's locale; the page is in English.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True)
class Provenance:
    """Each as (what, value); table: all of them."""

    created: str
    stages: list[tuple[str, str]]
    environment: list[tuple[str, str]]
    seeds: list[tuple[str, str]]
    table: Table


def _provenance(results: Results) -> Provenance:
    stages = [(words(stage), duration(s)) for stage, s in results.seconds.items()]
    machine = _environment(results.environment)
    seeds = _seeds(results)
    return Provenance(
        created=moment(results.created),
        stages=stages,
        environment=machine,
        seeds=seeds,
        table=_table({"seed": seeds, "seconds": results.seconds.items(), "machine": machine}),
    )


def _table(groups: dict[str, Iterable[tuple[str, Value]]]) -> Table:
    rows = [(kind, words(name), value) for kind, own in groups.items() for name, value in own]
    columns = (text_column("of", "Of"), text_column("what", "What"), text_column("value", "Value"))
    return Table("provenance", "Seeds, times, versions and machine", columns, tuple(rows))


def _seeds(results: Results) -> list[tuple[str, str]]:
    """Every seed that the run used, with what it was used for."""
    used = {
        name: [each.seed for each in entry.seeds]
        for name, entry in results.members.items()
        if entry.kind != GIVEN_KIND or len(entry.seeds) > 1
    }
    rows = [(name, ", ".join(map(str, its))) for name, its in used.items()]
    if len(used) > 1 and len({tuple(its) for its in used.values()}) == 1:
        rows = [("every member", rows[0][1])]
    drawn = {"sample grid": results.data.samples.seed, "votes": results.votes.seed}
    return rows + [(what, str(seed)) for what, seed in drawn.items() if seed is not None]


def _environment(found: Environment) -> list[tuple[str, str]]:
    """What it was made with, versions of libraries among the rest."""
    rows: list[tuple[str, str]] = []
    for key, value in found.as_json().items():
        each = value.items() if isinstance(value, dict) else [(key, value)]
        rows += [_fact(*row) for row in each]
    return rows


def _fact(key: str, value: Any) -> tuple[str, str]:
    if key.endswith(_BYTES_SUFFIX) and value is not None:
        return words(key.removesuffix(_BYTES_SUFFIX)), f"{value / 2**30:.1f} GiB"
    return words(key), NOTHING if value is None else str(value)


def moment(stamp: str) -> str:
    """An ISO 8601 time as "2 January 2026, 03:04 UTC"."""
    time = datetime.fromisoformat(stamp)
    day = f"{time.day} {_MONTHS[time.month - 1]} {time.year}"
    return f"{day}, {time:%H:%M} {time.tzname() or ''}".strip()


def words(key: str) -> str:
    return key.removesuffix(_SECONDS_SUFFIX).replace("_", " ")


SECTION = Section(
    key="provenance",
    data=_provenance,
    template="provenance.html.j2",
    title="Seeds, times, versions and machine",
    anchor="making",
    chapter="made",
    tables=lambda page: [page.table],
)
