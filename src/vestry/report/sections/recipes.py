"""What each model is, as the study defines it, and how long fitting it took."""

from collections.abc import Sequence
from dataclasses import dataclass

from vestry.report.formatting import counted, duration, whole
from vestry.report.models import Model, models_in_study_order
from vestry.report.plot.count_bars import Bar, count_bars
from vestry.report.plot.figure import Figure
from vestry.report.section import Section
from vestry.report.table import Column, Table, text_column
from vestry.schema.models import Committee
from vestry.schema.results import Results


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
class Recipes:
    """times: seconds of fitting each model; None where none is known."""

    recipes: list[Recipe]
    times: Figure | None
    table: Table


def _recipes(results: Results) -> Recipes:
    models = models_in_study_order(results)
    recipes = [_recipe(model) for model in models]
    return Recipes(recipes, _times(models), _table(recipes))


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


def _times(models: Sequence[Model]) -> Figure | None:
    """Of the models whose time is known; a committee's is its members'."""
    known = [(model, model.entry.fit_seconds) for model in models]
    bars = [
        Bar(f"{model.name} (its members)" if model.is_committee else model.name, seconds)
        for model, seconds in known
        if seconds is not None
    ]
    return count_bars("fit-times", "Time to fit", bars, "seconds", duration) if bars else None


def _table(recipes: Sequence[Recipe]) -> Table:
    columns = (
        text_column("model", "Model"),
        text_column("kind", "Kind"),
        Column("parameters", "Parameters", whole),
        Column("fit_seconds", "Time to fit", duration),
        text_column("definition", "Definition"),
    )
    rows = [
        (
            recipe.model.name,
            recipe.kind,
            recipe.model.entry.parameters,
            recipe.model.entry.fit_seconds,
            "; ".join(recipe.lines),
        )
        for recipe in recipes
    ]
    return Table("recipes", "What each model is", columns, tuple(rows))


SECTION = Section(
    key="recipes",
    data=_recipes,
    is_shown=lambda page: bool(page.recipes),
    template="recipes.html.j2",
    title="Recipe and time of every model",
    anchor="recipes",
    chapter="made",
    tables=lambda page: [page.table],
    figures=lambda page: [page.times] if page.times else [],
)
