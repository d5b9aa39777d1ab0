"""The chapter that compares: its heading claims no more than the tests show, its table holds the
results as they are, and both follow the score that chooses."""

import copy
import re
from typing import Any

import example
import pytest
from test_page import Reader, drawn

from vestry.report.chapter import Opening
from vestry.report.chapters import compare
from vestry.report.contents import page_data
from vestry.report.sections.comparison_table import comparison_table
from vestry.report.table import Table

Results = dict[str, Any]
SCORE = {
    "name": "macro_f1", "label": "Macro F1", "words": "macro F1", "better": "higher",
    "unit": "share", "rarest": 0.5,
}  # fmt: skip


@pytest.fixture(scope="module")
def built() -> Results:
    plan = example.Plan(
        strengths={"A": 3.5, "B": 3.45, "C": 2.9, "D": 2.85}, networks=(), committee=("A", "B")
    )
    return example.build(plan)[0]


@pytest.fixture
def results(built: Results) -> Results:
    return copy.deepcopy(built)


def opening_of(results: Results) -> Opening:
    whole = example.typed(results)
    found = compare.CHAPTER.opening(whole, page_data(whole))
    assert found is not None
    return found


def table_of(results: Results) -> Table:
    found = comparison_table(example.typed(results))
    assert found is not None
    return found


def rows_of(results: Results) -> dict[str, dict[str, Any]]:
    table = table_of(results)
    return {str(row["model"]): row for row in map(table.by_key, table.rows)}


def shown(results: Results, name: str) -> dict[str, str]:
    """A row as the page writes it, by the heads of its columns."""
    table, row = table_of(results), rows_of(results)[name]
    return {column.title: column.cell(row) for _, column in table.shown_columns}


def names_of(results: Results) -> list[str]:
    return [row["name"] for row in results["ranking"]]


def marked(results: Results, *marks: str) -> None:
    for row, mark in zip(results["ranking"][1:], marks, strict=True):
        row["on_test"]["mark"] = mark


HEADINGS = [
    (("behind",) * 4, "and on test each of the other 4 is significantly behind it"),
    (("unknown",) * 4, "; on test no significant difference from any of the other 4"),
    (
        ("level", "unknown", "behind", "behind"),
        "; on test no significant difference from {1} and {2}",
    ),
    (("level", "ahead", "behind", "unknown"), ", but on test {2} is significantly ahead of it"),
    (("ahead", "ahead", "ahead", "ahead"), ", but on test 4 models are significantly ahead of it"),
]  # fmt: skip


@pytest.mark.parametrize(("marks", "said"), HEADINGS)
def test_the_heading_claims_what_the_tests_show(
    results: Results, marks: tuple[str, ...], said: str
) -> None:
    names = names_of(results)
    marked(results, *marks)
    opening = opening_of(results)
    assert opening.heading.startswith(f"{names[0]} leads on validation, by ")
    assert said.format(*names) in opening.heading and not opening.heading.endswith(".")
    assert len(opening.sentences) <= 2
    level = [name for name, mark in zip(names[1:], marks, strict=True) if mark == "level"]
    told = " ".join(opening.sentences)
    assert all(f"{name} is shown to be within" in told for name in level)
    assert "test images had no say" in told


def test_the_lead_is_that_of_the_printed_figures(results: Results) -> None:
    first, second = results["ranking"][:2]
    everyone = results["members"] | results["committees"]
    for row, value in ((first, 0.9149), (second, 0.9126)):
        everyone[row["name"]]["scores"]["validation"]["accuracy"] = value
    assert "by 0.2 points;" in opening_of(results).heading.replace(",", ";")
    everyone[second["name"]]["scores"]["validation"]["accuracy"] = 0.9148
    assert "by less than 0.1 points" in opening_of(results).heading
    everyone[second["name"]]["scores"]["validation"]["accuracy"] = 0.9149
    assert "leads on validation by its lower log loss alone" in opening_of(results).heading
    second["rank"] = first["rank"]
    assert f"{first['name']} and {second['name']} lead on validation" in opening_of(results).heading
    assert shown(results, first["name"])["Rank"] == "1="


def test_one_model_has_nothing_beside_it() -> None:
    results, images = example.build(example.Plan(strengths={"A": 3}, networks=(), committee=()))
    assert opening_of(results).heading.startswith("A is the only model")
    keys = {column.key for column in table_of(results).columns}
    assert not {"on_test", "difference_to_first"} & keys
    assert drawn(results, images).open == []


def test_the_table_holds_the_results_as_they_are(results: Results) -> None:
    rows = rows_of(results)
    everyone = results["members"] | results["committees"]
    assert list(rows)[:5] == names_of(results)
    for ranked in results["ranking"]:
        row, entry = rows[ranked["name"]], everyone[ranked["name"]]
        assert row["validation_accuracy"] == ranked["validation_accuracy"]
        assert row["test_accuracy"] == entry["scores"]["test"]["accuracy"]
        assert [row["test_accuracy_low"], row["test_accuracy_high"]] == list(
            entry["intervals"]["test"]["accuracy"]
        )
        assert row["kind"] == ("committee" if ranked["kind"] == "committee" else "model")
        beside = ranked["on_test"] or {"difference": None, "interval": (None, None)}
        assert row["difference_to_first"] == beside["difference"]
        assert (row["difference_low"], row["difference_high"]) == tuple(beside["interval"])
        assert row["latency_ms"] == entry["cost"]["latency"]["median_ms"]
        assert row["size_mb"] == entry["cost"]["bytes"] / 1e6
        assert (row["fit_seconds"], row["parameters"]) == (
            entry["fit_seconds"], entry["parameters"],
        )  # fmt: skip
    usual = results["baselines"][0]
    assert rows[usual["name"]]["kind"] == "no model" and rows[usual["name"]]["rank"] is None
    assert rows[usual["name"]]["test_accuracy"] == usual["scores"]["test"]["accuracy"]


def test_what_is_copied_holds_no_typographic_sign(results: Results) -> None:
    """Names are the user's, captions are read by people."""
    for row in rows_of(results).values():
        for key, value in row.items():
            assert key == "model" or not re.search(r"[\u202f\u2212\u2013\u00b1%]", str(value))


def test_differences_on_the_page_are_those_of_the_printed_figures(results: Results) -> None:
    first = shown(results, names_of(results)[0])
    for name in names_of(results)[1:]:
        row = shown(results, name)
        gap = float(row["Test"].rstrip("%")) - float(first["Test"].rstrip("%"))
        written = row["To the first, points"].replace("\u2212", "-")
        assert float(written) == pytest.approx(gap, abs=1e-6)


def test_the_score_that_chooses_has_the_first_columns(results: Results) -> None:
    results["score"] = SCORE
    for place, row in enumerate(results["ranking"]):
        row |= {"validation_score": 0.9 - place / 50, "test_score": 0.8 - place / 50}
        entry = (results["members"] | results["committees"])[row["name"]]
        entry["intervals"]["test"]["f1_macro"] = (0.7, 0.85)
    titles = [column.title for _, column in table_of(results).shown_columns]
    assert titles[2:6] == ["Macro F1, validation", "Macro F1, test", "95% from", "to"]
    assert {"Accuracy, validation", "Accuracy, test"} <= set(titles)
    assert titles.index("Accuracy, validation") > titles.index("To the first, points")
    second = shown(results, names_of(results)[1])
    assert second["Macro F1, validation"] == "88.0%" and second["95% from"] != "\u2013"
    assert second["To the first, points"] == "\u22122.0"
    opening = opening_of(results)
    assert "leads on validation by macro F1, by 2.0 points" in opening.heading


def test_unbalanced_classes_bring_balanced_accuracy_into_the_table(results: Results) -> None:
    assert "Balanced accuracy, test" not in shown(results, "A")
    results["score"]["rarest"] = 0.05
    entry = results["members"]["A"]["scores"]["test"]
    assert rows_of(results)["A"]["test_balanced_accuracy"] == entry["recall_macro"]
    first = opening_of(results).sentences[0]
    assert "accuracy misleads" in first and "stands beside it" in first
    results["score"] |= {"name": "balanced_accuracy"}
    for row in results["ranking"]:
        row |= {"validation_score": 0.5, "test_score": 0.5}
    keys = [column.key for column in table_of(results).columns]
    assert len(keys) == len(set(keys))


def test_leaked_images_and_folds_are_said_at_the_head(results: Results) -> None:
    assert "leaked" not in table_of(results).caption
    everyone = results["members"] | results["committees"]
    kept = {
        "left_out": 7, "rows": 993, "changed": [],
        "makers": {
            name: {"accuracy": 0.9, "interval": (0.88, 0.92), "rank": 1}
            for name in everyone
        },
    }  # fmt: skip
    results["leaks"]["without"]["repeated"] = kept
    assert "1,000 test images, 7 of them leaked" in table_of(results).caption


def test_reported_figures_stand_beside_ours() -> None:
    results, _ = example.build(example.Plan(reported=example.study_b().reported))
    committee = rows_of(results)["Committee"]
    members = [rows_of(results)[name] for name in ("Model-1", "Model-2", "Model-3")]
    mean = sum(row["test_accuracy"] for row in members) / 3
    assert committee["reported_accuracy"] == 0.8409
    assert committee["compared_with"] == "mean of its members"
    assert committee["ours_less_reported"] == pytest.approx(mean - 0.8409)
    assert members[0]["ours_less_reported"] == pytest.approx(members[0]["test_accuracy"] - 0.9017)
    assert rows_of(results)["Linear"]["reported_accuracy"] is None
    assert "ours_less_reported" not in rows_of(example.build()[0])["Linear"]


def test_the_page_shows_the_table_open_and_its_copy_by_the_same_key() -> None:
    results, images = example.build()
    reader: Reader = drawn(results, images)
    (holder,) = [a for _, a in reader.tags if a.get("id") == "table-compare"]
    assert holder["data-table"] == "compare"
    assert any(a.get("data-copy-table") == "compare" for _, a in reader.tags)
    figures = {str(a["id"]) for tag, a in reader.tags if tag == "figure" and "id" in a}
    assert {"figure-pareto-time", "figure-pareto-size"} <= figures
