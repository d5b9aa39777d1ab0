"""How the order came about and what its figures mean: what is folded under the table of models."""

from dataclasses import dataclass

from vestry.report.formatting import counted
from vestry.report.models import Model, models_by_rank
from vestry.report.section import Section
from vestry.report.sections import by_score, optimism, score_figures, standing
from vestry.report.sections.reported import (
    mean_scores,
    reported_figures,
    reported_remark,
    reported_table,
)
from vestry.report.table import Column, Table, text_column
from vestry.schema.results import Results


@dataclass(frozen=True)
class Answer:
    """lead: the order in words. cautions: what misleads. remarks: what the table's figures mean.
    best: how probably each is the best. reported: figures of somebody else; None without any, with
    how they lie to ours and what the study notes of them."""

    nested: str | None
    lead: list[str]
    cautions: list[str]
    remarks: list[str]
    best: Table | None
    reported: Table | None
    reported_remark: str | None
    notes: list[tuple[str, str]]


def _answer_data(results: Results) -> Answer:
    ranked = models_by_rank(results)
    figures = reported_figures(results)
    nested = results.what_choosing_gives
    cautions = (
        by_score.misleading(results),
        by_score.not_above(results),
        standing.too_few(results),
    )
    remarks = (
        interval_remark(results, ranked) if ranked else None,
        standing.rank_remark(results),
        optimism.best_of(results),
        *_taken_off(ranked),
    )
    return Answer(
        nested=nested.said if nested else None,
        lead=lead(results, ranked),
        cautions=[text for text in cautions if text],
        remarks=[text for text in remarks if text],
        best=_best(results, ranked) if len(ranked) > 1 else None,
        reported=reported_table(figures) if figures else None,
        reported_remark=reported_remark(_compared(results, ranked)),
        notes=[
            (model.name, model.entry.note)
            for model in ranked
            if model.reported and model.entry.note
        ],
    )


def _taken_off(ranked: list[Model]) -> list[str]:
    """What of validation figures is due to choices by the same images, a model a sentence."""
    found = [(model.name, optimism.taken_off(model)) for model in ranked]
    return [f"{name} on validation: {said}." for name, said in found if said]


def _best(results: Results, ranked: list[Model]) -> Table | None:
    """How probably each model is the best; None of results that do not say."""
    shares = [row.probability_best for row in results.ranking]
    if all(share is None for share in shares):
        return None
    return Table(
        "probably-best",
        "How probably each model is the best: in how many of 1,000 redrawings of the "
        "validation images, and of a model\u2019s seeds, it is ahead",
        (
            text_column("model", "Model"),
            Column("probability_best", "Probably the best", by_score.probability),
        ),
        tuple((model.name, results.ranking[model.rank - 1].probability_best) for model in ranked),
    )


def _compared(results: Results, ranked: list[Model]) -> list[tuple[Model, float]]:
    """Models whose reported accuracy is of the model itself, and not a mean of its members."""
    return [
        (model, value)
        for model in ranked
        if (value := model.reported.get("accuracy")) is not None
        and "accuracy" not in mean_scores(model, results)
    ]


def lead(results: Results, ranked: list[Model]) -> list[str]:
    """The answer, one sentence or two a paragraph; what matters most comes first."""
    if not ranked:
        models = counted(_failed(results), "model")
        return [f"There is no answer: {models} failed. The reasons stand below."]
    if len(ranked) == 1:
        return [_only_one(results, ranked[0])]
    return standing.lead(results, ranked)


def _failed(results: Results) -> int:
    """How many models failed; one may be listed with several seeds."""
    return len({entry.name for entry in results.failures})


def _only_one(results: Results, model: Model) -> str:
    figure = score_figures.test_figure(model)
    said = f"is right on {figure} of"
    if model.ordered_by:
        said = f"has {score_figures.a_score(model)} of {figure} on"
    return (
        f"{model.name} {said} {standing.test_rows(results)}. It is the only model of this run, so "
        "there is nothing to compare it with."
    )


def interval_remark(results: Results, models: list[Model]) -> str:
    """What the numbers after a figure mean."""
    rows = standing.test_rows(results)
    text = (
        "Brackets and whiskers are 95% intervals (Blaker\u2019s): how far an accuracy measured on "
        f"{rows} may be from that on all such images."
    )
    if any(model.over_seeds("test", "accuracy") for model in models):
        text += (
            " Of a model with several seeds the figure to quote is the mean over them: its "
            "interval is of the images and of the seeds, each small dot is a seed, and \u201c\u00b1"
            "\u201d is their standard deviation. No seed decides alone."
        )
    return text


SECTION = Section(
    key="answer",
    data=_answer_data,
    template="ranking.html.j2",
    title="How this was decided",
    anchor="ranking",
    chapter="compare",
    tables=lambda answer: [one for one in (answer.best, answer.reported) if one],
)
