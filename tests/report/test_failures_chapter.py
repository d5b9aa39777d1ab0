"""The chapter on failures: heat map, heading, and what the gallery knows of each image."""

import re
from typing import Any

import example
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestry.report.chapters.failures import CHAPTER
from vestry.report.contents import page_data
from vestry.report.models import models_by_rank
from vestry.report.plot.figure import Figure
from vestry.report.plot.text import shortened_apart, text_width
from vestry.report.sections.class_scores import class_figures
from vestry.report.sections.gallery import Gallery, chosen_model, gallery_data

RECT = re.compile(
    r'<rect class="heat at-(\w+)-(\d+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" '
    r'height="([\d.]+)" fill-opacity="([\d.]+)">(?:<title>([^<]*)</title>)?</rect>'
)
VALUE = re.compile(r'<text class="heat-value" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>')


def figures(results: dict[str, Any]) -> list[Figure]:
    typed = example.typed(results)
    ranked = models_by_rank(typed)
    return class_figures(typed, ranked, chosen_model(typed, ranked))


def gallery(results: dict[str, Any]) -> Gallery:
    found = gallery_data(example.typed(results))
    assert found is not None
    return found


def opening(results: dict[str, Any]) -> Any:
    typed = example.typed(results)
    return CHAPTER.opening(typed, page_data(typed))


def test_every_cell_has_its_number_written_in_it(results: dict[str, Any]) -> None:
    entries = list((results["members"] | results["committees"]).values())
    classes = results["data"]["classes"]
    for figure, score in zip(figures(results), ("recall", "precision", "f1"), strict=True):
        narrow, wide = (str(drawing) for drawing in figure.drawings)
        cells, values = RECT.findall(wide), VALUE.findall(wide)
        assert len(cells) == len(values) == len(classes) * len(entries)
        for (label, series, x, y, width, height, *_), (at, down, text) in zip(
            cells, values, strict=True
        ):
            own = entries[int(series)]["scores"]["test"]["per_class"][classes[int(label)]]
            assert text == f"{100 * own[score]:.1f}"
            assert float(x) < float(at) < float(x) + float(width)
            assert float(y) < float(down) < float(y) + float(height)
        assert len(VALUE.findall(narrow)) == len(values)


def test_the_worst_cell_is_the_strongest_and_rows_start_with_the_lowest_recall(
    results: dict[str, Any],
) -> None:
    recall = figures(results)[0]
    cells = RECT.findall(str(recall.drawings[1]))
    by_title = [(float(re.findall(r"([\d.]+)%", title)[0]), float(s)) for *_, s, title in cells]
    worst = min(by_title)
    assert worst[1] == max(strength for _, strength in by_title) == 0.5
    chosen = gallery(results).chosen.model
    own = [text for *_, series, x, y, w, h, s, text in cells if int(series) == chosen.series]
    shown = [float(re.findall(r"([\d.]+)%", title)[0]) for title in own]
    assert shown == sorted(shown)


def test_all_three_measures_are_taken_home_as_one_table(results: dict[str, Any]) -> None:
    data = {id(figure.data) for figure in figures(results)}
    assert len(data) == 1
    table = figures(results)[0].data
    keys = [column.key for column in table.columns]
    for row in table.rows:
        found = dict(zip(keys, row, strict=True))
        entry = (results["members"] | results["committees"])[found["model"]]
        own = entry["scores"]["test"]["per_class"][str(found["class"])]
        assert all(found[score] == own[score] for score in ("support", "recall", "precision", "f1"))


def test_what_is_not_defined_has_no_number(results: dict[str, Any]) -> None:
    scores = next(iter(results["members"].values()))["scores"]["test"]
    for row in scores["confusion"]:
        row[3] = 0
    precision = str(figures(results)[1].drawings[1])
    at = [n for n, cell in enumerate(RECT.findall(precision)) if cell[:2] == ("3", "0")]
    assert [VALUE.findall(precision)[n][2] for n in at] == ["\u2013"]


def test_twenty_classes_have_rows_and_more_are_grouped() -> None:
    def rows(count: int) -> tuple[set[str], str]:
        plan = example.Plan(classes=tuple(f"kind {n}" for n in range(count)))
        recall = figures(example.build(plan)[0])[0]
        return {cell[0] for cell in RECT.findall(str(recall.drawings[1]))}, recall.remark

    twenty, remark = rows(20)
    assert len(twenty) == 20 and "others" not in remark
    for count in (21, 100):
        grouped, remark = rows(count)
        assert len(grouped) == 13 and "all" in grouped
        assert f"The 12 lowest of {count}, then the others\u2019 mean" in remark


@pytest.mark.parametrize("members", [1, 5, 12])
def test_every_name_and_number_is_inside_the_drawing(members: int) -> None:
    names = [f"A member with a rather long name, {n}" for n in range(members)]
    plan = example.Plan(
        strengths={name: 2 + n / 9 for n, name in enumerate(names)}, networks=(), committee=()
    )
    for figure in figures(example.build(plan)[0]):
        for drawing in figure.drawings:
            width, height = map(float, re.findall(r'viewBox="0 0 (\d+) (\d+)"', drawing)[0])
            assert len(VALUE.findall(drawing)) == 10 * members
            for x, y, text in VALUE.findall(drawing):
                half = text_width(text) / 2
                assert half <= float(x) <= width - half and 6 <= float(y) <= height - 6
            turned = re.findall(r'y="([\d.]+)"[^>]*rotate[^>]*>([^<]*)<', drawing)
            tops = [float(y) - 1.12 * text_width(text) for y, text in turned]
            assert all(top >= -1 for top in tops)


@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=6), st.floats(20, 300))
def test_shortened_names_fit(names: list[str], room: float) -> None:
    for name, short in zip(names, shortened_apart(names, room), strict=True):
        assert text_width(short) <= room or short == "\u2026"
        assert short == name or "\u2026" in short


def test_names_that_begin_alike_are_told_apart() -> None:
    names = [f"A member with a long name, {n}" for n in range(12)]
    assert len(set(shortened_apart(names, 90))) == 12


def test_the_heading_names_the_class_of_lowest_recall(results: dict[str, Any]) -> None:
    chosen = gallery(results).chosen.model
    per_class = chosen.entry.scores.test.per_class
    lowest = min(per_class, key=lambda name: per_class[name].recall)
    found = opening(results)
    assert found.heading.startswith(f"{chosen.name} is right least often on \u201c{lowest}\u201d: ")
    assert f"{100 * per_class[lowest].recall:.1f}%" in found.heading
    largest = max(chosen.mistakes.cells, key=lambda cell: cell.count)
    truth, said = (results["data"]["classes"][i] for i in (largest.truth, largest.predicted))
    assert (
        f"\u201c{truth}\u201d taken for \u201c{said}\u201d, {largest.count} of"
        in found.sentences[0]
    )


def test_classes_of_equal_recall_are_all_named(results: dict[str, Any]) -> None:
    name = gallery(results).chosen.model.name
    entry = (results["members"] | results["committees"])[name]
    for facts in entry["scores"]["test"]["per_class"].values():
        facts["recall"] = 0.5
    assert opening(results).heading.startswith(f"{name} is right least often on 10 classes: 50.0%")


def test_a_model_without_mistakes_is_not_called_weak() -> None:
    results, _ = example.build(example.Plan(strengths={"Sure": 60.0}, networks=(), committee=()))
    found = opening(results)
    assert found.heading == "Sure makes no mistake on 1,000 test images"
    assert found.sentences == []


def test_answers_follow_from_what_is_stored_and_from_nothing_else(results: dict[str, Any]) -> None:
    entries = list((results["members"] | results["committees"]).values())
    for image in gallery(results).images:
        for series, (label, _) in image.said.items():
            cells = entries[series]["mistakes"]["cells"]
            mine = [cell for cell in cells if image.id in cell["ids"]]
            assert [cell["predicted"] for cell in mine] in ([label], [])
            # Not among its mistakes: then it is right, or one of those that are not listed.
            cut = any(len(c["ids"]) < c["count"] for c in cells if c["truth"] == image.truth)
            assert mine or label == image.truth or cut


def test_nothing_is_inferred_where_mistakes_are_not_all_stored(results: dict[str, Any]) -> None:
    def known(series: int) -> int:
        return sum(series in image.said for image in gallery(results).images)

    for key in ("agreement", "explanations"):
        results[key] = None
    results["votes"]["images"] = []
    results["doubts"] = dict.fromkeys(("training", "validation", "test"))
    before = known(0)
    first = next(iter(results["members"].values()))["mistakes"]
    for cell in first["cells"]:
        cell["count"] += 1
    after = known(0)
    assert after < before == len(gallery(results).images)
    stored = {image for cell in first["cells"] for image in cell["ids"]}
    assert after == len(stored | {hard["id"] for hard in first["hardest"]})


def test_the_list_of_mistakes_holds_each_once_with_its_confidence(results: dict[str, Any]) -> None:
    rows = gallery(results).table.rows
    classes = results["data"]["classes"]
    listed = {(row[0], row[4]): row for row in rows}
    assert len(listed) == len(rows)
    for name, entry in (results["members"] | results["committees"]).items():
        for cell in entry["mistakes"]["cells"]:
            for image, confidence in zip(cell["ids"], cell["confidences"], strict=True):
                row = listed[image, name]
                assert row[1:3] == (classes[cell["truth"]], classes[cell["predicted"]])
                assert row[3] == pytest.approx(confidence, abs=1e-4)


def test_older_runs_without_confidences_still_have_a_gallery(results: dict[str, Any]) -> None:
    for entry in (results["members"] | results["committees"]).values():
        for cell in entry["mistakes"]["cells"]:
            del cell["confidences"]
    found = gallery(results)
    assert all(one.said for one in found.images)
    assert any(row[3] is None for row in found.table.rows)
    assert all(confidence is not None for _, _, confidence in found.chosen.first())
