"""The first section's data: the answer, the ranking and what the committees gain."""

from dataclasses import dataclass

from vestry.predictions.scores import is_share, score_words
from vestry.report.formatting import counted, listed, per_cent
from vestry.report.models import Model, models_by_rank, models_in_study_order
from vestry.report.plot.points import DrawnWhisker, Whisker, draw_whisker, whisker, whisker_axis
from vestry.report.section import Section
from vestry.report.sections import by_score, committees, optimism, score_figures, standing
from vestry.report.sections.leaks import held_apart
from vestry.schema.base import Spread
from vestry.schema.models import Committee
from vestry.schema.results import Failure, Notice, Results


@dataclass(frozen=True)
class Row:
    """One model in the ranking. `difference` is ours less reported, as a share. mark: what the
    test images say of it beside the first, with the difference. score: of validation and test by
    what orders the models, where that is not the accuracy. best: how probably it is the
    best. taken_off: what its validation figure was before."""

    model: Model
    validation: Spread | None
    test: Spread | None
    whisker: Whisker
    drawn: DrawnWhisker
    reported: float | None
    compared_with: float
    compared_with_mean: bool
    mark: str | None
    score: tuple[str, str] | None
    best: str
    taken_off: str | None

    @property
    def is_first(self) -> bool:
        return self.model.rank == 1

    @property
    def difference(self) -> float | None:
        return None if self.reported is None else self.compared_with - self.reported


@dataclass(frozen=True)
class CommitteeCheck:
    """A committee's own test figure, its best member's, and the mean of its members' accuracies,
    where these order the models. of: what the figures are, "accuracy"."""

    committee: Model
    made_of: str
    of: str
    best: Model
    own: str
    figure_of_best: str
    mean_of_members: float | None
    sentence: str
    remark: str | None


@dataclass(frozen=True)
class Comparison:
    """A reported figure beside ours; `against` says which figure of ours that is."""

    model: str
    score: str
    reported: float
    ours: float
    against: str
    is_share: bool


@dataclass(frozen=True)
class Answer:
    """about: what the study says of itself. failed: how many models did. too_few: what
    differences the images are too few for."""

    about: str
    nested: str | None
    in_folds: bool
    leak: str | None
    lead: list[str]
    notices: list[Notice]
    failures: list[Failure]
    failed: int
    rows: list[Row]
    baselines: list[by_score.BaselineRow]
    ordered_by: str
    score_label: str | None
    is_unbalanced: bool
    cautions: list[str]
    ticks: list[tuple[float, str]]
    interval_remark: str
    too_few: str | None
    rank_remark: str | None
    best_of: str | None
    reported_remark: str | None
    checks: list[CommitteeCheck]
    comparisons: list[Comparison]


def _answer_data(results: Results) -> Answer:
    ranked = models_by_rank(results)
    rows, ticks = _ranking_rows(results, ranked)
    singles = [(row.model, row.reported) for row in rows if not row.compared_with_mean]
    notices = sorted(results.notices, key=lambda notice: notice.level != "warning")
    return Answer(
        about=results.about,
        in_folds=results.nested is not None,
        nested=nested.said if (nested := results.what_choosing_gives) else None,
        leak=held_apart(results, ranked[0].name) if ranked else None,
        lead=lead(results, ranked),
        notices=notices,
        failures=results.failures,
        failed=_failed(results),
        rows=rows,
        baselines=by_score.baseline_rows(results),
        ordered_by=by_score.orders_by(results),
        score_label=None
        if results.score is None or by_score.is_accuracy(results)
        else results.score.label,
        is_unbalanced=by_score.is_unbalanced(results),
        cautions=[
            text for text in (by_score.misleading(results), by_score.not_above(results)) if text
        ],
        ticks=ticks,
        interval_remark=interval_remark(results, ranked),
        too_few=standing.too_few(results),
        rank_remark=standing.rank_remark(results),
        best_of=optimism.best_of(results),
        reported_remark=reported_remark([(m, v) for m, v in singles if v is not None]),
        checks=[
            _check(model, model.entry, results)
            for model in ranked
            if isinstance(model.entry, Committee)
        ],
        comparisons=[
            c for model in models_in_study_order(results) for c in _compare(model, results)
        ],
    )


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


def reported_remark(compared: list[tuple[Model, float]]) -> str | None:
    """How many reported accuracies our intervals hold. `compared`: models with such a figure."""
    if not compared:
        return None
    outside = [
        f"{model.name} (reported {per_cent(value)}, ours {per_cent(model.accuracy('test'))})"
        for model, value in compared
        if not model.interval("test")[0] <= value <= model.interval("test")[1]
    ]
    inside = len(compared) - len(outside)
    if len(compared) == 1:
        where = "outside" if outside else "inside"
        return f"The one reported accuracy lies {where} our 95% interval."
    if not outside:
        return f"All {inside} reported accuracies lie inside our 95% intervals."
    how_many = f"{inside} of {len(compared)}" if inside else f"None of the {len(compared)}"
    verb = "lie" if inside > 1 else "lies"
    return (
        f"{how_many} reported accuracies {verb} inside our 95% intervals; "
        f"outside: {listed(outside)}."
    )


def _ranking_rows(
    results: Results, ranked: list[Model]
) -> tuple[list[Row], list[tuple[float, str]]]:
    """Rows best first, and the ticks of the scale that their whiskers share."""
    if not ranked:
        return [], []
    whiskers = [whisker(model) for model in ranked]
    axis = whisker_axis(whiskers)
    rows = []
    for model, shown in zip(ranked, whiskers, strict=True):
        mean_taken = "accuracy" in _mean_scores(model, results)
        ours = _our_figure(model, "accuracy", mean_taken)
        rows.append(
            Row(
                model,
                model.over_seeds("validation", "accuracy"),
                model.over_seeds("test", "accuracy"),
                shown,
                draw_whisker(shown, axis),
                shown.reported,
                ours if ours is not None else model.accuracy("test"),
                mean_taken,
                None if results.nested else standing.beside_first(model, ranked[0]),
                by_score.row_scores(results, results.ranking[model.rank - 1]),
                by_score.probability(results.ranking[model.rank - 1], len(ranked) == 1),
                optimism.taken_off(model),
            )
        )
    whole = all(abs(100 * tick - round(100 * tick)) < 1e-6 for tick in axis.ticks)
    digits = 0 if whole else 1
    return rows, [(axis.place(tick), per_cent(tick, digits)) for tick in axis.ticks]


def _members_of(committee: Model, results: Results) -> list[Model]:
    """None of a member."""
    names = committee.entry.members if isinstance(committee.entry, Committee) else []
    return [m for m in models_in_study_order(results) if not m.is_committee and m.name in names]


def _mean_scores(model: Model, results: Results) -> list[str]:
    """Scores of a committee whose reported figure is really its members' mean."""
    return committees.scores_taken_for_means(model, _members_of(model, results))


def _our_figure(model: Model, score: str, mean_taken: bool) -> float | None:
    """Our counterpart of a reported test figure."""
    if mean_taken and isinstance(model.entry, Committee):
        return model.entry.mean_of_members.test.get(score)
    return model.score("test", score)


def _check(model: Model, committee: Committee, results: Results) -> CommitteeCheck:
    members, mean = _members_of(model, results), committees.mean_of_members(committee)
    best = committees.best_member(members)
    return CommitteeCheck(
        committee=model,
        made_of=committees.made_of(committee),
        of=score_figures.name_of(model),
        best=best,
        own=score_figures.written(model, "test"),
        figure_of_best=score_figures.written(best, "test"),
        mean_of_members=mean if model.ordered_by is None else None,
        sentence=committees.against_best(model, members),
        remark=committees.means_remark(model, members, mean),
    )


def _compare(model: Model, results: Results) -> list[Comparison]:
    """Every reported figure of `model` that we have a counterpart of."""
    taken = _mean_scores(model, results)
    found = []
    for score, reported in model.reported.items():
        ours = _our_figure(model, score, score in taken)
        if ours is not None:
            against = "mean of its members" if score in taken else "its own"
            words, share = score_words(score), is_share(score)
            found.append(Comparison(model.name, words, reported, ours, against, share))
    return found


SECTION = Section(
    key="answer",
    data=_answer_data,
    template="ranking.html.j2",
    title="How this was decided, and every figure",
    anchor="ranking",
    chapter="compare",
)
