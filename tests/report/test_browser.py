"""The page in a real browser: what a reader clicks, presses and sees."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import example
import example_search
import numpy as np
import pytest
from example_explanations import add_explanations
from example_robustness import TRUTH, add_robustness
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from headless_browser import OVERFLOWING, PAINTED, Browser, contrast
from made_corruptions import made_predictions
from vestry.report.page import write_report
from vestry.schema.reading import read_results
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


def test_the_policy_takes_no_style_or_script_but_the_pages_own(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', text)
    assert "unsafe" not in policy and "default-src 'none'" in policy
    assert not re.search(r"<[^>]* style=", text) and not re.search(r"<[^>]* on\w+=", text)


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


def chapter(browser: Browser, page: Path, width: int = 1280) -> Browser:
    """The page at the chapter on failures, with everything in it open."""
    opened(browser, page, width)
    folds = "[...document.querySelectorAll('#failures details:not(.menu)')]"
    browser.execute_script(f"{folds}.forEach(fold => {{ fold.open = true; }})")
    return browser


def shown(browser: Browser) -> list[dict[str, str]]:
    """The gallery's pictures: what was said, what is true."""
    return [
        {"said": one.find_element(By.TAG_NAME, "b").text,
         "truth": one.find_element(By.CSS_SELECTOR, ".truth").text.removeprefix("is ")}
        for one in browser.find_elements(By.CSS_SELECTOR, "#gallery-list button")
    ]  # fmt: skip


def text(browser: Browser, name: str) -> str:
    return str(browser.find_element(By.ID, name).text)


def choose(browser: Browser, name: str, option: str) -> None:
    Select(browser.find_element(By.ID, name)).select_by_visible_text(option)


def place_in(browser: Browser) -> str:
    """What stands behind the address's `#`."""
    return unquote(str(browser.execute_script("return location.hash.slice(1)")))


def cell(browser: Browser, measure: str, label: int, series: int) -> Any:
    """The heat map's cell of a class and a model, in the drawing that is seen."""
    chosen = f"#figure-class-{measure} .heat.at-{label}-{series}"
    return next(c for c in browser.find_elements(By.CSS_SELECTOR, chosen) if c.is_displayed())


def test_a_cell_of_the_heat_map_chooses_model_and_class(browser: Browser, report: Path) -> None:
    chapter(browser, report)
    names = {
        o.get_attribute("value"): o.text
        for o in Select(browser.find_element(By.ID, "model")).options
    }
    cell(browser, "recall", 6, 2).click()
    assert text(browser, "gallery-title") == f"“Shirt” taken for another class: {names['m2']}"
    assert {one["truth"] for one in shown(browser)} == {"Shirt"}
    assert place_in(browser) == f"failures&model={names['m2']}"
    browser.find_element(By.CSS_SELECTOR, "#measure input[value='figure-class-precision']").click()
    assert not browser.find_element(By.ID, "figure-class-recall").is_displayed()
    cell(browser, "precision", 4, 2).click()
    assert text(browser, "gallery-title") == f"Wrongly called “Coat”: {names['m2']}"
    assert {one["said"] for one in shown(browser)} == {"Coat"}


def test_the_gallery_is_bounded_and_says_how_many(browser: Browser, report: Path) -> None:
    chapter(browser, report)
    results = read_results(report.parent / "results.json")
    assert len(shown(browser)) == 8
    wrong = sum(
        c.count
        for c in results.models[
            Select(browser.find_element(By.ID, "model")).first_selected_option.text
        ].mistakes.cells
    )
    assert text(browser, "gallery-count").startswith(f"8 of {wrong} mistakes")
    browser.find_element(By.ID, "gallery-more").click()
    assert len(shown(browser)) == 32
    assert (
        browser.switch_to.active_element
        == browser.find_elements(By.CSS_SELECTOR, "#gallery-list button")[8]
    )
    choose(browser, "gallery-truth", "Shirt")
    choose(browser, "gallery-said", "Coat")
    assert {(one["truth"], one["said"]) for one in shown(browser)} == {("Shirt", "Coat")}
    assert len(shown(browser)) <= 8
    choose(browser, "gallery-said", "Shirt")
    assert shown(browser) == [] and text(browser, "gallery-count") == "No such mistake."


def test_a_picture_opens_what_is_known_of_it(browser: Browser, report: Path) -> None:
    chapter(browser, report)
    first, second = browser.find_elements(By.CSS_SELECTOR, "#gallery-list button")[:2]
    first.send_keys(Keys.ENTER)
    panel = browser.find_element(By.ID, "image")
    assert panel.is_displayed() and first.get_attribute("title") in panel.text
    models = Select(browser.find_element(By.ID, "model")).options
    rows = panel.find_elements(By.CSS_SELECTOR, "tbody tr")
    assert [row.find_element(By.TAG_NAME, "th").text for row in rows] == [o.text for o in models]
    assert "wrong" in rows[0].text and panel.find_element(By.CSS_SELECTOR, ".thumb").is_displayed()
    browser.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert second.get_attribute("title") in panel.text
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not panel.is_displayed() and browser.switch_to.active_element == first


def test_a_panel_shows_neighbours_and_maps_where_they_are_stored(
    browser: Browser, crowded: Path
) -> None:
    opened(browser, crowded)
    found = read_results(crowded.parent / "results.json").explanations
    name, entry = next((n, e) for n, e in (found or {}).items() if e.nearest)
    choose(browser, "model", name)
    mistake = entry.nearest[0]
    browser.find_element(By.CSS_SELECTOR, f"#gallery-list button[title='{mistake.id}']").click()
    panel = browser.find_element(By.ID, "image")
    for near in mistake.images:
        assert near.id in panel.text
    assert (
        panel.find_elements(By.CSS_SELECTOR, ".thumb.map")
        or "Training images most like it" in panel.text
    )


def test_a_press_on_a_cell_of_the_matrix_fills_the_gallery(browser: Browser, report: Path) -> None:
    chapter(browser, report)
    area = next(a for a in browser.find_elements(By.CSS_SELECTOR, ".confusion") if a.is_displayed())
    for one in area.find_elements(By.CSS_SELECTOR, "[data-cell]")[:3]:
        one.click()
        words = one.get_attribute("aria-label").partition(":")[0]
        truth, _, said = words.partition(" taken for ")
        assert text(browser, "gallery-title").startswith(f"“{truth}” taken for “{said}”")
        assert {(c["truth"], c["said"]) for c in shown(browser)} == {(truth, said)}
        assert one.get_attribute("aria-pressed") == "true"
    assert len(area.find_elements(By.CSS_SELECTOR, "[aria-pressed=true]")) == 1
    browser.find_element(By.ID, "gallery-back").click()
    assert browser.switch_to.active_element == one


def test_arrow_keys_and_enter_work_in_the_matrix(browser: Browser, report: Path) -> None:
    chapter(browser, report)
    area = next(a for a in browser.find_elements(By.CSS_SELECTOR, ".confusion") if a.is_displayed())
    (first,) = area.find_elements(By.CSS_SELECTOR, "[data-cell][tabindex='0']")
    browser.execute_script("arguments[0].focus()", first)
    browser.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    browser.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    chosen = browser.switch_to.active_element
    assert chosen != first
    words = chosen.get_attribute("aria-label")
    assert area.find_element(By.CSS_SELECTOR, ".readout").text == words
    chosen.send_keys(Keys.ENTER)
    truth, _, said = words.partition(":")[0].partition(" taken for ")
    assert text(browser, "gallery-title").startswith(f"“{truth}” taken for “{said}”")
    assert browser.switch_to.active_element == chosen


PANELS = "[...document.querySelectorAll('[data-of-model]')]"
OF_MODELS = f"return [...new Set({PANELS}.filter(p => !p.hidden).map(p => p.dataset.ofModel))]"


def test_one_picker_is_for_the_whole_page_and_stands_in_the_address(
    browser: Browser, report: Path
) -> None:
    chapter(browser, report)
    picker = Select(browser.find_element(By.ID, "model"))
    usual = picker.first_selected_option.get_attribute("value")
    assert browser.execute_script(OF_MODELS) == [usual] and place_in(browser) == ""
    choose(browser, "model", "Linear")
    assert browser.execute_script(OF_MODELS) == ["m0"]
    assert place_in(browser) == "failures&model=Linear"
    assert text(browser, "gallery-title") == "Mistakes: Linear"
    browser.find_element(By.CSS_SELECTOR, ".bar a[href='#data']").click()
    WebDriverWait(browser, 5).until(lambda b: place_in(b) == "data&model=Linear")
    browser.refresh()
    assert browser.execute_script(OF_MODELS) == ["m0"]
    # An address of another model's panel, and the search of the browser, pick that model.
    browser.execute_script("location.hash = '#confusion-m1'")
    WebDriverWait(browser, 5).until(lambda b: b.execute_script(OF_MODELS) == ["m1"])
    assert browser.find_element(By.ID, "confusion-m1").is_displayed()
    browser.execute_script(
        "document.getElementById('classes-m2').dispatchEvent(new Event('beforematch'))"
    )
    assert browser.execute_script(OF_MODELS) == ["m2"]
    browser.get("about:blank")
    browser.get(f"{report.as_uri()}#analysis&model=no%20such%20model")
    assert browser.execute_script(OF_MODELS) == [usual]


def test_a_model_without_explanations_says_so_and_offers_others(
    browser: Browser, crowded: Path
) -> None:
    chapter(browser, crowded)
    choose(browser, "model", "Committee")
    note = browser.find_element(By.CSS_SELECTOR, "#explanation [data-otherwise]")
    assert note.is_displayed()
    note.find_element(By.TAG_NAME, "button").click()
    assert not note.is_displayed() and browser.execute_script(OF_MODELS) != ["m11"]


def test_two_matrices_are_set_against_each_other(browser: Browser, report: Path) -> None:
    chapter(browser, report)
    choose(browser, "model", "Linear")
    choose(browser, "other-model", "Forest")
    results = read_results(report.parent / "results.json")
    one, other = (results.models[n].scores.test.confusion for n in ("Linear", "Forest"))
    rows = browser.find_elements(By.CSS_SELECTOR, "#difference tbody tr")
    for row, ours, theirs in zip(rows, one, other, strict=True):
        told = browser.execute_script(
            "return [...arguments[0].querySelectorAll('td')].map(td => td.textContent)", row
        )
        assert [int(t.replace("\u2212", "-")) for t in told] == [
            a - b for a, b in zip(ours, theirs, strict=True)
        ]
    choose(browser, "other-model", "Linear")
    assert not browser.find_element(By.ID, "table-confusion-difference").is_displayed()


def test_contents_name_every_chapter(browser: Browser, report: Path) -> None:
    opened(browser, report)
    named = [a.get_attribute("hash") for a in browser.find_elements(By.CSS_SELECTOR, ".bar a")]
    sections = browser.find_elements(By.CSS_SELECTOR, "main > section")
    assert named == [f"#{section.get_attribute('id')}" for section in sections]


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
        for fold in ("mistakes", "analysis"):
            browser.find_element(By.CSS_SELECTOR, f"#{fold} > summary").click()
        panels = browser.find_elements(By.CSS_SELECTOR, "#mistakes .of-model, #analysis .of-model")
        assert len(panels) == 12 and all(panel.is_displayed() for panel in panels)
        maps = browser.find_elements(By.CSS_SELECTOR, "#failures > .figures > .figure")
        assert len(maps) == 3 and all(one.is_displayed() for one in maps)
        lists = browser.find_elements(By.CSS_SELECTOR, "#gallery .no-js .gallery")
        assert len(lists) == 6 and all(one.is_displayed() for one in lists)
        for name in ("theme", "model", "gallery-truth", "gallery-more", "measure", "other-model"):
            assert not browser.find_element(By.ID, name).is_displayed(), name
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_without_pictures_the_gallery_lists_ids(browser: Browser, tmp_path: Path) -> None:
    results, images = example.build(
        example.Plan(strengths={"A": 2.0, "B": 3.0}, networks=(), committee=())
    )
    none = {"ids": images["ids"][:0], "images": images["images"][:0]}
    opened(browser, write_report(RunFolder(example.write(tmp_path, results, none))))
    button = browser.find_element(By.CSS_SELECTOR, "#gallery-list button")
    assert button.get_attribute("title") in button.text
    button.click()
    assert button.get_attribute("title") in text(browser, "image")
    assert browser.get_log("browser") == []


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
    browser.execute_script("document.getElementById('mistakes').open = true")
    browser.find_element(By.CSS_SELECTOR, "[data-cell]").click()
    assert name in text(browser, "gallery-title")
    choose(browser, "model", "B")
    choose(browser, "other-model", name + "m")
    browser.find_element(By.CSS_SELECTOR, "#gallery-list button").click()
    assert name + "m" in text(browser, "image")
    assert browser.execute_script("return window.struck") is None
    assert browser.find_elements(By.TAG_NAME, "img") == []
    assert browser.get_log("browser") == []
