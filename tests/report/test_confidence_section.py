"""Can its confidence be trusted: what the section says follows the results."""

import json
from typing import Any

import example
import pytest

from vestry.report.page import render
from vestry.report.sections.abstention import Abstention, abstention_data
from vestry.report.sections.calibration import Calibrated, Calibration, calibration_data
from vestry.report.sections.conformal import conformal_data

LEADER = "Model-1"


def calibration_of(results: dict[str, Any]) -> Calibration:
    found = calibration_data(example.typed(results))
    assert found is not None
    return found


def abstention_of(results: dict[str, Any]) -> Abstention:
    found = abstention_data(example.typed(results))
    assert found is not None
    return found


def leader(results: dict[str, Any]) -> Calibrated:
    shown = calibration_of(results).models[0]
    assert shown.model.name == LEADER
    return shown


def page(results: dict[str, Any]) -> str:
    return render(example.typed(results), *no_images(), "runs/x")


def no_images() -> Any:
    _, pictures = example.build()
    return [str(name) for name in pictures["ids"]], pictures["images"]


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        (
            (0.004, 0.03),
            "Model-1 is over-confident: on average it claims 93.0% and is right on 91.5%",
        ),
        ((-0.03, -0.004), "Model-1 is under-confident: on average it claims 93.0%"),
        ((-0.01, 0.02), "Model-1 is not shown to be surer or less sure than it is right"),
    ],
)
def test_lead_follows_the_paired_interval(
    results: dict[str, Any], interval: tuple[float, float], words: str
) -> None:
    before = results["members"][LEADER]["calibration"]["before"]
    before |= {"confidence": 0.93, "accuracy": 0.915, "overconfidence_interval": interval}
    assert calibration_of(results).lead.startswith(words)
    assert words in page(results)


def test_calibration_error_is_set_beside_chance(results: dict[str, Any]) -> None:
    before = results["members"][LEADER]["calibration"]["before"]
    before |= {"ece": 0.031, "ece_debiased": 0.024, "ece_bias": 0.012, "ece_p": 0.002}
    text = leader(results).sentences[0]
    assert "differ by 3.1 points on average (the calibration error), 2.4 without" in text
    assert "would show about 1.2." in text and "(p 0.002)" in text
    before |= {"ece_p": 0.06, "ece_chance": 0.0324}
    text = leader(results).sentences[0]
    before["overconfidence_interval"] = [-0.01, 0.02]
    assert "That by itself can be chance (p 0.060)" in leader(results).sentences[0]
    before["overconfidence_interval"] = [0.01, 0.02]
    text = leader(results).sentences[0]
    assert "a blunter test than that of claim less accuracy" in text, "no contradiction"
    assert "up to 3.2 in 95 of 100 cases" in text


@pytest.mark.parametrize(
    ("change", "p", "words"),
    [
        ((-0.08, -0.02), 0.4, "makes it better on the test images"),
        ((-0.08, -0.02), 0.001, "which is still more than chance would show"),
        ((0.02, 0.08), 0.4, "makes it worse on the test images"),
        ((-0.08, 0.001), 0.4, "is not shown to change that on the test images"),
    ],
)
def test_effect_of_the_temperature_follows(
    results: dict[str, Any], change: tuple[float, float], p: float, words: str
) -> None:
    found = results["members"][LEADER]["calibration"]
    found |= {"temperature": 1.234, "edge": None, "fitted_on": 1000}
    found["log_loss_change_interval"] = change
    found["before"] |= {"log_loss": 0.4}
    found["after"] |= {"ece": 0.01, "ece_p": p, "log_loss": 0.35}
    text = leader(results).sentences[1]
    assert text.startswith("A temperature of 1.23, fitted on the 1\u202f000 validation images,")
    assert words in text and "log loss 0.400 before, 0.350 after" in text
    assert ("calibration error of 1.0 point" in text) == (change[0] * change[1] > 0)


def test_temperature_at_the_edge_is_named(results: dict[str, Any]) -> None:
    results["members"][LEADER]["calibration"] |= {"temperature": 0.05, "edge": "low"}
    assert "lies at the lowest that was tried, 0.05" in leader(results).sentences[1]


def test_others_say_their_average_and_all_are_counted(results: dict[str, Any]) -> None:
    found = calibration_of(results)
    assert len(found.models) == 6
    assert [len(shown.sentences) for shown in found.models] == [2, 3, 3, 3, 3, 3]
    assert found.summary == "All 6 models are under-confident on average."
    forest = results["members"]["Forest"]
    forest["calibration"]["before"]["overconfidence_interval"] = (0.01, 0.02)
    text = calibration_of(results).summary
    assert text is not None and text.startswith("Over-confident on average: Forest; under-confid")


def test_figure_holds_every_bin_where_it_belongs(results: dict[str, Any]) -> None:
    found = results["members"][LEADER]["calibration"]
    found["before"]["bins"] = [
        {"rows": 100, "confidence": 0.6, "accuracy": 0.5, "interval": [0.4, 0.6]},
        {"rows": 400, "confidence": 1.0, "accuracy": 0.9, "interval": [0.8, 1.0]},
    ]
    found["after"]["bins"] = [
        {"rows": 500, "confidence": 0.8, "accuracy": 0.8, "interval": [0.7, 0.9]}
    ]
    shown = leader(results)
    (_, before), (_, (middle,)) = shown.figure.sides
    assert [tick.text for tick in shown.figure.x_ticks] == ["40%", "60%", "80%", "100%"]
    assert middle.path == "M666.7 333.3h0" and middle.whisker == "M666.7 166.7V500"
    assert before[1].path == "M1000 166.7h0"
    assert before[1].width == pytest.approx(2 * before[0].width, abs=0.1)
    assert "100 to 400 test images" in shown.remark


def test_abstaining_follows_the_results(results: dict[str, Any]) -> None:
    rows = results["members"][LEADER]["abstention"]["at_coverage"]
    rows[1] |= {"coverage": 0.9013, "accuracy": 0.981, "interval": [0.97, 0.99]}
    assert abstention_of(results).lead == (
        "Answering only the 90.1% of them that it is surest of, it is right on 98.1% (97.0 to "
        "99.0)."
    )
    assert "98.1% (97.0 to 99.0) at 90.1%" in abstention_of(results).rows[0].at_coverage[1]
    rows[1]["coverage"] = 1.0
    assert "leave 10% of them unanswered" in abstention_of(results).lead


def side(coverage: float, accuracy: float | None, low: float, high: float) -> dict[str, Any]:
    interval = None if accuracy is None else [low, high]
    rows = round(1000 * coverage)
    return {"rows": rows, "coverage": coverage, "accuracy": accuracy, "interval": interval}


def test_threshold_sentence_follows(results: dict[str, Any]) -> None:
    found = results["members"][LEADER]["abstention"]["threshold"]
    found |= {
        "accuracy_asked": 0.95, "confidence_asked": 0.9, "threshold": 0.61, "reason": None,
        "validation": side(0.9, 0.96, 0.93, 0.98), "test": side(0.88, 0.94, 0.92, 0.955),
        "validation_rows": 1000, "validation_needed": None,
    }  # fmt: skip
    text = abstention_of(results).threshold
    assert "answers only images of which it is at least 61.0% sure" in text
    assert "(with 90% confidence) to be right on 95.0% or more" in text
    assert "90.0% of the validation images" in text
    assert text.endswith("88.0% of the test images, of which it is right on 94.0% (92.0 to 95.5).")
    found["test"] = side(0.88, 0.92, 0.9, 0.94)
    assert abstention_of(results).threshold.endswith("less than was asked.")
    found["test"] = side(0.0, None, 0, 0)
    assert abstention_of(results).threshold.endswith("it is so sure of none.")
    found |= {"threshold": 0.0, "test": side(1.0, 0.97, 0.96, 0.98)}
    assert "may answer every image" in abstention_of(results).threshold
    found |= {"threshold": None, "validation": None, "test": None, "reason": "it is not that good"}
    assert abstention_of(results).threshold == (
        "No threshold can be relied on (with 90% confidence) to make 95.0% of the answers of "
        "Model-1 right: it is not that good."
    )
    found["validation_needed"] = 2345
    text = abstention_of(results).threshold
    assert "1\u202f000 validation images are too few. About 2\u202f300 would do" in text
    assert "1\u202f000 validation images are too few" in page(results)


def test_sets_are_told_as_they_are(results: dict[str, Any]) -> None:
    found = results["members"][LEADER]["conformal"]
    test = found["marginal"]["test"]
    test |= {"coverage": 0.961, "interval": [0.95, 0.97], "mean_size": 1.234, "singletons": 0.8}
    test |= {"filled": 0, "sizes": [800, 150, 50, *[0] * 7], "rows": 1000}
    found |= {"coverage_asked": 0.95}
    found["marginal"]["thresholds"] = [0.12] * 10
    shown = conformal_data(example.typed(results))
    assert shown is not None
    assert "every class that it gives 12.0% or more" in shown.lead
    assert "it does for 96.1% (95.0 to 97.0), with 1.23 classes on average; 80.0%" in shown.lead
    assert shown.heads == ["1 class", "2 classes", "3 classes", "4 classes", "5 classes or more"]
    assert shown.rows[0].sizes == [0.8, 0.15, 0.05, 0.0, 0.0]
    test |= {"filled": 7, "unfilled_coverage": 0.949}
    shown = conformal_data(example.typed(results))
    assert shown is not None and "7 sets would be empty" in shown.lead and "94.9%" in shown.lead
    found["by_class"]["validation_by_class"] = [3] + [100] * 9
    text = page(results)
    assert "fewer than 19 validation images, so that nothing can be promised" in text
    assert "cross-conformal" not in text
    results["data"]["chosen_by"] = "5 folds"
    assert "cross-conformal" in page(results)


def test_sets_that_cannot_be_promised(results: dict[str, Any]) -> None:
    found = results["members"][LEADER]["conformal"]
    found |= {"validation_rows": 12, "rows_needed": 19}
    found["marginal"]["thresholds"] = [0.0] * 10
    shown = conformal_data(example.typed(results))
    assert shown is not None
    assert "that takes 19 validation images, and there are 12" in shown.lead


def test_curves_are_all_there_and_the_leader_is_on_top(results: dict[str, Any]) -> None:
    found = results["members"][LEADER]["abstention"]
    found["curve"] = {"coverage": [0.01, 0.5, 1.0], "risk": [0.9, 0.02, 0.08]}
    figure = abstention_of(results).figure
    assert len(figure.lines) == 6 and figure.lines[-1][1].endswith("leading")
    assert figure.labels[-1].text == "8.0% Model-1"
    # Ten answers of a thousand are too few to draw.
    assert figure.lines[-1][0].startswith("M500 ") and figure.lines[-1][0].count("L") == 1
    assert abstention_of(results).sharpest is not None
    found["area"] = 0.0
    text = abstention_of(results).sharpest
    assert text is not None and "least for Model-1 (0.00%)" in text


def test_a_run_without_models_has_no_such_section(results: dict[str, Any]) -> None:
    assert 'id="confidence"' in page(results)
    results |= {"members": {}, "committees": {}, "ranking": []}
    found = example.typed(results)
    assert calibration_data(found) is None and abstention_data(found) is None


def test_one_model_is_compared_with_nobody(results: dict[str, Any]) -> None:
    results["committees"] = {}
    results["members"] = {LEADER: results["members"][LEADER]}
    results["ranking"] = [row for row in results["ranking"] if row["name"] == LEADER]
    assert calibration_of(results).summary is None
    assert abstention_of(results).sharpest is None


def test_section_reads_stored_results(results: dict[str, Any]) -> None:
    stored = json.loads(json.dumps(results, allow_nan=False))
    assert page(stored) == page(results)
