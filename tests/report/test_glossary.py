"""Terms are explained in plain words, one click from where they stand."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from headless_browser import Browser
from vestry.report.glossary import GLOSSARY


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


def test_the_first_mention_in_each_part_is_linked_and_names_are_not(
    browser: Browser, study_page: Callable[[str], Path]
) -> None:
    browser.get(study_page("default").as_uri())
    folded = "return document.querySelectorAll('.fold a.term').length"
    assert browser.execute_script(folded) == 0
    browser.execute_async_script(
        "document.querySelectorAll('.fold').forEach(fold => { fold.open = true; }); "
        "setTimeout(arguments[0], 200)"
    )
    assert browser.execute_script(folded) > 20
    twice, inside = browser.execute_script(
        "const twice = []; document.querySelectorAll('.fold').forEach(fold => { const hrefs = "
        "[...fold.querySelectorAll('a.term')].map(link => link.hash); "
        "if (new Set(hrefs).size < hrefs.length) twice.push(fold.id); }); "
        "return [twice, document.querySelectorAll("
        "':is(a, b, button, code, h2, summary, svg, td, th) a.term').length]"
    )
    assert twice == [] and inside == 0
    assert browser.get_log("browser") == []
