"""The section on how the results came about, and how to make them again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vestry.predictions.given import GIVEN_KIND
from vestry.report.formatting import NOTHING, counted, duration, whole
from vestry.report.models import Model, models_in_study_order
from vestry.report.section import Section
from vestry.schema.environment import Environment
from vestry.schema.models import Committee
from vestry.schema.results import Results, StudyFacts

_SECONDS_SUFFIX, _BYTES_SUFFIX = "_seconds", "_bytes"
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
class Provenance:
    study: StudyFacts
    created: str
    recipes: list[Recipe]
    times: list[TimeBar]
    stages: list[tuple[str, str]]
    environment: list[tuple[str, str]]
    seeds: list[tuple[str, str]]


def _provenance(results: Results) -> Provenance:
    models = models_in_study_order(results)
    return Provenance(
        study=results.study,
        created=moment(results.created),
        recipes=[_recipe(model) for model in models],
        times=_time_bars(models),
        stages=[(words(stage), duration(s)) for stage, s in results.seconds.items()],
        environment=_environment(results.environment),
        seeds=_seeds(results),
    )


def _recipe(model: Model) -> Recipe:
    entry = model.entry
    if isinstance(entry, Committee):
        lines = [f"rule: {entry.rule}", f"members: {', '.join(entry.members)}"]
        fitted_on = [entry.fitted_on] if entry.fitted_on else []
        count = _parameters(entry.parameters, None)
        return Recipe(model, "committee", count, lines, [*entry.notes, *fitted_on], [], None)
    precision = entry.training.precision if entry.training else {}
    chosen = ", ".join(f"{layer} {kind}" for layer, kind in precision.items())
    said = [entry.fitted_on, f"Arithmetic: {chosen}." if chosen else ""]
    return Recipe(
        model,
        entry.kind_words or entry.kind,
        _parameters(entry.parameters, entry.trainable_parameters),
        entry.definition,
        [*entry.notes, *filter(None, said)],
        entry.warnings,
        entry.stored,
    )


def _parameters(count: int | None, trainable: int | None) -> str | None:
    """ "99 946 parameters (99 498 trainable)", or None for a model that has no such count."""
    if count is None:
        return None
    note = "" if trainable in (None, count) else f" ({whole(trainable)} trainable)"
    return counted(count, "parameter") + note


def _time_bars(models: list[Model]) -> list[TimeBar]:
    """Of the models whose time is known."""
    known = [(model, model.entry.fit_seconds) for model in models]
    timed = [(model, seconds) for model, seconds in known if seconds is not None]
    longest = max((seconds for _, seconds in timed), default=0) or 1
    return [
        TimeBar(model.name, seconds, round(seconds / longest, 4), model.is_committee)
        for model, seconds in timed
    ]


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
    title="How it was made",
    anchor="making",
    chapter="made",
)
