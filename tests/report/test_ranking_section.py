"""The answer: who is first, what reported figures are, and what committees gain."""

from typing import Any

import example
import pytest

from vestry.report.models import Model, models_in_study_order
from vestry.report.sections import committees, ranking, reported

OURS = 0.8411
"""The mean of our members' accuracies."""


@pytest.fixture(scope="module")
def usual() -> list[Model]:
    return models_in_study_order(example.typed(example.build()[0]))


def alike(
    usual: Model,
    name: str,
    test: float,
    interval: tuple[float, float] = (0.8, 0.95),
    reported: float | None = None,
    **entry: Any,
) -> Model:
    """As the usual one, but for these figures; as accurate on validation as on test rows."""
    known = usual.entry
    rows = {split: known.scores.on(split) for split in ("validation", "test")}
    changed = {
        "scores": known.scores.model_copy(
            update={s: table.model_copy(update={"accuracy": test}) for s, table in rows.items()}
        ),
        "intervals": known.intervals.model_copy(update={"test": {"accuracy": interval}}),
        "reported": {} if reported is None else {"accuracy": reported},
    }
    return Model(name, known.model_copy(update=changed | entry), 1, 0)


def test_one_model_and_none() -> None:
    results, _ = example.build(example.Plan(strengths={"A": 3}, networks=(), committee=()))
    assert "only model" in " ".join(lead_of(results))
    results |= {"members": {}, "ranking": []}
    reason = {"reason": "no", "details": ""}
    results["failures"] = [{"name": n, "seed": s, **reason} for n in "AB" for s in (0, 1)]
    assert lead_of(results)[0].startswith("There is no answer: 2 models failed.")


def lead_of(results: dict[str, Any]) -> list[str]:
    return ranking.lead(example.typed(results), ranked_of(results))


def ranked_of(results: dict[str, Any]) -> list[Model]:
    return models_in_study_order(example.typed(results))


def test_seeds_are_said_where_there_are_several(results: dict[str, Any]) -> None:
    whole = example.typed(results)
    assert "deviation" not in ranking.interval_remark(whole, ranked_of(results))
    spread = {"accuracy": {"mean": 0.925, "deviation": 0.01, "values": [0.93, 0.92, 0.925]}}
    first = results["ranking"][0]["name"]
    entry = (results["members"] | results["committees"])[first]
    if first == example.COMMITTEE:
        first = results["ranking"][1]["name"]
        entry = results["members"][first]
        results["ranking"] = results["ranking"][1:] + results["ranking"][:1]
        results["ranking"][0]["on_test"], results["ranking"][1]["on_test"] = (
            None, results["ranking"][1]["on_test"],
        )  # fmt: skip
    entry["over_seeds"] = {"validation": spread, "test": spread}
    entry["scores"]["validation"]["accuracy"] = spread["accuracy"]["mean"]
    assert "the figure to quote is the mean over them" in ranking.interval_remark(
        example.typed(results), ranked_of(results)
    )
    text = " ".join(
        ranking.lead(example.typed(results), sorted(ranked_of(results), key=lambda m: m.rank))
    )
    assert "92.5% (mean of 3 seeds)" in text and "first seed" not in text


def test_reported_figures_inside_and_outside(usual: list[Model]) -> None:
    inside = (alike(usual[0], "A", 0.9, (0.88, 0.92)), 0.91)
    outside = (alike(usual[0], "B", 0.9, (0.88, 0.92)), 0.95)
    assert reported.reported_remark([]) is None
    assert "lies inside" in str(reported.reported_remark([inside]))
    assert "lies outside" in str(reported.reported_remark([outside]))
    mixed = str(reported.reported_remark([inside, outside]))
    assert mixed.startswith("1 of 2") and "B (reported 95.0%, ours 90.0%)" in mixed
    assert str(reported.reported_remark([outside, outside])).startswith("None of the 2")
    assert str(reported.reported_remark([inside, inside])).startswith("All 2")


def committee_of(usual: list[Model], test: float, reported: float | None) -> Model:
    return alike(usual[-1], "C", test, (test - 0.01, test + 0.01), reported)


@pytest.fixture
def three(usual: list[Model]) -> list[Model]:
    figures = ((0.9017, 0.91), (0.8048, 0.81), (0.8162, 0.82))
    return [
        alike(usual[0], f"M{i}", accuracy, reported=reported)
        for i, (reported, accuracy) in enumerate(figures)
    ]


def test_a_reported_mean_of_members_is_recognised(usual: list[Model], three: list[Model]) -> None:
    text = str(committees.means_remark(committee_of(usual, 0.899, 0.8409), three, OURS))
    assert "0.8409, equals to four digits the mean" in text
    assert "(0.9017, 0.8048 and 0.8162)" in text
    assert "84.1%, and not with 89.9%" in text


@pytest.mark.parametrize("reported", [0.8411, 0.8402, 0.9, None])
def test_and_only_where_it_is_the_mean(
    usual: list[Model], three: list[Model], reported: float | None
) -> None:
    made = committee_of(usual, 0.899, reported)
    assert committees.means_remark(made, three, OURS) is None


def test_no_remark_where_a_member_has_no_reported_figure(
    usual: list[Model], three: list[Model]
) -> None:
    three[1].reported.clear()
    made = committee_of(usual, 0.899, 0.8409)
    assert committees.means_remark(made, three, OURS) is None


def test_study_b_recognises_all_four_scores() -> None:
    results, _ = example.build(example.Plan(reported=example.study_b().reported))
    *members, committee = ranked_of(results)
    taken = committees.scores_taken_for_means(committee, members[-3:])
    assert taken == ["log_loss", "accuracy", "precision_micro_at_half", "recall_micro_at_half"]


def test_committee_against_its_best_member_by_validation(
    usual: list[Model], three: list[Model]
) -> None:
    best = "Its best member by validation, M0, is right on 91.0%"
    above = committees.against_best(committee_of(usual, 0.923, None), three)
    below = committees.against_best(committee_of(usual, 0.899, None), three)
    level = committees.against_best(committee_of(usual, 0.9101, None), three)
    equal = committees.against_best(committee_of(usual, 0.91, None), three)
    assert best in above and "1.3 percentage points above it" in above
    assert best in below and "1.1 percentage points below it" in below
    assert "the two are less than 0.1 points apart" in level
    assert "the two are equal" in equal


MADE_OF = [
    ({"rule": "mean"}, "2 members: A and B; mean of the probabilities."),
    ({"rule": "weighted"}, "2 members: A and B; weighted mean of the probabilities."),
    (
        {
            "rule": "weighted",
            "fitted_on": "out_of_fold",
            "learnt": {"by": "log_loss", "weights": {"A": 0.4, "B": 0.6}},
        },
        "2 members: A and B; weighted mean of the probabilities, weights in proportion to "
        "exp(\u2212log loss), learnt from out-of-fold probabilities of the training rows: "
        "A 0.40 and B 0.60.",
    ),
    (
        {
            "rule": "greedy",
            "fitted_on": "validation",
            "learnt": {"chosen": {"A": 3, "B": 0}, "rounds": 50},
        },
        "2 members: A and B; greedy selection with replacement, by log loss, learnt from the "
        "validation rows; of 3 seats (the best of up to 50), A has 3 and B has none. In its own "
        "validation figures, each row\u2019s probabilities come from a rule fitted without that "
        "row.",
    ),
    (
        {
            "rule": "stacking",
            "fitted_on": "out_of_fold",
            "learnt": {"influence": {"A": 0.7, "B": -0.1}},
            "notes": ["9 rows are too few"],
        },
        "2 members: A and B; multinomial logistic regression on the members\u2019 log "
        "probabilities, learnt from out-of-fold probabilities of the training rows; influence: "
        "A 0.70 and B \u22120.10 (the plain mean of logarithms gives each 0.50). "
        "9 rows are too few.",
    ),
]


@pytest.mark.parametrize(("entry", "text"), MADE_OF)
def test_every_rule_is_said_with_what_it_learnt(
    usual: list[Model], entry: dict[str, Any], text: str
) -> None:
    known = {"members": ["A", "B"], "learnt": {}, "fitted_on": None, "notes": []}
    committee = usual[-1].entry.model_copy(update=known | entry)
    assert committees.made_of(committee) == text
