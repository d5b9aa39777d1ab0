"""Sentences follow the numbers: alter a number and the words change, or the sentence goes."""

from typing import Any

import pytest

from vestry.report.sections import dataset, learning, votes
from vestry.schema.data import Data
from vestry.schema.training import Training


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
    assert uneven == "From 500 (A) to 1,000 (B) a class; the largest is 2.00 times the smallest."
    assert "not every class is there" in dataset.balance([0, 3, 3], names)


def test_fallback_is_said_only_where_there_was_one(results: dict[str, Any]) -> None:
    data = results["data"]
    assert dataset.fallback(Data.model_validate(data)) is None
    data |= {"used": "digits", "fell_back": "no network"}
    assert dataset.fallback(Data.model_validate(data)) == (
        "This study asked for fashion-mnist and ran on digits: no network"
    )
