"""What differs between runs besides their figures: models, settings, machine and versions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from vestry.schema import run_comparison as schema

Tables = Mapping[str, Any]
"""A study file, or a part of it, as it is written there."""

_OF_THE_PAGE = (
    *("title", "about", "claim", "pair", "votes", "samples"),
    *("exploration", "after"),
)
"""Keys of a study that change no model and no figure."""
_KINDS: tuple[Literal["member", "committee"], ...] = ("member", "committee")


def run_changes(
    studies: Mapping[str, Tables], environments: Mapping[str, Tables]
) -> schema.RunChanges:
    """By runs' names: resolved study files as tables, and the environments they were run in."""
    machines = _differing([_flat(environment) for environment in environments.values()])
    return schema.RunChanges(
        makers=_unmatched_models(studies),
        settings=_shared_by_models(_changed_settings(list(studies.values()))),
        environment=[schema.ChangedValue(key=key, values=values) for key, values in machines],
    )


def _unmatched_models(studies: Mapping[str, Tables]) -> list[schema.MissingModel]:
    """Members and committees that some of the runs' studies lack."""
    found: dict[tuple[Literal["member", "committee"], str], list[str]] = {}
    for run, study in studies.items():
        for kind in _KINDS:
            for entry in study.get(kind, []):
                found.setdefault((kind, entry["name"]), []).append(run)
    return [
        schema.MissingModel(kind=kind, name=name, runs=runs)
        for (kind, name), runs in found.items()
        if len(runs) < len(studies)
    ]


class _Changed(NamedTuple):
    """A key whose values differ, one a run (None where it is not set). of: the model that it
    belongs to; None for the whole study."""

    of: str | None
    key: str
    values: list[Any]


def _changed_settings(studies: Sequence[Tables]) -> list[_Changed]:
    """A model counts where two runs or more have it. Defaults of `[training]` stand in every
    member, so they are not told twice."""
    without = (*_OF_THE_PAGE, *_KINDS)
    whole = [_flat({k: v for k, v in study.items() if k not in without}) for study in studies]
    of_models = list(_changed_of_models(studies))
    told = {(row.key, repr(row.values)) for row in of_models}
    return [
        _Changed(None, key, values)
        for key, values in _differing(whole)
        if (key.removeprefix("training."), repr(values)) not in told
    ] + of_models


def _changed_of_models(studies: Sequence[Tables]) -> Iterator[_Changed]:
    for kind in _KINDS:
        entries = [
            {entry["name"]: _flat(entry) for entry in study.get(kind, [])} for study in studies
        ]
        for name in dict.fromkeys(name for own in entries for name in own):
            own = [found.get(name) for found in entries]
            if sum(found is not None for found in own) > 1:
                yield from (_Changed(name, *row) for row in _differing(own))


def _shared_by_models(rows: Sequence[_Changed]) -> list[schema.ChangedSetting]:
    """Rows that say the same of several models as one."""
    alike: dict[tuple[bool, str, str], list[_Changed]] = {}
    for row in rows:
        alike.setdefault((row.of is None, row.key, repr(row.values)), []).append(row)
    return [
        schema.ChangedSetting(
            of=[row.of for row in same if row.of], key=same[0].key, values=same[0].values
        )
        for same in alike.values()
    ]


def _differing(tables: Sequence[Tables | None]) -> list[tuple[str, list[Any]]]:
    """Keys whose values are not the same in all flat tables; a table that is None is left out."""
    keys = dict.fromkeys(key for table in tables if table is not None for key in table)
    rows = []
    for key in keys:
        values = [None if table is None else table.get(key) for table in tables]
        there = [table.get(key) for table in tables if table is not None]
        if any(value != there[0] for value in there):
            rows.append((key, values))
    return rows


def _flat(table: Tables, prefix: str = "") -> dict[str, Any]:
    """Nested tables as dotted keys; lists stay whole."""
    rows: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            rows |= _flat(value, f"{prefix}{key}.")
        else:
            rows[f"{prefix}{key}"] = value
    return rows
