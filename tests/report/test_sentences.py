"""Sentences follow the numbers: alter a number and the words change, or the sentence goes."""

from typing import Any

import example
import pytest

from vestry.report.models import Model, models_in_study_order
from vestry.report.sections import answer, committees, dataset, learning, mistakes, votes
from vestry.schema.scores import ClassScores
from vestry.schema.training import Training


def model(
    name: str,
    validation: float,
    test: float,
    interval: tuple[float, float],
    reported: float | None = None,
    **entry: Any,
) -> Model:
    scores = {"validation": {"accuracy": validation}, "test": {"accuracy": test}}
    given = {} if reported is None else {"accuracy": reported}
    facts = {"scores": scores, "intervals": {"test": {"accuracy": list(interval)}}}
    return Model(name, facts | {"reported": given} | entry, "rule" in entry, 1, 0)


def lead_of(results: dict[str, Any], *models: Model) -> str:
    """Of results of an earlier version, which no paired tests were made for."""
    return " ".join(answer.lead(results | {"comparisons": None}, list(models)))


def test_leader_and_its_interval_come_first(results: dict[str, Any]) -> None:
    text = lead_of(
        results, model("A", 0.93, 0.912, (0.906, 0.917)), model("B", 0.9, 0.88, (0.87, 0.89))
    )
    assert text.startswith("A is ahead on the 1\u202f000 validation images, with 93.0% right.")
    assert "it is right on 91.2% (90.6 to 91.7)" in text
    assert "B follows on validation and is right on 88.0% (87.0 to 89.0)" in text


def test_overlap_decides_what_is_claimed(results: dict[str, Any]) -> None:
    leader = model("A", 0.93, 0.91, (0.90, 0.92))
    near = lead_of(results, leader, model("B", 0.92, 0.90, (0.89, 0.90)))
    far = lead_of(results, leader, model("B", 0.92, 0.88, (0.87, 0.8999)))
    assert "the two cannot be told apart by intervals alone" in near
    assert "does not make them equal" in near
    assert "do not overlap: A is better" in far
    assert "cannot be told apart" not in far


def test_a_model_above_the_leader_on_test_is_named_but_not_crowned(results: dict[str, Any]) -> None:
    leader, second = model("A", 0.93, 0.90, (0.89, 0.91)), model("B", 0.92, 0.95, (0.94, 0.96))
    text = lead_of(results, leader, second)
    assert text.startswith("A is ahead")
    assert "do not overlap: B is better" in text
    assert "B (95.0%) stands above A" in text
    assert "stands above" not in lead_of(results, second, leader)


def test_one_model_and_none(results: dict[str, Any]) -> None:
    assert "only model" in lead_of(results, model("A", 0.9, 0.9, (0.8, 0.95)))
    results["failures"] = [{"name": n, "seed": s, "reason": "no"} for n in "AB" for s in (0, 1)]
    assert lead_of(results).startswith("There is no answer: 2 models came to nothing")


def test_seeds_are_said_where_there_are_several(results: dict[str, Any]) -> None:
    spread = {"accuracy": {"mean": 0.925, "deviation": 0.01, "values": [0.93, 0.92, 0.925]}}
    over = {"over_seeds": {"validation": spread, "test": spread}}
    many = model("A", 0.93, 0.91, (0.90, 0.92), **over)
    text = lead_of(results, many, model("B", 0.9, 0.88, (0.87, 0.89)))
    assert "92.5% (mean of 3 seeds)" in text
    assert "91.0% (90.0 to 92.0) with its first seed." in text
    assert "deviation over seeds" in answer.interval_remark(results, [many])
    assert "deviation" not in answer.interval_remark(results, [model("B", 0.9, 0.9, (0.8, 1))])


def test_reported_figures_inside_and_outside() -> None:
    inside = (model("A", 0.9, 0.9, (0.88, 0.92)), 0.91)
    outside = (model("B", 0.9, 0.9, (0.88, 0.92)), 0.95)
    assert answer.reported_remark([]) is None
    assert "lies inside" in str(answer.reported_remark([inside]))
    assert "lies outside" in str(answer.reported_remark([outside]))
    mixed = str(answer.reported_remark([inside, outside]))
    assert mixed.startswith("1 of 2") and "B (reported 95.0%, ours 90.0%)" in mixed
    assert str(answer.reported_remark([outside, outside])).startswith("None of the 2")
    assert str(answer.reported_remark([inside, inside])).startswith("All 2")


def committee_of(members: list[Model], test: float, reported: float | None) -> Model:
    return model(
        "C",
        0.9,
        test,
        (test - 0.01, test + 0.01),
        reported,
        rule="mean",
        members=[member.name for member in members],
        mean_of_members={"test": {"accuracy": 0.8411}},
    )


@pytest.fixture
def three() -> list[Model]:
    figures = ((0.9017, 0.91), (0.8048, 0.81), (0.8162, 0.82))
    return [
        model(f"M{i}", accuracy, accuracy, (0.8, 0.95), reported)
        for i, (reported, accuracy) in enumerate(figures)
    ]


def test_a_reported_mean_of_members_is_recognised(three: list[Model]) -> None:
    text = str(committees.means_remark(committee_of(three, 0.899, 0.8409), three))
    assert "0.8409, equals to four digits the mean" in text
    assert "(0.9017, 0.8048 and 0.8162)" in text
    assert "84.1%, and not with 89.9%" in text


@pytest.mark.parametrize("reported", [0.8411, 0.8402, 0.9, None])
def test_and_only_where_it_is_the_mean(three: list[Model], reported: float | None) -> None:
    assert committees.means_remark(committee_of(three, 0.899, reported), three) is None


def test_no_remark_where_a_member_has_no_reported_figure(three: list[Model]) -> None:
    three[1].reported.clear()
    assert committees.means_remark(committee_of(three, 0.899, 0.8409), three) is None


def test_study_b_recognises_all_four_scores() -> None:
    results, _ = example.build(example.Plan(reported=example.study_b().reported))
    *members, committee = models_in_study_order(results)
    taken = committees.scores_taken_for_means(committee, members[-3:])
    assert taken == ["log_loss", "accuracy", "precision_micro_at_half", "recall_micro_at_half"]


def test_committee_against_its_best_member_by_validation(three: list[Model]) -> None:
    best = "Its best member by validation, M0, is right on 91.0%"
    above = committees.against_best(committee_of(three, 0.923, None), three)
    below = committees.against_best(committee_of(three, 0.899, None), three)
    level = committees.against_best(committee_of(three, 0.9101, None), three)
    assert best in above and "1.3 percentage points above it" in above
    assert best in below and "1.1 percentage points below it" in below
    assert "gains nothing and loses nothing" in level


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
def test_every_rule_is_said_with_what_it_learnt(entry: dict[str, Any], text: str) -> None:
    committee = model("C", 0.9, 0.9, (0.8, 1.0), members=["A", "B"], **entry)
    assert committees.made_of(committee) == text


def test_most_confused_pairs() -> None:
    def cell(truth: str, predicted: str, count: int) -> mistakes.Cell:
        return mistakes.Cell(truth, predicted, count, count / 1000, False, 0, 0.0)

    support = {"Shirt": 1000, "Coat": 1000}
    pairs = [cell("Shirt", "Coat", 98), cell("Coat", "Shirt", 2)]
    text = str(mistakes.most_confused(pairs, support))
    assert text.startswith("Most often Shirt is taken for Coat: 98 of 1\u202f000 (9.8%).")
    assert "Then Coat for Shirt (2)." in text
    assert "Then" not in str(mistakes.most_confused(pairs[:1], support))
    assert mistakes.most_confused([], support) is None


def test_weakest_class_goes_where_classes_are_equal() -> None:
    def said(a: float, b: float) -> str | None:
        return mistakes.weakest_class(
            {
                name: ClassScores(precision=f1, recall=f1, f1=f1, support=5)
                for name, f1 in (("A", a), ("B", b))
            }
        )

    assert said(0.9, 0.8) == "Lowest F1: B (80.0%); highest: A (90.0%)."
    assert said(0.9, 0.9) is None


def test_training_in_words(results: dict[str, Any]) -> None:
    entry = results["members"]["Model-1"]

    def said(**more: Any) -> str:
        facts = Training.model_validate(entry["training"] | more)
        return " ".join(learning.training_words(facts, entry["history"], 1))

    text = said()
    assert "Stopped early, after epoch 11 of at most 20." in text
    assert "lowest after epoch 6" in text and "weights of the last epoch were kept" in text
    text = said(stopped_early=False, epochs=11, restored_best=True)
    assert "Ran all of its 11 epochs." in text and "that epoch were kept" in text
    assert "epoch 11" in said(best_epoch=11)
    assert "lowest" not in said(best_epoch=None)


def test_models_without_epochs_are_named() -> None:
    assert learning.without_epochs([]) is None
    assert "A is fitted in one go: it has no epochs" in str(learning.without_epochs(["A"]))
    assert "A and B are fitted" in str(learning.without_epochs(["A", "B"]))


def test_verdict_names_the_truth_first() -> None:
    assert votes.verdict("Shirt", "Shirt") == "Correct"
    assert votes.verdict("Shirt", "Coat") == "Incorrect: confused Shirt with Coat"


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (["A", "A"], "All 2 members say A: 2 of 2 right."),
        (["A", "A", "B"], "2 of 3 members say A; 2 of 3 right."),
        (["B", "A", "B"], "2 of 3 members say B; 1 of 3 right."),
        (["A", "B"], "No majority: 1 vote each for A and B; 1 of 2 right."),
        (["B"], "The one member says B."),
        ([], "No member voted."),
    ],
)
def test_agreement(labels: list[str], text: str) -> None:
    assert votes.agreement(labels, "A") == text


def test_balance_of_classes() -> None:
    names = ["A", "B", "C"]
    assert dataset.balance([600, 600, 600], names) == "Balanced: 600 a class."
    uneven = dataset.balance([500, 1000, 700], names)
    assert (
        uneven == "From 500 (A) to 1\u202f000 (B) a class; the largest is 2.00 times the smallest."
    )
    assert "not every class is there" in dataset.balance([0, 3, 3], names)


def test_fallback_is_said_only_where_there_was_one(results: dict[str, Any]) -> None:
    data = results["data"]
    assert dataset.fallback(data) is None
    data |= {"used": "digits", "fell_back": "no network"}
    assert dataset.fallback(data) == (
        "This study asked for fashion-mnist and ran on digits: no network"
    )
