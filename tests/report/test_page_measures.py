"""The page as a reader has it: the answer at a glance, its length, and what is in nobody's way.

Measured in a browser on whole made-up studies. `benchmarks/pages.py` prints the same as a table.
"""

from collections.abc import Callable
from pathlib import Path

import example
import pytest
from made_pages import GLANCED_AT, MEASURED, made_study
from test_runs_page import made as made_comparison

import page_measures as measures
from headless_browser import Browser
from planted_images import planted_npz
from vestry.report.formatting import with_interval
from vestry.report.models import models_by_rank
from vestry.report.runs_page import render_runs
from vestry.schema.run_comparison import RunComparison

Pages = Callable[[str], Path]
MOST_WORDS, MOST_SCREENS = 1200, 8
EVIDENCE = {
    "clear": "The evidence is clear",
    "level": "within",
    "too_few": "Too few images to choose",
    "leaked": "No test figure holds",
}


def shown(browser: Browser, page: Path) -> Browser:
    """As `measures.opened`; where the page is still there as it came, it is not loaded again."""
    if browser.current_url != page.as_uri() or not browser.execute_script("return window.asItCame"):
        measures.opened(browser, page.as_uri())
        browser.execute_script("window.asItCame = true")
    measures.resize(browser, measures.SCREEN)
    measures.wish(browser)
    browser.execute_script("scrollTo(0, 0)")
    return browser


# In this scope pytest runs all tests of one page before the next.


@pytest.mark.parametrize("name", GLANCED_AT, scope="module")
def test_the_answer_is_seen_in_five_seconds(browser: Browser, study_page: Pages, name: str) -> None:
    """The three largest texts of the first screen are the model, its accuracy with interval and how
    strong the evidence is."""
    shown(browser, study_page(name))
    found = made_study(name)[0]["decision"]
    results = example.typed(made_study(name)[0])
    model = next(m for m in models_by_rank(results) if m.name == found["recommended"])
    low, high = model.entry.intervals.test["accuracy"]
    texts = [text for _, text in measures.largest_texts(browser)]
    figure = with_interval(model.entry.scores.test.accuracy, low, high)
    if (choosing := results.what_choosing_gives) is not None:
        figure = choosing.figure
    evidence = EVIDENCE["leaked" if name == "leak" else found["evidence"]]
    for words in (model.name, figure, evidence):
        assert any(words in text for text in texts), (words, texts)


@pytest.mark.parametrize("name", MEASURED | GLANCED_AT, scope="module")
def test_the_first_screen_is_no_wall(browser: Browser, study_page: Pages, name: str) -> None:
    shown(browser, study_page(name))
    assert measures.first_screen_words(browser) <= 60
    bottom = browser.execute_script(
        "return document.querySelector('#answer').getBoundingClientRect().bottom"
    )
    assert bottom <= measures.SCREEN[1]


def test_on_a_phone_the_answer_is_read_on_two_screens(browser: Browser, study_page: Pages) -> None:
    measures.opened(browser, study_page("default").as_uri(), measures.PHONE)
    bottom = browser.execute_script(
        "return document.querySelector('#answer').getBoundingClientRect().bottom"
    )
    assert bottom <= 2 * measures.PHONE[1]


@pytest.mark.parametrize("name", MEASURED, scope="module")
def test_a_page_is_short_until_it_is_opened(browser: Browser, study_page: Pages, name: str) -> None:
    """However many models and classes there are: these make figures and tables longer alone."""
    shown(browser, study_page(name))
    assert measures.prose_words(browser) <= MOST_WORDS
    assert measures.words_before_figure(browser) <= 100
    assert measures.screens(browser) <= MOST_SCREENS
    assert measures.screens(browser, measures.PHONE) <= 2.5 * MOST_SCREENS


def test_the_default_page_is_short(browser: Browser, study_page: Pages) -> None:
    shown(browser, study_page("default"))
    assert measures.words(browser) <= MOST_WORDS
    assert measures.screens(browser) <= MOST_SCREENS


def test_the_default_page_weighs_at_most_three_megabytes(study_page: Pages) -> None:
    assert study_page("default").stat().st_size <= 3_000_000


@pytest.mark.parametrize(
    "name", ["default", "twelve models", "hundred classes", "leak"], scope="module"
)
def test_the_chapters_that_answer_are_printed_on_two_pages(
    browser: Browser, study_page: Pages, name: str
) -> None:
    shown(browser, study_page(name))
    assert measures.pages_of(measures.printed(browser)) <= 2
    size, text = measures.smallest_print(browser)
    assert size >= 9, text


@pytest.fixture(scope="module", params=MEASURED)
def opened_page(request: pytest.FixtureRequest, browser: Browser, study_page: Pages) -> Browser:
    """A study's page with everything open; pytest runs all tests of one page before the next."""
    measures.opened(browser, study_page(request.param).as_uri())
    measures.open_all(browser)
    return browser


def test_nothing_is_wider_than_the_window(opened_page: Browser) -> None:
    found = {width: measures.overflow(opened_page, width) for width in measures.WIDTHS}
    assert {width: over for width, over in found.items() if over[0] > 0} == {}


def test_labels_of_figures_are_apart_whole_and_inside(opened_page: Browser) -> None:
    found = {width: measures.label_faults(opened_page, width) for width in measures.LABEL_WIDTHS}
    assert {width: faults for width, faults in found.items() if faults} == {}


def test_every_id_is_unique_and_every_reference_leads_somewhere(opened_page: Browser) -> None:
    assert measures.id_faults(opened_page) == []


def test_targets_can_be_tapped(opened_page: Browser) -> None:
    assert measures.small_targets(opened_page) == []


# axe-core, of which most rules are the same in light and dark.


MOST_BELOW_AAA = 10


def test_axe_finds_nothing_in_a_report(browser: Browser, study_page: Pages) -> None:
    """Of few models and classes: axe-core takes minutes on every word of a large one."""
    found_by_axe(browser, study_page("all in little"))


@pytest.mark.parametrize("kind", ["figure", "table"])
def test_axe_finds_nothing_in_an_open_menu(browser: Browser, study_page: Pages, kind: str) -> None:
    """Menus lie over what is below them, so that they are opened one at a time."""
    measures.opened(browser, study_page("all in little").as_uri())
    browser.execute_script(
        "document.querySelector(`#answer ~ section .${arguments[0]} .menu`).open = true", kind
    )
    assert measures.axe_faults(browser, within=".menu[open]") == ([], 0)


def test_axe_finds_nothing_in_a_comparison_of_runs(browser: Browser, tmp_path: Path) -> None:
    results = made_comparison({"A": 3.0, "B": 1.0}, {"A": 0.5, "C": 0.2})
    page = tmp_path / "compare.html"
    page.write_text(render_runs(RunComparison.model_validate(results), "compare.json"))
    found_by_axe(browser, page)
    in_nobodys_way(browser)


def test_axe_finds_nothing_in_a_look_at_data(browser: Browser, tmp_path: Path, vestry) -> None:
    planted_npz(tmp_path / "planted.npz")
    done = vestry("explore", "npz:planted.npz", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (page,) = tmp_path.rglob("explore.html")
    found_by_axe(browser, page)
    in_nobodys_way(browser)


def found_by_axe(browser: Browser, page: Path) -> None:
    for scheme in ("light", "dark"):
        measures.opened(browser, page.as_uri(), scheme=scheme)
        measures.open_all(browser)
        faults, below_aaa = measures.axe_faults(browser, only_contrast=scheme == "dark")
        assert faults == [], scheme
        assert below_aaa <= MOST_BELOW_AAA, scheme


def in_nobodys_way(browser: Browser) -> None:
    """The page that is open."""
    test_every_id_is_unique_and_every_reference_leads_somewhere(browser)
    test_targets_can_be_tapped(browser)
    test_nothing_is_wider_than_the_window(browser)
    test_labels_of_figures_are_apart_whole_and_inside(browser)
