"""Ranks, the lead and the section on certainty follow the numbers of the results."""

import copy
import re
from typing import Any

import example
import pytest

from vestry.cli.summary import summary
from vestry.evaluation.standing import beside_first
from vestry.report.contents import page_data
from vestry.report.models import models_by_rank
from vestry.report.page import render
from vestry.report.sections import ranking, tests_words
from vestry.report.sections import significance as sentences
from vestry.report.sections.comparison_table import comparison_table
from vestry.report.sections.decision import headline_of
from vestry.report.sections.significance import certainty_data
from vestry.schema import results as schema
from vestry.schema.significance import PairOfModels

Results = dict[str, Any]


@pytest.fixture(scope="module")
def built() -> tuple[Results, Any]:
    plan = example.Plan(
        strengths={"A": 3.5, "B": 3.45, "C": 2.9, "D": 2.85}, networks=(), committee=("A", "B")
    )
    return example.build(plan)


@pytest.fixture
def results(built: tuple[Results, Any]) -> Results:
    own = copy.deepcopy(built[0])
    own["resolution"]["margin"] = 0.01
    return own


def page_of(results: Results, images: Any) -> str:
    return render(
        example.typed(results), [str(name) for name in images["ids"]], images["images"], "runs/x"
    )


def told_apart(results: Results, *names: str, apart: bool = True) -> None:
    """Set whether two models are told apart, and everything that follows from it."""
    found = results["comparisons"]
    for pair in found["pairs"]:
        if {pair["one"], pair["other"]} == set(names) or not names:
            pair |= {"told_apart": apart, "p_holm": 0.001 if apart else 0.4}
    first, pairs = results["ranking"][0]["name"], map(PairOfModels.model_validate, found["pairs"])
    beside = beside_first(first, pairs, found["rows"], 0.01)
    for row in results["ranking"]:
        on_test = beside.get(row["name"])
        row["on_test"] = on_test and on_test.as_json()


def marked(results: Results, *marks: str) -> None:
    """Set what the test images say of those after the first."""
    for row, mark in zip(results["ranking"][1:], marks, strict=True):
        row["on_test"]["mark"] = mark


def lead(results: Results) -> str:
    whole = example.typed(results)
    return " ".join(ranking.lead(whole, models_by_rank(whole)))


def test_ranks_follow_validation_whatever_test_images_say(results: Results) -> None:
    names = [row["name"] for row in results["ranking"]]
    for apart in (True, False):
        told_apart(results, apart=apart)
        ranked = models_by_rank(example.typed(results))
        assert [(model.name, model.place) for model in ranked] == [
            (name, str(place)) for place, name in enumerate(names, 1)
        ]
    validation = [model.accuracy("validation") for model in ranked]
    assert validation == sorted(validation, reverse=True)


def test_models_of_the_same_validation_figures_share_a_rank(results: Results) -> None:
    for row, rank in zip(results["ranking"], (1, 2, 2, 4, 5), strict=True):
        row["rank"] = rank
    assert [model.place for model in models_by_rank(example.typed(results))] == [
        "1", "2=", "2=", "4", "5",
    ]  # fmt: skip


def test_the_lead_follows_the_marks(results: Results) -> None:
    first, second, third, fourth, fifth = (row["name"] for row in results["ranking"])
    marked(results, "behind", "behind", "behind", "behind")
    text = lead(results)
    assert text.startswith(f"{first} is first by validation: right on ")
    assert f"{second}, {third}, {fourth} and {fifth} are behind it." in text
    assert f"{second} follows with" in text and "cannot be told" not in text
    marked(results, "level", "ahead", "unknown", "behind")
    text = lead(results)
    assert f"{fifth} is behind it; {third} is ahead of it, by more than chance would" in text
    assert f"{second} is level with it, within 1 point." in text
    assert f"Of {fourth} it cannot be told: the test images are too few." in text
    assert "selection bias" in text
    marked(results, "unknown", "unknown", "unknown", "unknown")
    text = lead(results)
    assert "the 1,000 test images are too few" in text
    assert "Nothing more can be told on test: with 10 pairs judged at once, the" in text
    assert "whether any of the other 4 is behind" in text and "does not make them equal" in text


def test_the_page_marks_every_row_but_the_first(built: tuple[Results, Any]) -> None:
    results = copy.deepcopy(built[0])
    marked(results, "level", "ahead", "unknown", "behind")
    text = page_of(results, built[1])
    start = text.index('id="table-compare"')
    rows = re.findall(r'<tr data-row="\d+">(.*?)</tr>', text[start : text.index("</table>", start)])
    found = [re.findall(r'<td class="(?: none)?">([^<]*)</td>', row) for row in rows]
    assert found[:5] == [
        [""], ["within 5 points"], ["significantly ahead"], ["no significant difference"],
        ["significantly behind"],
    ]  # fmt: skip


def test_an_equal_validation_accuracy_is_said(results: Results) -> None:
    first, second, third, *_ = results["ranking"]
    assert "level with" not in lead(results).partition("On the")[0]
    second["validation_accuracy"] = first["validation_accuracy"]
    assert f"(as good as {second['name']}, before which its lower log loss puts it)" in lead(
        results
    )
    third |= {"validation_accuracy": first["validation_accuracy"], "rank": 1}
    said = f"(with the same figures as {third['name']}; as good as "
    assert said in lead(results)


def test_test_figures_above_the_leader_are_weighed(results: Results) -> None:
    first, second, *_ = (row["name"] for row in results["ranking"])
    marked(results, "unknown", "behind", "behind", "behind")
    entry = (results["members"] | results["committees"])[second]
    entry["scores"]["test"]["accuracy"] = 0.99
    assert f"{second} (99.0%) stands above {first} on test, which may be chance" in lead(results)
    entry["scores"]["test"]["accuracy"] = 0.5
    assert "which may be chance" not in lead(results)


def test_differences_that_cannot_be_seen_stand_above_the_ranking(
    built: tuple[Results, Any], results: Results
) -> None:
    found = results["resolution"]
    found["validation"] |= {"rows": 12, "difference": 0.5}
    found["test"] |= {"rows": 900, "difference": 0.0213}
    text = page_of(results, built[1])
    said = (
        "With 900 test images, differences under about 2.1 points cannot be seen (10 tests at "
        "once); with 12 validation images, differences under about 50 points cannot be seen (4 "
        "tests at once)."
    )
    text = re.sub(r'<a class="term"[^>]*>|</a>', "", text)
    seen = text[text.index('id="compare"') : text.index('id="table-compare"')]
    assert said.split(";", maxsplit=1)[0] in seen and said in text
    found["validation"]["difference"] = 1.0
    assert "with 12 validation images, no difference between two" in page_of(results, built[1])


def test_a_single_model_has_its_scores_only() -> None:
    results, images = example.build(example.Plan(strengths={"A": 3}, networks=(), committee=()))
    shown = certainty_data(example.typed(results))
    assert shown is not None and shown.matrix is None and not shown.pairs
    assert "no ranking" in shown.lead[0] and len(shown.scores.rows) == 1
    assert "Every score of the test images" in page_of(results, images)


def test_the_matrix_shows_every_pair_once(results: Results) -> None:
    shown = page_data(example.typed(results)).certainty
    assert shown is not None and shown.matrix is not None
    rows = shown.matrix.rows
    assert [len(row.cells) for row in rows] == [0, 1, 2, 3, 4]
    accuracy = {row.model.name: row.model.accuracy("test") for row in rows}
    for row in rows:
        for earlier, cell in zip(rows, row.cells, strict=False):
            gap = accuracy[earlier.model.name] - accuracy[row.model.name]
            assert cell.value == pytest.approx(gap)
            assert (cell.kind == "tied") == ("no significant difference" in cell.words)
    told_apart(results, apart=False)
    assert page_data(example.typed(results)).certainty.matrix.kinds == ["tied"]  # type: ignore[union-attr]


def certainty(results: Results) -> list[str]:
    return sentences.lead(example.typed(results))


def test_counts_of_pairs_follow(results: Results) -> None:
    apart = sum(pair["told_apart"] for pair in results["comparisons"]["pairs"])
    assert f"Of 10 pairs, {apart} differ significantly" in certainty(results)[0]
    told_apart(results)
    assert "Of 10 pairs, all differ significantly" in certainty(results)[0]
    assert certainty(results)[1] == "So every two differ by more than chance would explain."
    told_apart(results, apart=False)
    assert "Of 10 pairs, none differs significantly" in certainty(results)[0]
    assert "equal" in certainty(results)[1]
    told_apart(results, *(row["name"] for row in results["ranking"][:2]))
    assert "Of 10 pairs, 1 differs significantly" in certainty(results)[0]


def pair(**given: Any) -> PairOfModels:
    known = {
        "one": "A", "other": "B", "told_apart": False, "difference": -0.003, "more_rows": 34_213,
        "interval": (-0.01, 0.004), "only_one": 10, "only_other": 13,
        "method": "exact", "p": 0.6, "p_holm": 0.6, "rows_needed": 35_213,
        "seeds": (1, 1),
    }  # fmt: skip
    return PairOfModels.model_validate(known | given)


def test_images_needed_in_words() -> None:
    assert "about 34,000 more test images" in tests_words.images_for(pair(), 0.003)
    assert "the 0.3 points between A and B" in tests_words.images_for(pair(), 0.003)
    level, seeds = {"only_one": 45, "only_other": 45}, {"seeds": (3, 3)}
    none = {"more_rows": None, "rows_needed": None}
    assert "over 10 million images" in tests_words.images_for(pair(**none), 0.003)
    said = tests_words.images_for(pair(**none, **level), 0)
    assert "show no difference at all" in said and "not known" in said
    assert "more seeds are needed" in tests_words.images_for(pair(**none, **seeds), 0.003)
    assert "only pair" in tests_words.images_for(pair(more_rows=0), 0.003)
    assert tests_words.more_images(pair()) == "about 34,000"
    assert tests_words.more_images(pair(**none)) == "over 10 million"
    assert tests_words.more_images(pair(**none, **level)) == "level: not known"
    assert tests_words.more_images(pair(**none, **seeds)) == "more seeds needed"
    assert tests_words.more_images(pair(told_apart=True)) == "significant"
    assert tests_words.more_images(pair(more_rows=0)) == "none, as the only pair"


def test_both_uncertainties_are_named_where_seeds_are_there(results: Results) -> None:
    whole = example.typed(results)
    assert "not known" in sentences.uncertainties(models_by_rank(whole), 1000)
    spread = {"accuracy": {"mean": 0.9, "deviation": 0.0042, "values": [0.9, 0.91]}}
    results["members"]["A"]["over_seeds"] = {"test": spread, "validation": spread}
    text = sentences.uncertainties(models_by_rank(example.typed(results)), 1000)
    assert "\u00b1 0.4 (A) points" in text and "Sampling error" in text
    table = comparison_table(example.typed(results))
    assert table is not None
    column = next(one for one in table.columns if one.key == "test_accuracy")
    beside = {row[1]: column.small(table.by_key(row)) for row in table.rows}
    assert beside.pop("A") == "\u00b1 0.4 over 2 seeds"
    assert set(beside.values()) == {""}


def test_cross_validated_pairs_have_a_table_of_their_own(
    built: tuple[Results, Any], results: Results
) -> None:
    assert "Cross-validated members, fold by fold" not in page_of(results, built[1])
    results["comparisons"]["cross_validated"] = [
        {"one": "A", "other": "B", "folds": 5, "difference": 0.01, "interval": [0.001, 0.019],
         "p": 0.03, "p_holm": 0.06, "told_apart": False},
    ]  # fmt: skip
    text = page_of(results, built[1])
    assert "Cross-validated members, fold by fold" in text
    assert "none of 1 pair differs significantly" in text and "0.060" in text


def test_the_page_shows_every_number_of_a_pair(
    built: tuple[Results, Any], results: Results
) -> None:
    results["comparisons"]["pairs"][0] |= {
        "p": 0.0312, "p_holm": 0.0936, "told_apart": False, "more_rows": 5_432_100,
    }  # fmt: skip
    text = page_of(results, built[1])
    section = text[text.index('id="certainty"') : text.index('id="claims"')]
    section = section[section.index('id="table-model-pairs"') :]
    for wanted in (">0.031 <small>", ">0.094<", ">about 5,400,000<"):
        assert wanted in section
    assert len(re.findall(r"<tr data-row", section[: section.index("</table>")])) == 10


def test_twelve_models_scroll_in_a_box_of_their_own() -> None:
    strengths = {f"A model with quite a long name, number {n}": 3 + n / 50 for n in range(12)}
    results, images = example.build(
        example.Plan(strengths=strengths, networks=(), committee=tuple(strengths)[:2])
    )
    text = page_of(results, images)
    start = text.index('<table class="tie-matrix">')
    assert text[:start].rstrip().endswith('aria-label="Which models differ significantly">')
    assert text.count('scope="col"', start, text.index("</table>", start)) == 12
    assert re.search(r"number \d+ and \d+ more (are|it)", lead(results))


def test_the_console_shows_marks_and_the_recommendation(results: Results, tmp_path: Any) -> None:
    marked(results, "level", "unknown", "behind", "ahead")
    typed = schema.Results.model_validate(results)
    text = summary(typed, tmp_path / "report.html", as_json=False)
    assert re.findall(r"^ +(\d=?)\. ", text, re.MULTILINE) == ["1", "2", "3", "4", "5"]
    for words in ("within 1 point", "no significant difference", "significantly behind"):
        assert text.count(words) == 1
    assert "cannot be seen (" in text and f"\n{headline_of(example.typed(results))}\n" in text


def test_a_score_without_an_interval_has_no_brackets_and_the_page_says_why(
    results: Results,
) -> None:
    results["members"]["A"]["intervals"]["test"]["f1_macro"] = None
    results["members"]["A"]["scores"]["test"]["f1_macro"] = 1.0
    shown = certainty_data(example.typed(results))
    assert shown is not None
    row = next(shown.scores.by_key(row) for row in shown.scores.rows if row[0] == "A")
    column = next(one for one in shown.scores.columns if one.key == "f1_macro")
    assert (column.title, column.cell(row), column.small(row)) == ("F1, macro", "100.0%", "")
    assert row["f1_macro_low"] is None
    counts = results["data"]["splits"]["test"]["class_counts"]
    assert f"the rarest has {min(counts)}" in (shown.without_interval or "")
    for entry in (*results["members"].values(), *results["committees"].values()):
        entry["intervals"]["test"] = dict.fromkeys(entry["scores"]["test"], (0.1, 0.2))
    shown = certainty_data(example.typed(results))
    assert shown is not None and shown.without_interval is None
