"""Make the pictures of README anew: `python docs/make_pictures.py RUN`.

`page.png` is the run's page as it is first seen; `serve.png` the server's page of the committee
that comes with Vestry, with a drawn photograph answered. Needs Chromium (Debian: chromium,
chromium-driver) and the packages of the extra `dev`.
"""

import argparse
import base64
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageDraw
from selenium.webdriver.support.ui import WebDriverWait

from vestry.storage.run_folder import atomic_path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "tests"))
import page_measures as measures  # noqa: E402 - it stands with the tests, which use it most
from headless_browser import Browser, chromium  # noqa: E402

PAGE_SIZE, SERVE_SIZE = (1280, 1080), (1280, 1400)
SHIRT = [
    *[(610, 340), (700, 300), (760, 335), (840, 335), (900, 300), (990, 340), (1070, 560)],
    *[(970, 600), (930, 500), (930, 940), (670, 940), (670, 500), (630, 600), (530, 560)],
]


def save(browser: Browser, target: Path) -> None:
    """What the window shows, as a picture of few colours."""
    shown = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    with atomic_path(target) as path:
        path.write_bytes(base64.b64decode(shown["data"]))
        with Image.open(path) as picture:
            few = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        few.save(path, "PNG", optimize=True)


def save_page(browser: Browser, run: Path, target: Path) -> None:
    measures.opened(browser, (run / "report.html").resolve().as_uri(), PAGE_SIZE)
    save(browser, target)


@contextmanager
def server() -> Iterator[str]:
    """The address of `vestry serve`."""
    words = [sys.executable, "-m", "vestry", "serve", "--port", "0", "--quiet"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    try:
        found = re.search(r"http://\S+", process.stderr.readline() if process.stderr else "")
        if not found:
            raise SystemExit("vestry serve did not start")
        yield found[0]
    finally:
        process.terminate()
        process.communicate(timeout=20)


def save_served(browser: Browser, photograph: Path, target: Path) -> None:
    with server() as address:
        measures.opened(browser, address, SERVE_SIZE)
        until(browser, "document.querySelector('#samples button')")
        browser.find_element("id", "file").send_keys(str(photograph))
        until(browser, "document.querySelector('.named')")
        browser.execute_script("scrollTo(0, 0)")
        save(browser, target)


def until(browser: Browser, condition: str) -> None:
    WebDriverWait(browser, 20, 0.05).until(lambda b: b.execute_script(f"return {condition}"))


def draw_photograph(path: Path) -> None:
    """A blue T-shirt on a table that is lit from one side."""
    picture = Image.linear_gradient("L").rotate(90).resize((1600, 1200))
    picture = picture.point(lambda light: 160 + light // 3).convert("RGB")
    draw = ImageDraw.Draw(picture)
    draw.polygon(SHIRT, (27, 48, 102))
    draw.line([(800, 360), (800, 900)], (18, 34, 74), 5)
    picture.save(path, quality=92)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of a finished run, best the default study's")
    parser.add_argument("--to", type=Path, default=DOCS, help="folder (default: docs)")
    given = parser.parse_args()
    if not (given.run / "report.html").is_file():
        parser.error(f"{given.run} holds no report.html")
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        save_page(browser, given.run, given.to / "page.png")
        photograph = Path(folder) / "shirt.jpg"
        draw_photograph(photograph)
        save_served(browser, photograph, given.to / "serve.png")


if __name__ == "__main__":
    main()
