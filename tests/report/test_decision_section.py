"""The recommendation: each sentence follows the results, and those that no longer hold go."""

from typing import Any

import analysis_example
import example
import pytest
from test_page import drawn

from vestry.report.sections import ranking, test_set_uses
from vestry.report.sections.comparison_table import comparison_table
from vestry.report.sections.decision import decision_data

Results = dict[str, Any]


def build(monkeypatch: pytest.MonkeyPatch, **settings: Any) -> tuple[Results, dict[str, Any]]:
    monkeypatch.setattr(example, "MADE", {})  # runs that others made had other wishes
    return example.build(example.Plan(decision=settings))


def said(results: Results) -> str:
    data = decision_data(example.typed(results))
    assert data is not None
    return " ".join([data.headline, *data.why, data.runner_up or ""])


def clicked(results: Results) -> str:
    data = decision_data(example.typed(results))
    assert data is not None
    return " ".join([*data.changes, *data.excluded, *data.more])


def test_the_cheaper_of_two_that_are_level_is_taken_and_the_price_is_said(results: Results) -> None:
    found = results["decision"]
    assert (found["recommended"], found["reason"]["best"]) == ("Forest", "Model-1")
    against = found["reason"]["against"]
    against |= {"difference": 0.018, "interval": [-0.0012, 0.0372]}
    text = said(results)
    assert text.startswith("Recommended: Forest")
    assert "Model-1 is the most accurate on the 1,000 validation images" in text
    assert "a difference of +1.8 points (\u22120.1 to +3.7)) is shown to be less than 5" in text
    assert "5 points behind it, and is the quickest of the" in text and "too few" not in text
    assert "0.065 ms for one image and 0.13 MB instead of 0.14 ms for one image" in text
    assert "Accuracy whatever it costs: Model-1 (" in clicked(results)
    assert "A short time for one image first: Linear (" in clicked(results)


def test_sentences_follow_cost_accuracy_and_test_figures(results: Results) -> None:
    forest = results["members"]["Forest"]
    forest["cost"]["latency"]["median_ms"] = 0.0123
    forest["cost"]["bytes"] = 7_300_000
    forest["scores"]["validation"]["accuracy"] = 0.877
    results["decision"]["test"] |= {"accuracy": 0.8123, "interval": [0.801, 0.8236]}
    text = said(results)
    assert "Forest (87.7%, a difference of" in text
    assert "0.012 ms for one image and 7.3 MB" in text
    assert "which had no say in this, it is right on 81.2% (80.1 to 82.4)" in text


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ([0.002, 0.03], "the interval does not hold 0, so the lower cost has this price"),
        ([-0.03, -0.002], "on the test images the cheaper one is the better one"),
        ([-0.01, 0.02], "Model-1 less Forest is +1.0 points"),
    ],
)
def test_what_the_test_images_say_of_the_one_given_up(
    results: Results, interval: list[float], words: str
) -> None:
    less = results["decision"]["test"]["best_less_taken"]
    less |= {"value": 0.01, "interval": interval}
    assert words in said(results)
    results["decision"]["test"]["best_less_taken"] = None
    assert words not in said(results)


def test_where_the_test_images_disagree_one_sentence_says_so(results: Results) -> None:
    assert "significantly ahead" not in said(results)
    results["decision"]["test"]["ahead"] = ["Model-1", "Model-2"]
    text = said(results)
    assert "There Model-2 is significantly ahead of it; the recommendation stays" in text
    assert text.count("significantly ahead") == 1, "the one given up has a sentence of its own"


def test_a_dear_one_that_is_neither_behind_nor_near_is_said_to_be_no_gain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    results, _ = build(monkeypatch)
    found = results["decision"]
    found |= {"recommended": "Model-1", "evidence": "level"}
    for test in found["reason"]["tests"]:
        test |= {"behind": test["name"] != "Committee", "within": False, "best_within": True}
    text = said(results)
    assert "Committee is not significantly behind it, and it is shown to be within" in text


def test_a_most_accurate_one_that_nothing_is_level_with(monkeypatch: pytest.MonkeyPatch) -> None:
    results, _ = build(monkeypatch)
    found = results["decision"]
    found |= {"recommended": "Model-1", "level_with": ["Model-1"], "runner_up": "Forest"}
    found |= {"evidence": "clear"}
    found["reason"] |= {"decided_by": None, "against": None}
    for test in found["reason"]["tests"]:
        test |= {"behind": True, "within": False}
    found["test"]["best_less_taken"] = None
    text = said(results)
    assert "the difference from each of the other 5 is significant" in text
    assert "shown to be less" not in text
    assert "Runner-up by the same rule: Forest" in text
    found |= {"level_with": ["Model-1", "Forest"], "evidence": "level"}
    forest = next(test for test in found["reason"]["tests"] if test["name"] == "Forest")
    forest |= {"behind": False, "within": True}
    found["reason"]["decided_by"] = "bytes"
    text = said(results)
    assert "Forest is shown to be less than 5 points behind it, but it is the smallest" in text
    assert "the smallest (times are level) of the two" in text
    found["reason"]["decided_by"] = "ranking"
    assert "behind it, and it costs no less by enough to count" in said(results)
    assert "significant" not in said(results)


def test_too_few_images_head_the_page_and_nothing_is_called_level(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    results, images = build(monkeypatch, within=0.001)
    found = results["decision"]
    assert (found["evidence"], found["recommended"]) == ("too_few", "Model-1")
    text = said(results)
    assert text.startswith("Too few images to choose; ahead so far: Model-1")
    unknown = [t["name"] for t in found["reason"]["tests"] if not (t["behind"] or t["within"])]
    assert unknown and all(name in text for name in unknown)
    assert "too few to show that" in text and "within 0.1 points of it" in text
    assert found["reason"]["undecided"] == unknown
    behind = [test["name"] for test in found["reason"]["tests"] if test["behind"]]
    assert behind and f"{len(behind)} others are surely behind it (significant)" in text
    assert "validation images would settle it, if what these show is true" in text
    found["reason"]["rows_to_decide"] = None
    assert "No number of validation images that could be had would settle it" in said(results)
    assert "stays with the first by validation, whatever that costs: 0.14 ms" in text
    words = drawn(results, images).words
    assert "Ahead so far Model-1 Too few images to choose" in " ".join(words.split())
    assert "Recommended" not in words and "vestry export" in words


def test_no_model_above_the_most_frequent_class_is_said_and_none_is_taken(
    results: Results,
) -> None:
    found = results["decision"]
    everyone = found["admissible"]
    found["majority"] |= {"class": "Shirt", "accuracy": 0.1, "not_above": everyone}
    found |= dict.fromkeys(("recommended", "evidence", "reason", "runner_up", "binding", "test"))
    text = said(results)
    assert text.startswith("No model is shown to be better than always answering \u201cShirt\u201d")
    assert "is right on 10.0% of the 1,000 validation images" in text
    assert "On these no model is shown to be right more often." in text
    _, images = example.build()
    words = drawn(results, images).words
    assert text.split(". ")[0] in words
    assert "Recommended" not in words and "To use it" not in words


def test_a_model_not_above_the_most_frequent_class_is_named(results: Results) -> None:
    results["decision"]["majority"]["not_above"] = ["Linear"]
    assert "Linear is not shown to be right more often and cannot be recommended." in said(results)
    assert "Of the 5 models that are shown to be better than the most frequent class" in said(
        results
    )


def test_a_limit_that_binds_is_said_and_what_loosens_it(monkeypatch: pytest.MonkeyPatch) -> None:
    results, images = build(monkeypatch, max_ms=0.05, min_accuracy=0.8)
    found = results["decision"]
    assert found["recommended"] == "Linear" and found["admissible"] == ["Linear"]
    text = said(results)
    assert "It is the only model that meets the limits" in text
    forest = "Forest, which takes 0.065 ms for one image, where 0.05 ms is the most."
    assert f"Without limits it would be {forest}" in text
    assert "and meets the limits on accuracy there as well" in text
    more = clicked(results)
    assert "With 0.066 ms for one image instead of 0.05 ms: Forest (" in more
    assert "Model-2 takes 0.29 ms for one image" in more
    assert "The study asks for at most 0.05 ms for one image and at least 80% right." in more
    words = drawn(results, images).words
    assert "Recommended Linear" in " ".join(words.split()) and "Kept out by the limits" in words
    found["test"]["limits"][0] |= {"found": 0.7995, "met": False}
    assert "there it misses a limit that it meets on validation: 79.95% instead of 80%" in said(
        results
    )
    found |= {"binding": None}
    assert "Without limits" not in said(results)


def test_a_loosened_limit_is_rounded_so_that_the_model_still_comes_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    results, _ = build(monkeypatch, max_ms=0.05)
    change = next(each for each in results["decision"]["changes"] if each["kind"] == "limit")
    change["found"] = 0.0611
    assert "With 0.062 ms for one image instead of 0.05 ms" in clicked(results)
    change |= {"limit": "min_accuracy", "asked": 0.9, "found": 0.8799}
    assert "With at least 87.9% right instead of 90%" in clicked(results)
    change |= {"limit": "min_accuracy_per_class", "class": "Shirt", "found": 0.6}
    assert "With at least 60.0% right in every class instead of 90%" in clicked(results)
    change |= {"limit": "must_explain", "asked": True, "found": False}
    assert "Without asking for a model that explains its answers: Forest" in clicked(results)


def test_nothing_that_meets_the_limits_is_said_with_what_comes_nearest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    results, images = build(monkeypatch, max_ms=0.03, min_accuracy=0.7)
    assert results["decision"]["recommended"] is None
    text = said(results)
    assert text.startswith("No model meets the limits of this study")
    assert (
        "Linear comes nearest: it takes 0.031 ms for one image, where 0.03 ms is the most." in text
    )
    assert "Recommended: " not in text and "Runner-up" not in text
    words = drawn(results, images).words
    assert "No model meets the limits" in words and "How this was decided" in words
    nearest = results["decision"]["nearest"]["limits"]
    nearest.append({"limit": "must_explain", "asked": True, "found": False, "class": None})
    nearest.append({"limit": "max_mb", "asked": 1.0, "found": None, "class": None})
    assert "and does not explain its answers, and has no measured size" in said(results)


def test_what_is_asked_of_every_class_names_the_class(monkeypatch: pytest.MonkeyPatch) -> None:
    results, _ = build(monkeypatch, min_accuracy_per_class=0.999)
    row = results["decision"]["excluded"][0]["limits"][0]
    row |= {"class": "Shirt", "found": 0.613}
    assert "is right on 61.3% of the validation images of Shirt" in clicked(results)
    assert "where 99.9% is the least for every class" in clicked(results)


@pytest.mark.parametrize(("prefer", "words"), [("latency", "short time"), ("size", "small model")])
def test_another_preference_takes_the_cheapest(
    monkeypatch: pytest.MonkeyPatch, prefer: str, words: str
) -> None:
    results, _ = build(monkeypatch, prefer=prefer)
    assert results["decision"]["recommended"] == "Linear"
    text = said(results)
    assert f"The study prefers a {words}" in text and "points fewer than Model-1" in text
    assert "Accuracy first: Forest" in clicked(results)


def test_no_costs_no_recommendation(results: Results) -> None:
    results["decision"] = None
    assert decision_data(example.typed(results)) is None
    _, images = example.build()
    assert "Recommended: Forest" not in drawn(results, images).words


def test_a_choice_without_any_measured_cost_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis_example, "made_up_costs", lambda results: {})
    results, images = build(monkeypatch)
    found = results["decision"]
    assert found["recommended"] == "Model-1" and found["reason"]["decided_by"] == "ranking"
    assert "shown to be less than 5 points behind it; costs were not measured." in said(results)
    words = drawn(results, images).words
    assert (
        "Forest has no measured cost: it was not measured" in words and "logarithmic" not in words
    )
    for test in found["reason"]["tests"]:
        test |= {"behind": True, "within": False}
    assert "each of the other 5 is significant; its cost was not measured." in said(results)


def test_several_seeds_are_named(results: Results) -> None:
    spread = {"mean": 0.9, "deviation": 0.01, "values": [0.89, 0.91]}
    results["members"]["Forest"]["over_seeds"] = {
        split: {"accuracy": spread} for split in ("validation", "test")
    }
    assert "; first seeds)) is shown to be" in said(results)


def nested(results: Results, right: int) -> Results:
    rows = results["data"]["splits"]["validation"]["rows"]
    fold = {"model": "Forest", "validation_accuracy": 0.8, "rows": rows, "right": right}
    return {"folds": [fold], "accuracy": right / rows, "interval": [0.6, 0.7]}


def test_images_that_chose_confirm_nothing_where_nested_folds_test_them(results: Results) -> None:
    test = results["decision"]["test"]
    test["ahead"] = ["Model-2"]
    test["limits"] = [
        {"limit": "min_accuracy", "asked": 0.5, "found": 0.8, "class": None, "met": True}
    ]
    assert "which had no say in this" in said(results) and "there as well" in said(results)
    results["nested"] = nested(results, 650)
    text = said(results)
    assert (
        "the same images that models were chosen by; what choosing by them gives is right on 65.0%"
        in text
    )
    for phrase in (
        "had no say",
        "there as well",
        "significantly ahead of it",
        "On the test images",
    ):
        assert phrase not in text
    test["limits"][0] |= {"asked": 0.9, "met": False}
    assert "So counted, it misses a limit that it meets on validation: " in said(results)


def test_the_page_marks_nothing_by_images_that_chose(results: Results) -> None:
    results["nested"] = nested(results, 650)
    data = ranking.SECTION.data(example.typed(results))
    assert data.nested.startswith("Choosing a model by these 1,000 images gives one that is right")
    table = comparison_table(example.typed(results))
    assert table is not None and "images in nested folds" in table.caption
    keys = {column.key for column in table.columns}
    assert "test_accuracy_low" in keys and not {"on_test", "difference_to_first"} & keys
    assert len(data.lead) == 1 and "say nothing of their own of the order" in data.lead[0]
    assert "test image" not in data.cautions[-1]
    uses = " ".join(test_set_uses.SECTION.data(example.typed(results)))
    assert "was chosen by them" not in uses and "chosen by the same images" in uses
