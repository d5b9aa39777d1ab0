"""Chromium without a window, for the tests of pages.

Where it is missing these tests are skipped and say so; in CI, which installs it, they fail.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
OVERFLOWING = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
PAINTED = "return getComputedStyle(document.body).backgroundColor"
Browser = Any
_LEAVE = """
const here = new URL(location.href), there = new URL(arguments[0], here);
here.hash = there.hash = "";
if (arguments[1] || here.href !== there.href || !new URL(arguments[0], location.href).hash)
  window.isLeft = true;
"""
"""Mark the document that is to go; a move to a fragment of it leaves it where it is."""
_ARRIVED = "return !window.isLeft && document.readyState === 'complete'"
_PATIENCE = 60.0


def missing_tools() -> str:
    """What of Chromium is not there, in words; empty where all is."""
    missing = [str(tool) for tool in (CHROMIUM, DRIVER) if not tool.exists()]
    return f"missing: {', '.join(missing)} (Debian: apt install chromium chromium-driver)" * bool(
        missing
    )


class _Patient(webdriver.Chrome):
    """Goes on once the document that was asked for is there: on a busy machine the driver's own
    waiting may end while the last one is still shown."""

    def get(self, url: str) -> None:
        self.execute_script(_LEAVE, url, False)
        super().get(url)
        self._wait()

    def refresh(self) -> None:
        self.execute_script(_LEAVE, self.current_url, True)
        super().refresh()
        self._wait()

    def _wait(self) -> None:
        WebDriverWait(self, _PATIENCE).until(lambda driver: driver.execute_script(_ARRIVED))


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser that logs what the console says and what is asked for."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    options.add_argument("--headless=new")
    options.add_argument("--disable-gpu")
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = _Patient(options=options, service=Service(str(DRIVER)))
    try:
        yield started
    finally:
        started.quit()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for all tests of a module."""
    if missing := missing_tools():
        lacking = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        lacking(missing)
    with chromium() as started:
        yield started


def contrast(browser: Browser, one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two colour variables."""
    lights = []
    for name in (one, other):
        text = browser.execute_script(
            "return getComputedStyle(document.documentElement).getPropertyValue(arguments[0])", name
        ).strip()
        channels = [int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return float((max(lights) + 0.05) / (min(lights) + 0.05))
