"""The slider in a real browser: accuracy wanted, share of the test images answered."""

from collections.abc import Callable
from pathlib import Path

import example
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from headless_browser import Browser
from vestry.report.page import write_report
from vestry.report.sections.abstention import Wanted, abstention_data, share_answered
from vestry.storage.run_folder import RunFolder

SHOWN = """
const svg = [...document.querySelectorAll('#figure-answered .drawings > svg')]
  .find((one) => one.getClientRects().length);
const box = svg.querySelector('.frame').getBBox(), dot = svg.querySelector('.pointer');
return [(dot.cx.baseVal.value - box.x) / box.width,
        1 - (dot.cy.baseVal.value - box.y) / box.height];
"""


@pytest.fixture(scope="module")
def wanted() -> Wanted:
    found = abstention_data(example.typed(example.build()[0]))
    assert found is not None and found.wanted is not None
    return found.wanted


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(RunFolder(example.write(tmp_path_factory.mktemp("run"), *example.build())))


@pytest.mark.parametrize("key", [None, Keys.ARROW_RIGHT, Keys.ARROW_LEFT, Keys.HOME, Keys.END])
def test_keys_move_the_slider_its_words_and_its_point(
    browser: Browser, report: Path, wanted: Wanted, key: str | None
) -> None:
    browser.get(report.as_uri())
    slider = browser.find_element(By.ID, "accuracy-wanted")
    if key:
        slider.send_keys(key)
    now = {
        None: wanted.start, Keys.ARROW_RIGHT: wanted.start + 1, Keys.ARROW_LEFT: wanted.start - 1,
        Keys.HOME: wanted.least, Keys.END: wanted.most,
    }[key]  # fmt: skip
    accuracy = now / 1000
    share = share_answered(wanted.points, accuracy)
    assert share is not None
    said = f"{100 * accuracy:.1f}% right: {100 * share:.0f}% answered"
    assert browser.find_element(By.ID, "share-answered").text == said
    assert slider.get_attribute("aria-valuetext") == said
    across, upwards = browser.execute_script(SHOWN)
    assert across == pytest.approx(share, abs=0.005)
    assert upwards == pytest.approx(wanted.axis.place(accuracy), abs=0.005)
    assert [entry["message"] for entry in browser.get_log("browser")] == []


def test_the_pages_picker_moves_the_slider_and_the_figures_of_confidence(
    browser: Browser, report: Path
) -> None:
    browser.get(report.as_uri())
    picker = Select(browser.find_element(By.ID, "model"))
    first = picker.first_selected_option.text
    other = next(o.text for o in picker.options if o.text not in (first, example.COMMITTEE))
    drawn = "return [...document.querySelectorAll('.trust figure')].filter(f => f.checkVisibility()"
    drawn += " && /figure-(reliability|claimed)/.test(f.id)).map(f => f.innerText)"
    (before,) = browser.execute_script(drawn)
    picker.select_by_visible_text(other)
    (after,) = browser.execute_script(drawn)
    assert first in before and other in after and other not in before.split("\n")[0]
    assert browser.find_element(By.ID, "wanted-of").text == other
    assert f"model={other}" in browser.current_url
    picker.select_by_visible_text(first)
    assert browser.execute_script(drawn) == [before]
    assert browser.find_element(By.ID, "wanted-of").text == first


FOLLOWED = """
const own = `of-${document.getElementById('model').selectedOptions[0].dataset.series}`;
const told = (marks) => [...marks].map((mark) => mark.classList.contains(own));
const figures = [...document.querySelectorAll('figure')].filter(
  (figure) => figure.querySelector(`.line.${own}`));
const parts = [...document.querySelectorAll('[data-follows]')].map((group) =>
  [...group.querySelectorAll(':scope > .part')]);
return [
  Object.fromEntries(figures.map((figure) =>
    [figure.id, told(figure.querySelectorAll("[class*=' of-']:is(.strong, .bold)"))])),
  parts.map((of) => of.map((part) => [part.dataset.of, part.open])),
];
"""


def test_the_picked_model_stands_out_of_every_figure_and_its_parts_stand_open(
    browser: Browser, study_page: Callable[[str], Path]
) -> None:
    browser.get(study_page("all in little").as_uri())
    picker = Select(browser.find_element(By.ID, "model"))
    followed, lists = set(), 0
    for option in picker.options:
        picker.select_by_visible_text(option.text)
        marks, parts = browser.execute_script(FOLLOWED)
        assert all(own and all(own) for own in marks.values()), (option.text, marks)
        followed |= set(marks)
        for group in parts:
            if option.get_attribute("value") in dict(group):
                lists += 1
                assert [of for of, is_open in group if is_open] == [option.get_attribute("value")]
    assert followed >= {"figure-answered", "figure-epochs-loss", "figure-epochs-accuracy"}
    assert lists >= 4
