"""Can its confidence be trusted: what the section says follows the results."""

import json
import re
from typing import Any

import example
import pytest
from drawings import corners, marks, texts

from page_text import page_text
from vestry.report.page import render
from vestry.report.sections.abstention import Abstention, abstention_data, share_answered
from vestry.report.sections.calibration import Calibrated, Calibration, calibration_data
from vestry.report.sections.conformal import Conformal, conformal_data
from vestry.report.table import Table

LEADER = "Model-1"
"""Made the recommended one: the page speaks of it first."""


@pytest.fixture(autouse=True)
def recommended(results: dict[str, Any]) -> None:
    results["decision"]["recommended"] = LEADER


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


def sets_of(results: dict[str, Any]) -> Conformal:
    found = conformal_data(example.typed(results))
    assert found is not None
    return found


def row_of(table: Table, name: str, which: int = 0) -> dict[str, Any]:
    """A row of a model as a dictionary."""
    rows = [row for row in table.rows if row[0] == name]
    return {column.key: v for column, v in zip(table.columns, rows[which], strict=True)}


def no_images() -> Any:
    _, pictures = example.build()
    return [str(name) for name in pictures["ids"]], pictures["images"]


@pytest.mark.parametrize(
    ("interval", "heading", "words"),
    [
        (
            (0.004, 0.03),
            "Model-1 is a little over-confident: it claims 93.0% and is right on 91.5%",
            "Model-1 is over-confident: on average it claims 93.0% and is right on 91.5%",
        ),
        (
            (-0.03, -0.004),
            "Model-1 is a little under-confident: it claims 93.0%",
            "Model-1 is under-confident: on average it claims 93.0%",
        ),
        (
            (-0.01, 0.03),
            "Model-1 is not shown to be over- or under-confident: it claims 93.0%",
            "Model-1 is not shown to be surer or less sure than it is right",
        ),
        (
            (-0.01, 0.015),
            "Model-1 is about as sure as it is right: it claims 93.0%",
            "Model-1 is not shown to be surer or less sure than it is right",
        ),
    ],
)
def test_heading_follows_the_paired_interval(
    results: dict[str, Any], interval: tuple[float, float], heading: str, words: str
) -> None:
    before = results["members"][LEADER]["calibration"]["before"]
    before |= {"confidence": 0.93, "accuracy": 0.915, "overconfidence": 0.015, "ece_p": 0.5}
    before["overconfidence_interval"] = interval
    assert calibration_of(results).heading.startswith(heading)
    text = page_text(page(results))
    assert heading in text and words in text


def test_heading_says_how_far_and_where_it_is_honest_on_average_alone(
    results: dict[str, Any],
) -> None:
    before = results["members"][LEADER]["calibration"]["before"]
    before |= {"overconfidence": 0.05, "overconfidence_interval": (0.04, 0.06)}
    assert calibration_of(results).heading.startswith("Model-1 is over-confident")
    before |= {"overconfidence_interval": (-0.01, 0.01), "ece_p": 0.01}
    assert "is honest on average, not throughout" in calibration_of(results).heading


def test_the_page_speaks_of_the_recommended_model_first(results: dict[str, Any]) -> None:
    results["decision"]["recommended"] = "Forest"
    assert calibration_of(results).heading.startswith("Forest is")
    assert calibration_of(results).models[0].model.name == "Forest"
    assert abstention_of(results).sentence.count("Forest")
    results["members"]["Forest"] |= {"calibration": None, "abstention": None, "conformal": None}
    found = calibration_of(results)
    assert found.heading.startswith("Forest gave labels alone; of ")
    assert found.unknown is not None and found.unknown.startswith("Forest gave labels without")


def test_calibration_error_is_set_beside_chance(results: dict[str, Any]) -> None:
    before = results["members"][LEADER]["calibration"]["before"]
    before |= {"ece": 0.031, "ece_debiased": 0.024, "ece_bias": 0.012, "ece_p": 0.002}
    text = leader(results).sentences[1]
    assert "differ by 3.1 points on average (the calibration error), 2.4 without" in text
    assert "would show about 1.2." in text and "(p 0.002)" in text
    before |= {"ece_p": 0.06, "ece_chance": 0.0324}
    before["overconfidence_interval"] = [-0.01, 0.02]
    assert "That by itself can be chance (p 0.060)" in leader(results).sentences[1]
    before["overconfidence_interval"] = [0.01, 0.02]
    text = leader(results).sentences[1]
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
    text = leader(results).sentences[2]
    assert text.startswith("A temperature of 1.23, fitted on the 1,000 validation images,")
    assert words in text and "log loss 0.400 before, 0.350 after" in text
    assert ("calibration error of 1.0 point" in text) == (change[0] * change[1] > 0)


def test_temperature_at_the_edge_is_named(results: dict[str, Any]) -> None:
    results["members"][LEADER]["calibration"] |= {"temperature": 0.05, "edge": "low"}
    assert "lies at the lowest that was tried, 0.05" in leader(results).sentences[2]


def test_every_model_says_its_average_and_all_are_counted(results: dict[str, Any]) -> None:
    found = calibration_of(results)
    assert len(found.models) == 6
    assert [len(shown.sentences) for shown in found.models] == [3] * 6
    assert found.summary == "All 6 models are under-confident on average."
    forest = results["members"]["Forest"]
    forest["calibration"]["before"]["overconfidence_interval"] = (0.01, 0.02)
    text = calibration_of(results).summary
    assert text is not None and text.startswith("Over-confident on average: Forest; under-confid")


def test_figure_holds_every_group_where_it_belongs(results: dict[str, Any]) -> None:
    found = results["members"][LEADER]["calibration"]
    found["before"]["bins"] = [
        {"rows": 100, "confidence": 0.6, "accuracy": 0.5, "interval": [0.4, 0.6]},
        {"rows": 400, "confidence": 1.0, "accuracy": 0.9, "interval": [0.8, 1.0]},
    ]
    found["after"]["bins"] = [
        {"rows": 500, "confidence": 0.8, "accuracy": 0.8, "interval": [0.7, 0.9]}
    ]
    shown = leader(results)
    assert shown.figure is not None
    drawing = shown.figure.drawings[-1]
    assert texts(drawing)[:4] == ["40%", "60%", "80%", "100%"]
    small, large = marks(drawing, "disc")
    assert float(large.attrib["r"]) == pytest.approx(2 * float(small.attrib["r"]), abs=0.1)
    (diagonal,) = marks(drawing, "marked")
    (left, bottom), (right, top) = corners(diagonal)
    (middle,) = marks(drawing, "open quiet-line")
    at = float(middle.attrib["cx"]), float(middle.attrib["cy"])
    assert at == pytest.approx(
        (left + 2 / 3 * (right - left), bottom - 2 / 3 * (bottom - top)), 0.01
    )
    assert "100 to 400 test images" in shown.remark
    rows = [row[1:] for row in shown.figure.data.rows]
    assert rows == [
        ("as it is", 100, 0.6, 0.5, 0.4, 0.6),
        ("as it is", 400, 1.0, 0.9, 0.8, 1.0),
        ("at its temperature", 500, 0.8, 0.8, 0.7, 0.9),
    ]


def test_the_chapters_figure_has_all_models_and_names_one(results: dict[str, Any]) -> None:
    figure = calibration_of(results).figure
    for drawing in figure.drawings:
        assert len(marks(drawing, "line grey")) == 5
    assert figure.remark == "Model-1; grey: others"
    assert {row[0] for row in figure.data.rows} == {
        *results["members"], *results["committees"],
    }  # fmt: skip


def test_tables_are_the_results(results: dict[str, Any]) -> None:
    found = calibration_of(results)
    for which, side_name in enumerate(("before", "after")):
        given = results["members"]["Forest"]["calibration"][side_name]
        row = row_of(found.table, "Forest", which)
        assert row["ece"] == given["ece"] and row["log_loss"] == given["log_loss"]
        low, high = given["overconfidence_interval"]
        assert (row["overconfidence_low"], row["overconfidence_high"]) == (low, high)
        parts = row_of(found.brier, "Forest", which)
        assert parts["brier"] == given["brier"]
        assert parts["top_reliability"] == given["brier_parts"]["reliability"]


def test_accuracy_at_less_than_full_coverage_is_the_results(results: dict[str, Any]) -> None:
    rows = results["members"][LEADER]["abstention"]["at_coverage"]
    rows[1] |= {"coverage": 0.9013, "accuracy": 0.981, "interval": [0.97, 0.99]}
    row = row_of(abstention_of(results).at_coverage, LEADER)
    assert row["right_at_90"] == 0.981 and row["answered_at_90"] == 0.9013
    assert (row["right_at_90_low"], row["right_at_90_high"]) == (0.97, 0.99)
    assert row["area"] == results["members"][LEADER]["abstention"]["area"]


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
    text = abstention_of(results).sentence
    assert "answers only images of which it is at least 61.0% sure" in text
    assert "(with 90% confidence) to be right on 95.0% or more" in text
    assert "90.0% of the validation images" in text
    assert text.endswith("88.0% of the test images, of which it is right on 94.0% (92.0 to 95.5).")
    found["test"] = side(0.88, 0.92, 0.9, 0.94)
    assert abstention_of(results).sentence.endswith("less than was asked.")
    found["test"] = side(0.0, None, 0, 0)
    assert abstention_of(results).sentence.endswith("it is so sure of none.")
    found |= {"threshold": 0.0, "test": side(1.0, 0.97, 0.96, 0.98)}
    assert "may answer every image" in abstention_of(results).sentence
    found |= {"threshold": None, "validation": None, "test": None, "reason": "it is not that good"}
    assert abstention_of(results).sentence == (
        "No threshold can be relied on (with 90% confidence) to make 95.0% of the answers of "
        "Model-1 right: it is not that good."
    )
    found["validation_needed"] = 2345
    text = abstention_of(results).sentence
    assert "1,000 validation images are too few. About 2,300 would do" in text
    assert "1,000 validation images are too few" in page_text(page(results))


def curve(results: dict[str, Any], *points: tuple[float, float]) -> None:
    """points: share answered, share of these that are wrong."""
    coverage, risk = zip(*points, strict=True)
    found = results["members"][LEADER]["abstention"]
    found["curve"] = {"coverage": list(coverage), "risk": list(risk)}


def test_the_slider_goes_from_all_answered_to_the_best_that_can_be_had(
    results: dict[str, Any],
) -> None:
    curve(results, (0.1, 0.0), (0.5, 0.02), (0.7, 0.01), (1.0, 0.08))
    found = abstention_of(results).wanted
    assert found is not None
    assert (found.least, found.most, found.start) == (920, 1000, 980)
    assert share_answered(found.points, 0.98) == 0.7, "the largest share, not the first"
    assert share_answered(found.points, 0.999) == 0.1
    assert share_answered(found.points, 0.92) == 1.0
    assert share_answered([(1.0, 0.5)], 0.6) is None
    assert dict(found.rows)[0.94] == 0.7
    table = abstention_of(results).answered
    assert table is not None and table.rows[0][0] == 0.92
    assert [row[1] for row in table.rows] == [share for _, share in found.rows]


def test_there_is_no_slider_where_leaving_images_out_gains_nothing(
    results: dict[str, Any],
) -> None:
    curve(results, (0.5, 0.08), (1.0, 0.08))
    shown = abstention_of(results)
    assert shown.wanted is None and shown.answered is None
    assert 'type="range"' not in page(results)


def test_the_slider_says_what_is_promised_and_what_is_not(results: dict[str, Any]) -> None:
    found = results["members"][LEADER]["abstention"]["threshold"]
    found |= {
        "accuracy_asked": 0.95, "confidence_asked": 0.9, "threshold": 0.61, "reason": None,
        "validation": side(0.9, 0.96, 0.93, 0.98), "test": side(0.88, 0.94, 0.92, 0.955),
        "validation_rows": 1000, "validation_needed": None,
    }  # fmt: skip
    text = page_text(page(results))
    assert (
        "The study asks for 95.0%: promised with 90% confidence where it is at least "
        "61.0% sure, which is 88.0% of the test images." in text
    )
    found |= {"threshold": None, "validation": None, "test": None, "reason": "not that good"}
    assert (
        "These are the test images; of others 95.0% right cannot be promised with 90% confidence."
        in page_text(page(results))
    )


def test_without_scripts_the_slider_is_a_table(results: dict[str, Any]) -> None:
    curve(results, (0.1, 0.0), (0.5, 0.02), (0.7, 0.01), (1.0, 0.08))
    (table,) = re.findall(r"<noscript>(.*?)</noscript>", page(results), re.DOTALL)
    assert '94.0%</td><td class="number">70.0%' in table


def test_sets_are_told_as_they_are(results: dict[str, Any]) -> None:
    found = results["members"][LEADER]["conformal"]
    test = found["marginal"]["test"]
    test |= {"coverage": 0.961, "interval": [0.95, 0.97], "mean_size": 1.234, "singletons": 0.8}
    test |= {"filled": 0, "sizes": [800, 150, 50, *[0] * 7], "rows": 1000}
    found |= {"coverage_asked": 0.95}
    found["marginal"]["thresholds"] = [0.12] * 10
    shown = sets_of(results)
    assert "every class that it gives 12.0% or more" in shown.lead
    assert "it does for 96.1% (95.0 to 97.0), with 1.23 classes on average; 80.0%" in shown.lead
    heads = [column.title for column in shown.sizes.columns[5:10]]
    assert heads == ["1 class", "2 classes", "3 classes", "4 classes", "5 classes or more"]
    row = row_of(shown.sizes, LEADER)
    assert [row[f"sets_of_{n}"] for n in range(1, 6)] == [0.8, 0.15, 0.05, 0.0, 0.0]
    assert (row["coverage"], row["coverage_low"], row["coverage_high"]) == (0.961, 0.95, 0.97)
    test |= {"filled": 7, "unfilled_coverage": 0.949}
    shown = sets_of(results)
    assert "7 sets would be empty" in shown.lead and "94.9%" in shown.lead
    found["by_class"]["validation_by_class"] = [3] + [100] * 9
    text = page_text(page(results))
    assert "fewer than 19 validation images, so that nothing can be promised" in text
    assert "cross-conformal" not in text
    results["data"]["chosen_by"] = "5 folds"
    assert "cross-conformal" in page_text(page(results))


def test_sets_that_cannot_be_promised(results: dict[str, Any]) -> None:
    found = results["members"][LEADER]["conformal"]
    found |= {"validation_rows": 12, "rows_needed": 19}
    found["marginal"]["thresholds"] = [0.0] * 10
    shown = sets_of(results)
    assert "that takes 19 validation images, and there are 12" in shown.lead


def test_each_class_is_there_with_both_rules(results: dict[str, Any]) -> None:
    found = results["members"][LEADER]["conformal"]
    found["by_class"]["thresholds"] = [0.0] + [0.2] * 9
    rows = sets_of(results).classes.rows
    assert [row[0] for row in rows] == results["data"]["classes"]
    assert [row[-1] for row in rows] == [True] + [False] * 9
    covered = found["marginal"]["test"]["by_class"][3]
    assert rows[3][2:5] == (covered["coverage"], *covered["interval"])


def test_curves_are_all_there_and_the_leader_is_on_top(results: dict[str, Any]) -> None:
    found = results["members"][LEADER]["abstention"]
    curve(results, (0.01, 0.9), (0.5, 0.02), (1.0, 0.08))
    figure = abstention_of(results).figure
    for drawing in figure.drawings:
        lines = marks(drawing, "line")
        assert len(lines) == 6 and "strong" in lines[-1].attrib["class"]
        # Ten answers of a thousand are too few to draw.
        assert len(corners(lines[-1])) == 2
        assert LEADER in texts(drawing)
    assert (LEADER, 0.01, pytest.approx(0.1)) in figure.data.rows, "what is taken home has all"
    assert abstention_of(results).sharpest is not None
    found["area"] = 0.0
    text = abstention_of(results).sharpest
    assert text is not None and "least for Model-1 (0.00%)" in text


def test_a_run_without_models_has_no_such_section(results: dict[str, Any]) -> None:
    assert 'id="confidence"' in page(results)
    results |= {"members": {}, "committees": {}, "ranking": [], "decision": None}
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
