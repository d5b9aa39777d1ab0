"""What a page is like, measured in a browser: how long it is, what overflows, what collides.

Every function takes a browser in which the page is open (`opened`), and leaves its width and its
open details as it found them unless it says otherwise.
"""

import base64
import re
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

Browser = Any
SCREEN = (1280, 720)
PHONE = (390, 844)
WIDTHS = (1600, 1280, 768, 390, 320)
"""From a large screen down to 400% zoom."""
LABEL_WIDTHS = (1600, 1280, 768, 390)
_SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
_A4 = {"paperWidth": 8.27, "paperHeight": 11.69}
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_AAA = "color-contrast-enhanced"


def opened(
    browser: Browser, address: str, size: tuple[int, int] = SCREEN, scheme: str = "light"
) -> Browser:
    """The browser with that page at its top, nothing opened, nothing moving."""
    browser.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    resize(browser, size)
    wish(browser, scheme)
    browser.get(address)
    return browser


def resize(browser: Browser, size: tuple[int, int]) -> None:
    width, height = size
    wanted = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", wanted)


def wish(browser: Browser, scheme: str = "light", media: str = "") -> None:
    """What the reader's system asks for; media: `print`, or nothing."""
    features = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
    named = [{"name": name, "value": value} for name, value in features.items()]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": named})


def asked(browser: Browser, what: str, *given: Any) -> Any:
    """What a function of `page_measures.js` answers."""
    if not browser.execute_script("return 'measures' in window"):
        browser.execute_script(_SCRIPT)
    return browser.execute_script(f"return window.measures.{what}(...arguments)", *given)


def open_all(browser: Browser) -> None:
    """Opens all that is folded but for menus, and leaves it open."""
    asked(browser, "openAll")


def words(browser: Browser) -> int:
    """Words that are seen without opening anything, in figures too."""
    return int(asked(browser, "words"))


def prose_words(browser: Browser) -> int:
    """Of these the ones that are no label of a figure, no cell of a table and on no button."""
    return int(asked(browser, "prose"))


def words_before_figure(browser: Browser) -> int:
    return int(asked(browser, "wordsBeforeFigure"))


def first_screen_words(browser: Browser) -> int:
    """Words on the first screen, but for labels of figures, buttons and navigation."""
    return int(asked(browser, "firstScreenWords"))


def screens(browser: Browser, size: tuple[int, int] = SCREEN) -> float:
    """The page's height in windows of that size."""
    resize(browser, size)
    return round(asked(browser, "height") / size[1], 1)


def largest_texts(browser: Browser, count: int = 3) -> list[tuple[float, str]]:
    """(pixels, text) of the first screen's blocks, those with the largest letters first."""
    return [(size, text) for size, text in asked(browser, "largestTexts", count)]


def overflow(browser: Browser, width: int) -> tuple[int, list[str]]:
    """Pixels that the page is wider than a window of that width, and what reaches over its edge."""
    resize(browser, (width, SCREEN[1]))
    pixels = int(asked(browser, "overflow"))
    return pixels, asked(browser, "wide") if pixels > 0 else []


def id_faults(browser: Browser) -> list[str]:
    """Ids that stand twice; labels, links and descriptions that name none."""
    return list(asked(browser, "ids"))


def small_targets(browser: Browser) -> list[str]:
    """What is to be tapped and is under 24 pixels, on a phone."""
    resize(browser, PHONE)
    return list(asked(browser, "smallTargets"))


def label_faults(browser: Browser, width: int) -> list[str]:
    """Labels of figures that lie over one another, leave their figure or are cut off."""
    resize(browser, (width, SCREEN[1]))
    return list(asked(browser, "labels"))


def printed(browser: Browser) -> bytes:
    """The page as PDF on A4."""
    wish(browser)
    made = browser.execute_cdp_cmd(
        "Page.printToPDF",
        _A4
        | {"printBackground": True, "preferCSSPageSize": False, "generateDocumentOutline": True},
    )
    return base64.b64decode(made["data"])


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def smallest_print(browser: Browser) -> tuple[float, str]:
    """Points of the smallest text on paper, and that text; the page is laid out as A4 with margins
    of 14 mm."""
    resize(browser, (round(182 / 25.4 * 96), 1000))
    wish(browser, media="print")
    size, text = asked(browser, "smallestText")
    wish(browser)
    return round(size * 0.75, 1), text


# axe-core, whose script the package brings; the package itself is for another driver of browsers.


def axe_faults(
    browser: Browser, only_contrast: bool = False, within: str = "html"
) -> tuple[list[str], int]:
    """Violations of WCAG 2.2 A and AA and of best practice, and places of too little contrast for
    AAA, as the page stands. only_contrast: of colours alone, which another scheme changes. within:
    the part that is looked at, as a selector."""
    script = distribution("axe-playwright-python").locate_file("axe_playwright_python/axe.min.js")
    browser.execute_script(Path(str(script)).read_text(encoding="utf-8"))
    browser.set_script_timeout(240)
    wanted = (
        {"runOnly": {"type": "rule", "values": ["color-contrast", _AAA]}}
        if only_contrast
        else {"runOnly": {"type": "tag", "values": _TAGS}, "rules": {_AAA: {"enabled": True}}}
    )
    found = browser.execute_async_script(
        "const [wanted, within, done] = arguments;"
        "axe.run(within, {...wanted, resultTypes: ['violations'], preload: false}).then("
        "({violations}) => done(Object.fromEntries(violations.map(({id, nodes}) => [id, nodes.map("
        "({target, any}) => `${target.join(' ')} ${any[0]?.message ?? ''}`)]))),"
        " (error) => done(String(error)))",
        wanted,
        within,
    )
    if isinstance(found, str):
        raise RuntimeError(f"axe-core: {found}")
    faults = [f"{rule}: {at}" for rule, nodes in found.items() if rule != _AAA for at in nodes]
    return faults, len(found.get(_AAA, []))
