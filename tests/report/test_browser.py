"""The page in a real browser: what a reader clicks, presses and sees."""

from pathlib import Path

import example
import example_search
import numpy as np
import pytest
from example_explanations import add_explanations
from example_robustness import TRUTH, add_robustness
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from headless_browser import OVERFLOWING, PAINTED, Browser, contrast
from made_corruptions import made_predictions
from vestry.report.page import write_report
from vestry.storage.run_folder import RunFolder


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page whose sheet is larger than the 2 MB that trip some browsers."""
    plan = example.Plan(
        rows={"training": 4000, "validation": 2000, "test": 5000}, image_shape=(40, 40)
    )
    results, images = example_search.build(plan)
    shape = images["images"].shape
    noise = np.random.default_rng(3).integers(0, 256, size=shape, dtype=np.uint8)
    run = example.write(
        tmp_path_factory.mktemp("run"), results, {"ids": images["ids"], "images": noise}
    )
    return write_report(RunFolder(run))


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of twelve models with long names, and everything that a page may have of them."""
    names = [f"A member with a long name, {n}" for n in range(1, 12)]
    plan = example.Plan(
        strengths={name: 2.5 + 0.15 * n for n, name in enumerate(names)},
        networks=tuple(names),
        committee=tuple(names),
        seeds={names[0]: 3},
    )
    results, images = example.build(plan)
    add_explanations(results)
    add_robustness(
        results,
        {n: made_predictions(TRUTH, 0.8, 0.7 - k / 50, seed=k) for k, n in enumerate(names)},
    )
    return write_report(
        RunFolder(example.write(tmp_path_factory.mktemp("crowded"), results, images))
    )


def resize(browser: Browser, width: int, height: int = 900) -> None:
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def prefer(browser: Browser, **features: str) -> None:
    named = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": named})


def opened(browser: Browser, page: Path, width: int = 1280, scheme: str = "light") -> Browser:
    browser.get_log("browser")
    browser.get_log("performance")
    resize(browser, width)
    prefer(browser, prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
    browser.get(page.as_uri())
    browser.execute_script("localStorage.clear()")
    browser.get(page.as_uri())
    return browser


def test_no_errors_and_no_requests(browser: Browser, report: Path) -> None:
    opened(browser, report)
    assert browser.get_log("browser") == []
    asked = [row["message"] for row in browser.get_log("performance")]
    urls = [m for m in asked if '"Network.requestWillBeSent"' in m and '"url":"http' in m]
    assert urls == []


def test_pictures_are_drawn(browser: Browser, report: Path) -> None:
    opened(browser, report)
    drawn = browser.execute_script(
        "return [...document.querySelectorAll('.thumb')].slice(-9).map(thumb => "
        "getComputedStyle(thumb).backgroundImage.startsWith('url(\"data:image/png'))"
    )
    assert len(drawn) == 9 and all(drawn)
    assert report.stat().st_size > 3_000_000


@pytest.mark.parametrize("width", [360, 560, 800, 1280, 1920])
def test_nothing_is_wider_than_the_window(browser: Browser, report: Path, width: int) -> None:
    opened(browser, report, width)
    for details in browser.find_elements(By.CSS_SELECTOR, "details"):
        browser.execute_script("arguments[0].open = true", details)
    assert browser.execute_script(OVERFLOWING) <= 0


@pytest.mark.parametrize("width", [360, 1280])
def test_twelve_models_do_not_break_a_phone(browser: Browser, crowded: Path, width: int) -> None:
    test_nothing_is_wider_than_the_window(browser, crowded, width)


def test_a_click_on_a_cell_shows_its_images(browser: Browser, report: Path) -> None:
    opened(browser, report)
    area = browser.find_element(By.CSS_SELECTOR, ".confusion")
    for cell in area.find_elements(By.CSS_SELECTOR, "[data-cell]")[:3]:
        cell.click()
        count = int(cell.get_attribute("data-count"))
        shown = area.find_element(By.CSS_SELECTOR, ".shown")
        truth, said = cell.get_attribute("data-truth"), cell.get_attribute("data-said")
        assert shown.find_element(By.TAG_NAME, "h3").text == f"{truth} taken for {said}"
        assert len(shown.find_elements(By.CSS_SELECTOR, ".thumb")) == min(count, 40)
        assert cell.get_attribute("aria-pressed") == "true"
    assert len(area.find_elements(By.CSS_SELECTOR, "[aria-pressed=true]")) == 1


def test_arrow_keys_and_enter_work_in_the_matrix(browser: Browser, report: Path) -> None:
    opened(browser, report)
    area = browser.find_element(By.CSS_SELECTOR, ".confusion")
    first = area.find_element(By.CSS_SELECTOR, "[data-cell][tabindex='0']")
    browser.execute_script("arguments[0].focus()", first)
    browser.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    browser.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    chosen = browser.switch_to.active_element
    assert chosen != first
    readout = area.find_element(By.CSS_SELECTOR, ".readout").text
    truth, said = chosen.get_attribute("data-truth"), chosen.get_attribute("data-said")
    assert readout.startswith(f"{truth} taken for {said}: ")
    chosen.send_keys(Keys.ENTER)
    assert area.find_element(By.CSS_SELECTOR, ".shown h3").text == f"{truth} taken for {said}"


def test_tabs_show_one_model_at_a_time(browser: Browser, report: Path) -> None:
    opened(browser, report)
    group = browser.find_element(By.CSS_SELECTOR, "#mistakes [data-tabs]")
    tabs = group.find_elements(By.CSS_SELECTOR, "[role=tab]")
    tabs[2].click()
    visible = [p for p in group.find_elements(By.CSS_SELECTOR, ".panel") if p.is_displayed()]
    assert [panel.get_attribute("data-name") for panel in visible] == [tabs[2].text]
    tabs[2].send_keys(Keys.ARROW_RIGHT)
    assert tabs[3].get_attribute("aria-selected") == "true"
    assert browser.switch_to.active_element == tabs[3]


def test_contents_name_every_section(browser: Browser, report: Path) -> None:
    opened(browser, report)
    named = [a.get_attribute("hash") for a in browser.find_elements(By.CSS_SELECTOR, ".contents a")]
    sections = browser.find_elements(By.CSS_SELECTOR, "main > section")
    assert named == [f"#{section.get_attribute('id')}" for section in sections]


@pytest.mark.parametrize("width", [360, 1280])
def test_labels_of_figures_are_on_the_page(browser: Browser, report: Path, width: int) -> None:
    opened(browser, report, width)
    chosen = "#search .plot span, #search .parallel span, .sizes span, .strips span"
    outside = browser.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map(e => [e.textContent, "
        "e.getBoundingClientRect()]).filter(([_, box]) => box.left < 0 || "
        "box.right > document.documentElement.clientWidth + 0.5).map(([text]) => text)",
        chosen,
    )
    assert outside == []


def test_searches_have_tabs_of_their_own(browser: Browser, report: Path) -> None:
    opened(browser, report)
    group = browser.find_element(By.CSS_SELECTOR, "#search [data-tabs]")
    first, second = group.find_elements(By.CSS_SELECTOR, "[role=tab]")
    assert len(group.find_elements(By.CSS_SELECTOR, ".panel .parallel")) == 2
    second.click()
    visible = [p for p in group.find_elements(By.CSS_SELECTOR, ".parallel") if p.is_displayed()]
    assert len(visible) == 1 and first.get_attribute("aria-selected") == "false"


def test_light_and_dark_are_remembered(browser: Browser, report: Path) -> None:
    opened(browser, report)
    light = browser.execute_script(PAINTED)
    button = browser.find_element(By.ID, "theme")
    assert button.text == "Dark"
    button.click()
    dark = browser.execute_script(PAINTED)
    assert dark != light
    browser.refresh()
    assert browser.execute_script(PAINTED) == dark
    assert browser.find_element(By.ID, "theme").text == "Light"
    assert opened(browser, report, scheme="dark").execute_script(PAINTED) == dark


def test_text_stands_out_in_both_themes(browser: Browser, report: Path) -> None:
    for scheme in ("light", "dark"):
        opened(browser, report, scheme=scheme)
        for one, other in (("--ink", "--paper"), ("--quiet", "--paper"), ("--accent", "--paper"),
                           ("--quiet", "--raised"), ("--warn-ink", "--warn-paper"),
                           ("--c1", "--paper")):  # fmt: skip
            assert contrast(browser, one, other) >= 4.5, (scheme, one, other)
        for series in range(6):
            assert contrast(browser, f"--c{series}", "--paper") >= 3, (scheme, series)


def test_everything_that_matters_is_there_without_scripts(browser: Browser, report: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        resize(browser, 360)
        browser.get(report.as_uri())
        panels = browser.find_elements(By.CSS_SELECTOR, "#mistakes .panel")
        assert len(panels) == 6 and all(panel.is_displayed() for panel in panels)
        assert not browser.find_element(By.ID, "theme").is_displayed()
        panels[1].find_element(By.TAG_NAME, "summary").click()
        assert panels[1].find_element(By.CSS_SELECTOR, ".shown .thumb").is_displayed()
        assert browser.find_element(By.CSS_SELECTOR, "#learning .plot").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_print_opens_what_is_closed(browser: Browser, report: Path) -> None:
    opened(browser, report)
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert browser.find_elements(By.CSS_SELECTOR, "details:not([open])") == []
    browser.execute_script("dispatchEvent(new Event('afterprint'))")
    assert browser.find_elements(By.CSS_SELECTOR, "details:not([open])") != []
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    panels = browser.find_elements(By.CSS_SELECTOR, "#mistakes .panel")
    assert all(panel.is_displayed() for panel in panels)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_hostile_names_run_nothing(browser: Browser, tmp_path: Path) -> None:
    name = '</script><img src=x onerror="window.struck=1">\'&'
    plan = example.Plan(
        classes=(name, *example.FASHION[1:]),
        strengths={name + "m": 2.0, "B": 2.0},
        networks=(name + "m",),
        committee=(name + "m", "B"),
    )
    page = write_report(RunFolder(example.write(tmp_path, *example.build(plan))))
    opened(browser, page)
    cell = browser.find_element(By.CSS_SELECTOR, "[data-cell]")
    cell.click()
    shown = browser.find_element(By.CSS_SELECTOR, ".shown h3").text
    assert shown.startswith(name)
    assert browser.execute_script("return window.struck") is None
    assert browser.find_elements(By.TAG_NAME, "img") == []
    assert browser.get_log("browser") == []
