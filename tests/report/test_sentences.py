"""Sentences follow the numbers: alter a number and the words change, or the sentence goes."""

from typing import Any

import pytest

from vestry.report.sections import dataset, learning, mistakes, votes
from vestry.schema.data import Data
from vestry.schema.scores import ClassScores
from vestry.schema.training import Training


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
    said = str(learning.without_epochs(["A"], ["B"]))
    assert "B was made elsewhere" in said and "B is fitted" not in said


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
    assert dataset.fallback(Data.model_validate(data)) is None
    data |= {"used": "digits", "fell_back": "no network"}
    assert dataset.fallback(Data.model_validate(data)) == (
        "This study asked for fashion-mnist and ran on digits: no network"
    )
