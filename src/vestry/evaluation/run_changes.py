"""What differs between runs besides their figures: makers, settings, machine and versions."""

from collections.abc import Mapping, Sequence
from typing import Any

Results = dict[str, Any]
Tables = Mapping[str, Any]

OF_THE_PAGE = (
    *("title", "about", "claim", "pair", "votes", "samples"),
    *("exploration", "after"),
)
"""Keys of a study that change no model and no figure."""
MAKERS = ("member", "committee")


def run_changes(studies: Mapping[str, Tables], environments: Mapping[str, Tables]) -> Results:
    """By runs' names: resolved study files as tables, and the environments they were run in."""
    return {
        "makers": lone_makers(studies),
        "settings": shared_by_makers(setting_rows(studies)),
        "environment": differing([flat(environment) for environment in environments.values()]),
    }


def lone_makers(studies: Mapping[str, Tables]) -> list[Results]:
    """Members and committees that some of the runs' studies lack; `runs` have them."""
    found: dict[tuple[str, str], list[str]] = {}
    for run, study in studies.items():
        for kind in MAKERS:
            for entry in study.get(kind, []):
                found.setdefault((kind, entry["name"]), []).append(run)
    return [
        {"kind": kind, "name": name, "runs": runs}
        for (kind, name), runs in found.items()
        if len(runs) < len(studies)
    ]


def setting_rows(studies: Mapping[str, Tables]) -> list[Results]:
    """Keys whose values differ, with the maker that they belong to (None: the whole study).

    values: one a run; None where the run's study has no such key. A maker counts where two runs
    or more have it. Defaults of `[training]` stand in every member, so they are not told twice.
    """
    whole = [
        flat({k: v for k, v in study.items() if k not in (*OF_THE_PAGE, *MAKERS)})
        for study in studies.values()
    ]
    rows = [{"of": None, **row} for row in differing(whole)]
    for kind in MAKERS:
        entries = [
            {entry["name"]: flat(entry) for entry in study.get(kind, [])}
            for study in studies.values()
        ]
        for name in dict.fromkeys(name for own in entries for name in own):
            own = [found.get(name) for found in entries]
            if sum(found is not None for found in own) > 1:
                rows += [{"of": name, **row} for row in differing(own)]
    of_members = {(row["key"], repr(row["values"])) for row in rows if row["of"]}
    return [
        row
        for row in rows
        if (row["key"].removeprefix("training."), repr(row["values"])) not in of_members
        or row["of"]
    ]


def shared_by_makers(rows: Sequence[Results]) -> list[Results]:
    """Rows that say the same of several makers as one; `of` lists them, empty for the study's."""
    found: dict[tuple[bool, str, str], Results] = {}
    for row in rows:
        key = (row["of"] is None, row["key"], repr(row["values"]))
        said = found.setdefault(key, row | {"of": []})
        said["of"] += [row["of"]] if row["of"] else []
    return list(found.values())


def differing(tables: Sequence[Tables | None]) -> list[Results]:
    """Keys whose values are not the same in all flat tables; a table that is None is left out."""
    keys = dict.fromkeys(key for table in tables if table is not None for key in table)
    rows = []
    for key in keys:
        values = [None if table is None else table.get(key) for table in tables]
        there = [table.get(key) for table in tables if table is not None]
        if any(value != there[0] for value in there):
            rows.append({"key": key, "values": values})
    return rows


def flat(table: Tables, prefix: str = "") -> dict[str, Any]:
    """Nested tables as dotted keys; lists stay whole."""
    rows: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            rows |= flat(value, f"{prefix}{key}.")
        else:
            rows[f"{prefix}{key}"] = value
    return rows
