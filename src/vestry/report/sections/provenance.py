"""The last section's data: how the results came about, and how to make them again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vestry.report.formatting import counted, duration, whole
from vestry.report.models import Model, Results, models_in_study_order
from vestry.report.section import Section

SECONDS_SUFFIX, BYTES_SUFFIX = "_seconds", "_bytes"
# strftime would follow the reader's locale; the page is in English.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True)
class Recipe:
    """What one member or committee is, and what it took."""

    model: Model
    kind: str
    parameters: str | None
    lines: list[str]
    remarks: list[str]
    warnings: list[str]
    stored: str | None


@dataclass(frozen=True)
class TimeBar:
    name: str
    seconds: float
    length: float
    is_committee: bool


@dataclass(frozen=True)
class Making:
    study: dict[str, Any]
    created: str
    recipes: list[Recipe]
    times: list[TimeBar]
    stages: list[tuple[str, str]]
    environment: list[tuple[str, str]]
    seeds: list[tuple[str, str]]


def _making_data(results: Results) -> Making:
    models = models_in_study_order(results)
    return Making(
        study=results["study"],
        created=moment(results["created"]),
        recipes=[_recipe(model) for model in models],
        times=_time_bars(models),
        stages=[(words(stage), duration(s)) for stage, s in _flat(results["seconds"])],
        environment=[_fact(key, value) for key, value in _flat(results["environment"])],
        seeds=seeds(results, models),
    )


def _recipe(model: Model) -> Recipe:
    entry = model.entry
    if model.is_committee:
        kind = "committee"
        lines = [f"rule: {entry['rule']}", f"members: {', '.join(entry['members'])}"]
    else:
        kind = entry.get("kind_words", entry["kind"])
        lines = entry["definition"]
    said = [entry.get("fitted_on"), _arithmetic(entry.get("training") or {})]
    remarks = [*entry.get("notes", []), *(remark for remark in said if remark)]
    return Recipe(
        model,
        kind,
        _parameters(entry),
        lines,
        remarks,
        entry.get("warnings", []),
        entry.get("stored"),
    )


def _arithmetic(training: dict[str, Any]) -> str | None:
    """Which precision each layer was trained in."""
    chosen = training.get("precision")
    if not chosen:
        return None
    if isinstance(chosen, dict):
        chosen = ", ".join(f"{layer} {_text(kind)}" for layer, kind in chosen.items())
    return f"Arithmetic: {_text(chosen)}."


def _parameters(entry: dict[str, Any]) -> str | None:
    """ "99 946 parameters (99 498 trainable)", or None for a model that has no such count."""
    count, trainable = entry.get("parameters"), entry.get("trainable_parameters")
    if count is None:
        return None
    note = "" if trainable in (None, count) else f" ({whole(trainable)} trainable)"
    return counted(count, "parameter") + note


def _time_bars(models: list[Model]) -> list[TimeBar]:
    times = [(model, model.entry["fit_seconds"]) for model in models]
    known = [(model, seconds) for model, seconds in times if seconds is not None]
    longest = max((seconds for _, seconds in known), default=0) or 1
    return [
        TimeBar(model.name, seconds, round(seconds / longest, 4), model.is_committee)
        for model, seconds in known
    ]


def seeds(results: Results, models: list[Model]) -> list[tuple[str, str]]:
    """Every seed that the run used, with what it was used for."""
    used = [(m.name, m.entry["seeds"]) for m in models if m.entry.get("seeds")]
    rows = [(name, ", ".join(map(str, its))) for name, its in used]
    if len(used) > 1 and all(its == used[0][1] for _, its in used):
        rows = [("every member", rows[0][1])]
    samples, votes = results["data"]["samples"], results.get("votes") or {}
    rows.append(("sample grid", str(samples["seed"])))
    if votes.get("seed") is not None:
        rows.append(("votes", str(votes["seed"])))
    return rows


def _flat(values: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Nested settings as (path, value) rows."""
    rows: list[tuple[str, Any]] = []
    for key, value in values.items():
        if isinstance(value, dict):
            rows += _flat(value, "" if key == "versions" else f"{prefix}{key}: ")
        else:
            rows.append((f"{prefix}{key}", value))
    return rows


def _fact(key: str, value: Any) -> tuple[str, str]:
    if key.endswith(BYTES_SUFFIX) and value is not None:
        return words(key.removesuffix(BYTES_SUFFIX)), f"{value / 2**30:.1f} GiB"
    return words(key), _text(value)


def moment(stamp: str) -> str:
    """An ISO 8601 time as "2 January 2026, 03:04 UTC"."""
    time = datetime.fromisoformat(stamp)
    day = f"{time.day} {_MONTHS[time.month - 1]} {time.year}"
    return f"{day}, {time:%H:%M} {time.tzname() or ''}".strip()


def words(key: str) -> str:
    return key.removesuffix(SECONDS_SUFFIX).replace("_", " ")


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "\u2013" if value is None else str(value)


SECTION = Section(
    key="making",
    data=_making_data,
    template="provenance.html.j2",
    title="How it was made",
    anchor="making",
)
