"""Pages on paper, and in the colours that a reader's system forces."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from headless_browser import Browser

_A4 = {"paperWidth": 8.27, "paperHeight": 11.69, "preferCSSPageSize": True}
_SMALLEST = """
const small = {};
const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const mark = walker.currentNode.parentElement;
  if (!walker.currentNode.textContent.trim() || !mark.getClientRects().length) continue;
  const svg = mark.closest("svg");
  const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
  const size = parseFloat(getComputedStyle(mark).fontSize) * scale * 0.75;
  if (size < 8.99) small[`${mark.tagName} in ${mark.closest("[id]").id}`] = size;
}
return small;
"""


@pytest.fixture
def page(browser: Browser, study_page: Callable[[str], Path]) -> Iterator[Browser]:
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.get(study_page("default").as_uri())
    yield browser
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def printed(page: Browser) -> bytes:
    asked = _A4 | {"printBackground": True, "generateDocumentOutline": True}
    return base64.b64decode(page.execute_cdp_cmd("Page.printToPDF", asked)["data"])


def pages_of(pdf: bytes) -> int:
    return pdf.count(b"/Type /Page\n")


def on_paper(page: Browser) -> None:
    """As wide as a printed page is between its margins."""
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    size = {"width": 718, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def shown(page: Browser) -> list[str]:
    found: list[str] = page.execute_script(
        "return [...document.querySelectorAll('main > section, .fold')].filter(part => "
        "part.getClientRects().length).map(part => part.id)"
    )
    return found


ANSWER = ["answer", "compare", "committee", "failures", "trust"]


def test_the_answer_is_two_pages_in_nine_points_on_white(page: Browser) -> None:
    pdf = printed(page)
    assert pages_of(pdf) == 2
    assert b"/Outlines" in pdf
    on_paper(page)
    assert shown(page) == ANSWER
    assert page.execute_script(_SMALLEST) == {}
    paint = "return getComputedStyle(document.body).backgroundColor"
    assert page.execute_script(paint) == "rgb(255, 255, 255)"


def test_what_a_reader_has_opened_is_printed_too(page: Browser) -> None:
    page.execute_script("document.getElementById('glossary').open = true")
    on_paper(page)
    assert shown(page) == [*ANSWER, "made", "glossary"]


def test_everything_is_printed_on_request_and_closed_again(page: Browser) -> None:
    page.execute_script("window.print = () => { window.asked = true; }")
    folds = [fold.get_attribute("id") for fold in page.find_elements(By.CSS_SELECTOR, ".fold")]
    page.execute_script("document.querySelector('[data-print=all]').click()")
    assert page.execute_script("return window.asked") is True
    on_paper(page)
    assert set(folds) < set(shown(page)) and {"data", "made"} < set(shown(page))
    page.execute_script("dispatchEvent(new Event('afterprint'))")
    assert shown(page) == ANSWER
    assert not page.find_elements(By.CSS_SELECTOR, ".fold[open]")


def test_forced_colours_keep_whiskers_and_bars(page: Browser) -> None:
    features = [{"name": "forced-colors", "value": "active"}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": features})
    lost = page.execute_script(
        "const paper = getComputedStyle(document.body).backgroundColor; const lost = []; "
        "document.querySelectorAll('.drawings .whisker-line, .drawings .dot, .drawings .line, "
        ".drawings .won, .drawings .lost, .drawings .marker, .drawings text').forEach(mark => { "
        "const { fill, stroke } = getComputedStyle(mark); "
        "if ([fill, stroke].every(colour => colour === 'none' || colour === paper)) "
        "lost.push(mark.getAttribute('class')); }); return [...new Set(lost)];"
    )
    assert lost == []
