"""Terms are explained in plain words, one click from where they stand."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from headless_browser import Browser
from vestry.report.glossary import GLOSSARY, explained


@pytest.mark.parametrize("key", GLOSSARY)
def test_two_plain_sentences(key: str) -> None:
    text = GLOSSARY[key].text
    assert re.fullmatch(r"[a-z0-9-]+", key)
    assert len(re.findall(r"[.?](?= |$)", text)) == 2, text
    assert len(text.split()) <= 60
    assert not GLOSSARY[key].name[0].islower()


def test_no_phrase_means_two_things() -> None:
    phrases = [phrase for term in GLOSSARY.values() for phrase in term.phrases]
    assert len(phrases) == len(set(phrases))


def test_the_first_mention_is_linked_and_the_longest_phrase_wins() -> None:
    assert explained("90%, 95% interval, no significant difference; a 95% interval") == (
        '90%, <a class="term" href="#term-interval">95% interval</a>, '
        '<a class="term" href="#term-significant">no significant difference</a>; a 95% interval'
    )


def test_names_links_and_code_stay_as_they_are() -> None:
    text = Markup('<b class="name">Pareto front</b> <a href="#x">log scale</a> log loss')
    assert explained(text) == (
        '<b class="name">Pareto front</b> <a href="#x">log scale</a> '
        '<a class="term" href="#term-log-loss">log loss</a>'
    )


@given(st.text(max_size=60))
def test_no_text_becomes_a_mark_of_the_page(text: str) -> None:
    made = explained(f"{text} 95% interval <script>")
    assert "<script" not in made
    assert made.striptags() == " ".join(f"{text} 95% interval <script>".split())


def test_every_link_leads_to_a_term_and_shows_it(
    browser: Browser, study_page: Callable[[str], Path]
) -> None:
    browser.get(study_page("default").as_uri())
    hrefs = browser.execute_script(
        "return [...document.querySelectorAll('a.term')].map(link => link.hash)"
    )
    assert len(hrefs) >= 3
    for href in set(hrefs):
        assert browser.find_elements(By.CSS_SELECTOR, f"#glossary {href}"), href
    first = browser.find_element(By.CSS_SELECTOR, "a.term")
    first.click()
    shown = browser.find_element(By.ID, "term-meaning")
    key = hrefs[0].removeprefix("#term-")
    assert shown.is_displayed() and GLOSSARY[key].text in shown.text
    assert browser.execute_script("return location.hash") == ""
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not shown.is_displayed() and browser.switch_to.active_element == first
    first.click()
    shown.find_element(By.TAG_NAME, "a").click()
    assert browser.find_element(By.ID, "glossary").get_attribute("open") is not None


def test_without_scripts_a_term_leads_to_the_list(
    browser: Browser, study_page: Callable[[str], Path]
) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(study_page("default").as_uri())
        link = browser.find_element(By.CSS_SELECTOR, "a.term")
        link.click()
        assert browser.current_url.endswith(f"#{link.get_attribute('href').split('#')[1]}")
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
