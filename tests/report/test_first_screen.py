"""The first screen is read at a glance, whatever a study is called and whatever went wrong."""

from itertools import product
from typing import Any

import example
import pytest

from vestry.report.sections import first_screen, first_screen_words
from vestry.report.sections.first_screen import MOST_WORDS, FirstScreen
from vestry.report.sections.first_screen_words import count_words

LONG = "A member that somebody gave a name with very many words in it, number"
TITLES = ["A first look", "Twelve words that a study may well be called by its maker"]
NAMES = [("Linear", "Forest"), (f"{LONG} 1", f"{LONG} 2")]
WARNINGS = [
    "ran on digits",
    "12 of 400 images could not be read. They are left out: `a.png`, `b.png` and 10 more",
    "This study asked for fashion-mnist and ran on digits instead: no network",
    "`one` " + "word after word without any end that a reader could stop at " * 3,
]


def screen_of(results: dict[str, Any]) -> FirstScreen:
    found = first_screen.SECTION.data(example.typed(results))
    assert isinstance(found, FirstScreen)
    return found


def read_at_once(found: FirstScreen, title: str) -> int:
    numbers = [f"{number.value} {number.of}" for number in found.numbers]
    said = [banner.said for banner in found.banners]
    said += [f"{len(found.more_banners)} more warnings"] if found.more_banners else []
    open_ = [] if found.is_folded else found.sentences
    fixed = [title, found.used, found.label, found.name or "", found.evidence]
    return count_words(*fixed, *numbers, *said, *open_)


@pytest.mark.parametrize("names", NAMES)
def test_at_most_sixty_words_stand_open_and_nothing_is_lost(names: tuple[str, ...]) -> None:
    rows = {"training": 300, "validation": 200, "test": 200}
    plan = example.Plan(
        strengths=dict(zip(names, (2.2, 3.2), strict=True)), networks=(), committee=(), rows=rows
    )
    results = example.build(plan)[0]
    for title, count in product(TITLES, range(len(WARNINGS) + 1)):
        notices = [{"level": "warning", "text": text} for text in WARNINGS[:count]]
        found = screen_of(results | {"title": title, "notices": notices})
        assert read_at_once(found, title) <= MOST_WORDS
        banners = [*found.banners, *found.more_banners]
        told = " ".join(f"{banner.said} {banner.more}" for banner in banners)
        for text in WARNINGS[:count]:
            assert all(word.strip(".:;`").lower() in told.lower() for word in text.split())
        assert len(banners) == count and bool(found.banners) == bool(count)
        assert len(found.sentences) == 2


def test_the_usual_study_has_its_sentences_open() -> None:
    found = screen_of(example.build()[0])
    assert not found.is_folded and not found.banners


@pytest.mark.parametrize("text", WARNINGS)
def test_a_warning_is_said_in_a_few_words(text: str) -> None:
    said, more = first_screen_words.headed(text)
    assert said and count_words(said) <= 12 and said.count("`") % 2 == 0
    assert more or said == text
