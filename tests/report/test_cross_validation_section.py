"""The cross-validation section: folds and single fit, each with its own kind of spread."""

import re
from typing import Any

import example
import example_search
import pytest
from drawings import marks, texts

from vestry.report.sections import cross_validation_words as words_of
from vestry.report.sections.cross_validation import CrossValidation, cross_validation_data


@pytest.fixture
def found(results: dict[str, Any]) -> dict[str, Any]:
    example_search.add_cross_validation(results["members"]["Model-1"], results)
    facts: dict[str, Any] = results["members"]["Model-1"]["cross_validation"]
    return facts


def data(results: dict[str, Any]) -> CrossValidation:
    shown = cross_validation_data(example.typed(results))
    assert shown is not None
    return shown


def words(results: dict[str, Any]) -> str:
    typed = example.typed(results)
    member = typed.members["Model-1"]
    assert member.cross_validation is not None
    return " ".join(words_of.sentences(member, member.cross_validation, typed))


def test_no_cross_validation_no_section(results: dict[str, Any]) -> None:
    assert cross_validation_data(example.typed(results)) is None


def test_strips_hold_folds_single_fit_and_report(
    results: dict[str, Any], found: dict[str, Any]
) -> None:
    folds, out, single, reported = data(results).members[0].strips
    spread = found["scores"]["accuracy"]
    assert folds.values == spread["values"] and folds.value == spread["mean"]
    assert folds.spread is not None and folds.spread.kind == "deviation"
    assert folds.spread.high - folds.spread.low == pytest.approx(2 * spread["deviation"])
    assert out.value == found["out_of_fold"]["scores"]["accuracy"]
    entry = results["members"]["Model-1"]
    assert single.value == entry["scores"]["test"]["accuracy"]
    assert single.spread is not None and single.spread.kind == "interval"
    assert [single.spread.low, single.spread.high] == entry["intervals"]["test"]["accuracy"]
    assert reported.is_reported and reported.text == "87.7% \u00b1 0.3"
    assert reported.remark == "scored on the test set there"


def test_seeds_bring_their_own_strip(results: dict[str, Any], found: dict[str, Any]) -> None:
    assert "over seeds" not in data(results).remark
    spread = {"mean": 0.91, "deviation": 0.002, "values": [0.908, 0.91, 0.912]}
    results["members"]["Model-1"]["over_seeds"] = {
        split: {"accuracy": spread} for split in ("validation", "test")
    }
    labels = [strip.label for strip in data(results).members[0].strips]
    assert labels[2:4] == ["Mean of 3 single fits"] * 2
    assert "The deviation over seeds" in data(results).remark


def test_the_figure_has_a_row_a_strip_with_its_own_spread(
    results: dict[str, Any], found: dict[str, Any]
) -> None:
    (member,) = data(results).members
    for drawing in member.figure.drawings:
        shown = texts(drawing)
        assert all(strip.text in shown for strip in member.strips)
        assert len(marks(drawing, "deviation")) == 2, "folds, and the report's"
        assert len(marks(drawing, "whisker-line")) == 3 * 2, "out of fold, and the single fit"
        assert len(marks(drawing, "seed")) == len(found["scores"]["accuracy"]["values"])
        assert len(marks(drawing, "open quiet-line")) == 1
    rows = member.figure.data.rows
    assert [row[0] for row in rows] == [strip.label for strip in member.strips]
    single = member.strips[2]
    assert single.spread is not None
    assert rows[2][1:5] == (single.value, single.spread.low, single.spread.high, "interval")


def test_all_members_share_one_scale(results: dict[str, Any], found: dict[str, Any]) -> None:
    example_search.add_cross_validation(results["members"]["Linear"], results)
    scales = [
        [text for text in texts(member.figure.drawings[0]) if re.fullmatch(r"\d+%", text)]
        for member in data(results).members
    ]
    assert len(scales) == 2 and scales[0] == scales[1]


def test_held_out_and_untouched_rows_are_named(
    results: dict[str, Any], found: dict[str, Any]
) -> None:
    text = words(results)
    assert "The 3,000 training rows were cut into 5 stratified folds." in text
    assert "scored on the fold that it had not seen" in text
    assert "The 1,000 test rows took no part" in text
    assert "1,000 validation rows are in no fold" in text
    assert "learned from 2,400 rows, the single fit from 3,000" in text
    results["members"]["Model-1"]["training"]["patience"] = 5
    assert "1,000 validation rows served early stopping only" in words(results)
    found |= {"stratified": False, "repeats": 3, "validation_rows": 0}
    text = words(results)
    assert "5 folds, 3 times over" in text and "validation" not in text
    found["validation_rows"] = 9
    results["members"]["Model-1"]["training"] = None
    assert "9 validation rows are in no fold" in words(results)


def test_reported_folds_are_said_with_what_they_were_scored_on(
    results: dict[str, Any], found: dict[str, Any]
) -> None:
    found["scores"]["accuracy"] |= {"mean": 0.8812, "deviation": 0.0041}
    text = words(results)
    assert "The report scored its folds on the test set" in text
    assert (
        "87.7% \u00b1 0.3 there; here 88.1% \u00b1 0.4 on held-out folds, 0.4 points higher" in text
    )
    found["reported_on"] = "held_out"
    assert "held-out folds gave 87.7%" in words(results)
    found["reported_on"] = None
    assert "does not say what its folds were scored on" in words(results)
    found["scores"]["accuracy"]["mean"] = 0.8772
    assert "the same to a tenth of a point" in words(results)
    found["reported"] = {}
    assert "report" not in words(results)
    assert len(data(results).members[0].strips) == 3


def test_both_kinds_of_spread_are_named_with_their_figures(
    results: dict[str, Any], found: dict[str, Any]
) -> None:
    found["scores"]["accuracy"]["deviation"] = 0.0123
    results["members"]["Model-1"]["intervals"]["test"]["accuracy"] = [0.701, 0.722]
    remark = data(results).remark
    assert "deviation over folds, \u00b1 1.2 (Model-1)" in remark
    assert "70.1 to 72.2 (Model-1)" in remark


def test_the_table_holds_every_fold(results: dict[str, Any]) -> None:
    member = results["members"]["Model-1"]
    example_search.add_cross_validation(member, results, folds=2, repeats=2)
    table = data(results).members[0].table
    assert [row[0] for row in table.rows] == [
        "1, repeat 1", "2, repeat 1", "1, repeat 2", "2, repeat 2", "mean", "deviation",
    ]  # fmt: skip
    values = member["cross_validation"]["scores"]["accuracy"]["values"]
    assert [row[2] for row in table.rows[:4]] == values
    spread = member["cross_validation"]["scores"]["accuracy"]
    assert [row[2] for row in table.rows[4:]] == [spread["mean"], spread["deviation"]]
