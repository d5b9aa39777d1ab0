"""Who misses which images: the figure's numbers, and sentences that follow the results."""

from typing import Any

import example
import pytest
from partial import part
from test_page import drawn

from vestry.report.contents import page_data, wanted_images
from vestry.report.plot.tiles import COLUMNS_SHOWN, pattern_columns
from vestry.report.sections import agreement as sentences
from vestry.report.sections.agreement import agreement_data
from vestry.schema.analysis import Agreement


@pytest.fixture
def found(results: dict[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = results["agreement"]
    return facts


def test_columns_are_the_most_frequent_patterns(found: dict[str, Any]) -> None:
    drawn_ = pattern_columns(part(Agreement, found))
    assert [c.count for c in drawn_.columns] == [
        row["count"] for row in found["patterns"][: len(drawn_.columns)]
    ]
    assert drawn_.rows == list(zip(found["members"], found["wrong"], strict=True))
    first = drawn_.columns[0]
    assert first.height == 1.0
    assert first.wrong == [
        n for n, wrong in zip(found["members"], first.dots, strict=True) if wrong
    ]
    assert first.dots[first.first] and first.dots[first.last]


def test_all_wrong_is_drawn_however_rare_it_is() -> None:
    rows = [{"wrong": [n % 5, 5], "count": 100 - n} for n in range(30)]
    everyone = {"wrong": list(range(6)), "count": 1}
    facts = {"members": list("ABCDEF"), "wrong": [0] * 6, "patterns": [*rows, everyone]}
    shown = pattern_columns(part(Agreement, facts))
    assert len(shown.columns) == COLUMNS_SHOWN and shown.columns[-1].kind == "all"
    assert shown.held == sum(100 - n for n in range(COLUMNS_SHOWN - 1)) + 1


def test_the_summary_follows_the_numbers(found: dict[str, Any]) -> None:
    found |= {"rows": 1000, "all_right": 800}
    found["all_wrong"] |= {"count": 30, "alike": 12}
    text = sentences.shares(part(Agreement, found))
    assert text == (
        "Of 1,000 test images, all 5 members get 800 (80.0%) right and miss 30 (3.0%), on 12 "
        "of them with the same wrong answer."
    )
    found["all_wrong"]["count"] = 0
    assert "there is none that all 5 members miss" in sentences.shares(part(Agreement, found))
    assert "both members" in sentences.shares(part(Agreement, found | {"members": ["A", "B"]}))
    lone = [{"name": "A", "count": 3}, {"name": "B", "count": 5}]
    assert (
        sentences.alone(part(Agreement, {"one_right": {"count": 8, "members": lone}}))
        == "8 images are got right by one member alone, most often by B (5)."
    )
    one = {"count": 1, "members": [{"name": "A", "count": 1}]}
    assert str(sentences.alone(part(Agreement, {"one_right": one}))).endswith(
        "by one member alone, A."
    )
    none = {"count": 0, "members": []}
    assert (
        sentences.alone(part(Agreement, {"one_right": none}))
        == "No image is got right by one member alone."
    )


def test_what_members_say_of_an_image() -> None:
    answers = {"A": (0, 0.98), "B": (0, 0.71), "C": (1, 0.4), "Both": (2, 0.5)}
    classes = ["Shirt", "Coat", "Bag"]
    text = sentences.said(answers, ["A", "B", "C"], classes)
    assert text == "Shirt: A 98%, B 71%; Coat: C 40%"
    many = {f"M{n}": (0, 0.5 + n / 100) for n in range(6)}
    assert sentences.said(many, list(many), classes) == "Shirt: 6 of 6, up to 55%"
    assert sentences.right_committees(answers, ["A", "B", "C"], 2) == "Both is right all the same"
    assert sentences.right_committees(answers, ["A", "B", "C"], 1) is None


def test_counts_are_true_where_pictures_are_few() -> None:
    assert sentences.surest(254, 60).startswith("60 of 254 images")
    assert sentences.surest(4, 4).startswith("4 images, those first")
    assert sentences.doubted(0, 9) is None
    assert str(sentences.doubted(2, 9)).startswith("2 of these 9 are also")


def test_label_issues_are_marked(results: dict[str, Any]) -> None:
    results["doubts"]["test"]["images"] = []
    plain = agreement_data(example.typed(results))
    assert plain is not None and not any(row.is_doubted for row in plain.missed)
    chosen = plain.missed[1].image
    doubted = {
        "given": 0, "panel": 1, "panel_probability": 0.9, "quality": 0.1, "votes": {},
    }  # fmt: skip
    results["doubts"]["test"]["images"] = [
        doubted | {"id": image} for image in (chosen, "elsewhere")
    ]
    marked = agreement_data(example.typed(results))
    assert marked is not None
    assert [row.image for row in marked.missed if row.is_doubted] == [chosen]
    assert any("1 of these" in text for text in marked.missed_remarks)
    results["doubts"]["test"] = None
    assert agreement_data(example.typed(results)) == plain


def test_the_page_shows_pictures_and_what_was_said() -> None:
    results, images = example.build()
    reader = drawn(results, images)
    facts = results["agreement"]
    first = facts["all_wrong"]["images"][0]
    assert "agreement" in {a.get("id") for _, a in reader.tags}
    assert "Every pattern in numbers" in reader.words
    titles = {str(a.get("title")) for tag, a in reader.tags if tag == "span"}
    assert any(f"({first['id']})" in title and "not stored" not in title for title in titles)
    wanted = wanted_images(page_data(example.typed(results)))
    ids = {image["id"] for member in facts["one_right"]["members"] for image in member["images"]}
    assert ids | {first["id"]} <= set(wanted)


def test_numbers_on_the_page_follow_the_results() -> None:
    results, images = example.build()
    results["agreement"]["all_wrong"] = {"count": 0, "alike": 0, "images": []}
    for member in results["agreement"]["one_right"]["members"]:
        member["images"] = []
    words = drawn(results, images).words
    assert "there is none that all 5 members miss" in words
    assert "Images that all members miss" not in words
    assert "Images that one member alone gets right" not in words


def test_one_member_agrees_with_nobody() -> None:
    plan = example.Plan(strengths={"Only": 3.0}, networks=(), committee=())
    assert agreement_data(example.typed(example.build(plan)[0])) is None
    results, images = example.build()
    results["agreement"] = None
    reader = drawn(results, images)
    assert "agreement" not in {a.get("id") for _, a in reader.tags}
