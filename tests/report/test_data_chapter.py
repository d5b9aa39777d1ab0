"""The chapter on the data as a reader finds it: sizes, balance, and a map that answers a click."""

from pathlib import Path
from typing import Any

import example
import pytest
from example import typed

from headless_browser import OVERFLOWING, Browser, browser
from planted_images import CLASSES, clean_sets
from vestry.audit.exploration import explore
from vestry.audit.settings import ExplorationSettings
from vestry.report.contents import openings, page_data
from vestry.report.page import render

__all__ = ["browser"]


def opening(results: dict[str, Any]) -> Any:
    whole = typed(results)
    found = openings(whole, page_data(whole))
    return next(opened for chapter, opened in found if chapter.key == "data")


def test_equal_classes_are_said_and_not_drawn(results: dict[str, Any]) -> None:
    for split in results["data"]["splits"].values():
        split["class_counts"] = [split["rows"] // 10] * 10
    found = page_data(typed(results)).dataset
    assert found.balance == [
        "All 10 classes have 500 images: 300 training, 100 validation and 100 test."
    ]
    assert found.bars is None
    results["data"]["splits"]["training"]["class_counts"][3] += 1
    found = page_data(typed(results)).dataset
    assert found.bars is not None and found.bars.data.rows[0] == ("Dress", 301)
    assert found.balance[0].startswith("Training: from 300 (T-shirt/top and 8 others)")


def test_rows_that_folds_test_again_are_counted_once(results: dict[str, Any]) -> None:
    assert opening(results).heading.startswith("5,000 images in 10 classes; ")
    results["data"] |= {"chosen_by": "5 folds", "tested_by": "5 nested folds"}
    assert opening(results).heading.startswith("3,000 images in 10 classes; ")


def test_what_was_asked_for_and_not_used_is_said_openly(results: dict[str, Any]) -> None:
    results["data"] |= {"used": "digits", "fell_back": "no data and no network"}
    assert opening(results).sentences[1] == (
        "This study asked for fashion-mnist and ran on digits: no data and no network"
    )


def test_of_many_unequal_classes_the_ends_are_drawn_and_all_taken_home() -> None:
    names = tuple(f"class {number}" for number in range(100))
    results, _ = example.build(example.Plan(classes=names, networks=(), committee=()))
    results["data"]["splits"]["training"]["class_counts"] = [*range(1, 101)]
    bars = page_data(typed(results)).dataset.bars
    assert bars.remark == "the first and the last 10 of 100" and len(bars.data.rows) == 100
    assert all(drawing.count('class="bar"') == 20 for drawing in bars.drawings)


@pytest.fixture(scope="module")
def drawn_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results, images = example.build()
    found = explore(clean_sets(), ExplorationSettings(sample=60), lambda event: None)
    results["exploration"] = found.results
    path = tmp_path_factory.mktemp("data") / "report.html"
    path.write_text(render(typed(results), images["ids"].tolist(), images["images"], "x"))
    return path


PICKED = (
    "return [...document.querySelectorAll('.class-map svg .picked')].map((e) => e.classList[0])"
)


def test_a_click_on_a_class_highlights_it(browser: Browser, drawn_page: Path) -> None:
    still = {"name": "prefers-reduced-motion", "value": "reduce"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [still]})
    browser.get(drawn_page.as_uri())
    first, second, third = browser.find_elements("css selector", ".choices button")
    assert [button.text for button in (first, second, third)] == list(CLASSES)
    assert browser.execute_script(PICKED) == []
    second.click()
    assert second.get_attribute("aria-pressed") == "true" and browser.execute_script(PICKED)
    marks = browser.find_elements("css selector", "#figure-classes svg.w640 .dots")
    picked = [mark for mark in marks if "picked" in mark.get_attribute("class").split()]
    assert 0 < len(picked) < len(marks)
    assert all("k1" in mark.get_attribute("class").split() for mark in picked)
    (name, *_) = browser.find_elements("css selector", "#figure-classes svg.w640 text.k2")
    name.click()
    assert [b.get_attribute("aria-pressed") for b in (first, second, third)] == [
        "false", "false", "true",
    ]  # fmt: skip
    third.click()
    assert browser.execute_script(PICKED) == []


LABELS = """return [...document.querySelectorAll('#figure-classes svg')]
  .filter((svg) => svg.getClientRects().length)
  .map((svg) => [svg, ...svg.querySelectorAll('text')].map((mark) => {
    const box = mark.getBoundingClientRect();
    return [box.left, box.top, box.right, box.bottom];
  }))"""


@pytest.mark.parametrize("width", [1280, 768, 390, 320])
def test_names_on_the_map_neither_overlap_nor_leave_it(
    browser: Browser, drawn_page: Path, width: int
) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 720, "deviceScaleFactor": 1, "mobile": False},
    )
    browser.get(drawn_page.as_uri())
    assert browser.execute_script(OVERFLOWING) <= 0
    ((field, *boxes),) = browser.execute_script(LABELS)
    assert len(boxes) == len(CLASSES) + 1
    for place, one in enumerate(boxes):
        assert field[0] <= one[0] and one[2] <= field[2] + 0.5 and one[3] <= field[3] + 0.5
        for other in boxes[:place]:
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] + 4
            assert apart or other[3] <= one[1] + 4
