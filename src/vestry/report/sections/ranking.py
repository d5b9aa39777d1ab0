"""The first section's data: the answer, the ranking and what the committees are worth."""

from dataclasses import dataclass
from typing import Any

from vestry.report.formatting import per_cent
from vestry.report.models import Model, Results, models_by_rank, models_in_study_order
from vestry.report.plot.points import DrawnWhisker, Whisker, draw_whisker, whisker, whisker_axis
from vestry.report.section import Section
from vestry.report.sections import answer, committees, standing


@dataclass(frozen=True)
class Row:
    """One model in the ranking. `difference` is ours less reported, as a share. mark: what the
    test images say of it beside the first."""

    model: Model
    validation: dict[str, Any] | None
    test: dict[str, Any] | None
    whisker: Whisker
    drawn: DrawnWhisker
    reported: float | None
    compared_with: float
    compared_with_mean: bool
    mark: str | None

    @property
    def is_first(self) -> bool:
        return self.model.rank == 1

    @property
    def difference(self) -> float | None:
        return None if self.reported is None else self.compared_with - self.reported


@dataclass(frozen=True)
class CommitteeCheck:
    """A committee's own accuracy, its best member's, and the mean of its members' accuracies."""

    committee: Model
    made_of: str
    best: Model
    own: float
    mean_of_members: float
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
    """about: what the study says of itself. failed: how many models came to nothing. too_few: what
    differences the images are too few for."""

    about: str
    lead: list[str]
    notices: list[dict[str, str]]
    failures: list[dict[str, Any]]
    failed: int
    rows: list[Row]
    ticks: list[tuple[float, str]]
    interval_remark: str
    too_few: str | None
    rank_remark: str | None
    reported_remark: str | None
    checks: list[CommitteeCheck]
    comparisons: list[Comparison]


def _answer_data(results: Results) -> Answer:
    ranked = models_by_rank(results)
    rows, ticks = _ranking_rows(results, ranked)
    singles = [(row.model, row.reported) for row in rows if not row.compared_with_mean]
    return Answer(
        about=results.get("about") or "",
        lead=answer.lead(results, ranked),
        notices=sorted(results["notices"], key=lambda notice: notice["level"] != "warning"),
        failures=results["failures"],
        failed=answer.failed(results),
        rows=rows,
        ticks=ticks,
        interval_remark=answer.interval_remark(results, ranked),
        too_few=standing.too_few(results),
        rank_remark=standing.rank_remark(results),
        reported_remark=answer.reported_remark([(m, v) for m, v in singles if v is not None]),
        checks=[_check(model, results) for model in ranked if model.is_committee],
        comparisons=[
            c for model in models_in_study_order(results) for c in _compare(model, results)
        ],
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
                standing.MARKS[model.mark] if model.mark else None,
            )
        )
    whole = all(abs(100 * tick - round(100 * tick)) < 1e-6 for tick in axis.ticks)
    digits = 0 if whole else 1
    return rows, [(axis.place(tick), per_cent(tick, digits)) for tick in axis.ticks]


def _members_of(committee: Model, results: Results) -> list[Model]:
    names = set(committee.entry["members"])
    return [m for m in models_in_study_order(results) if not m.is_committee and m.name in names]


def _mean_scores(model: Model, results: Results) -> list[str]:
    """Scores of a committee whose reported figure is really its members' mean."""
    if not model.is_committee:
        return []
    return committees.scores_taken_for_means(model, _members_of(model, results))


def _our_figure(model: Model, score: str, mean_taken: bool) -> float | None:
    """Our counterpart of a reported test figure."""
    if mean_taken:
        value: float | None = model.entry["mean_of_members"]["test"].get(score)
        return value
    return model.score("test", score)


def _check(committee: Model, results: Results) -> CommitteeCheck:
    members = _members_of(committee, results)
    return CommitteeCheck(
        committee=committee,
        made_of=committees.made_of(committee),
        best=committees.best_member(members),
        own=committee.accuracy("test"),
        mean_of_members=float(committee.entry["mean_of_members"]["test"]["accuracy"]),
        sentence=committees.against_best(committee, members),
        remark=committees.means_remark(committee, members),
    )


def _compare(model: Model, results: Results) -> list[Comparison]:
    """Every reported figure of `model` that we have a counterpart of."""
    taken = _mean_scores(model, results)
    found = []
    for score, reported in model.reported.items():
        ours = _our_figure(model, score, score in taken)
        if ours is not None:
            against = "mean of its members" if score in taken else "its own"
            name = committees.score_name(score)
            is_share = score not in ("log_loss", "brier")
            found.append(Comparison(model.name, name, reported, ours, against, is_share))
    return found


SECTION = Section(
    key="answer",
    data=_answer_data,
    template="ranking.html.j2",
    title="The answer",
    anchor="answer",
)
