"""What pages are like in a browser, one line a page: `python benchmarks/pages.py [PAGE ...]`.

Without arguments the pages of the made-up studies that tests/report/made_pages.py has; else HTML
files, such as a run's report.html, or addresses, such as a running server's. `ready` is the time
from the start of loading until scripts have run and the browser is idle, the median of several
loads; hold it against 1 s on two cores. `--faults` names what is in the way.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from sides import keep

TESTS = Path(__file__).parent.parent / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "report")]
import made_pages  # noqa: E402 - tests use it most

import page_measures as measures  # noqa: E402
from headless_browser import Browser, chromium  # noqa: E402

IDLE = (
    "addEventListener('load', () => requestIdleCallback(() => { window.idleAt = performance.now() }"
    "))"
)
COLUMNS = {
    "words": 6, "first": 6, "before": 7, "screens": 8, "phone": 6, "printed": 8, "points": 7,
    "KB": 6, "over": 5, "ids": 4, "targets": 8, "labels": 7, "axe": 4, "AAA": 4, "ready": 7,
}  # fmt: skip
MEANING = """
words: seen without opening anything; first: on the first screen, but for figures and buttons;
before: before the first figure; screens: of 1280 x 720; phone: of 390 x 844; printed: A4 pages;
points: the smallest text on paper; over: pixels wider than the window, at most over five widths;
ids: faulty ids and references; targets: under 24 px; labels: of figures, that collide or are cut,
at most over four widths; axe: violations, light and dark; AAA: places of contrast under it; with
everything opened from `over` on."""


def ready(browser: Browser, address: str, loads: int) -> float:
    """Seconds from the start of loading until the page is idle, the median."""
    script = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": IDLE})
    times = []
    for _ in range(loads):
        measures.opened(browser, "about:blank")
        measures.opened(browser, address)
        times.append(
            browser.execute_async_script(
                "const done = arguments[0]; const look = () => window.idleAt"
                " ? done(window.idleAt) : setTimeout(look, 5); look()"
            )
        )
    browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)
    return round(statistics.median(times) / 1000, 2)


def folded(browser: Browser, address: str) -> dict[str, Any]:
    """Of the page as it is first seen."""
    measures.opened(browser, address)
    found = {
        "words": measures.words(browser),
        "first": measures.first_screen_words(browser),
        "before": measures.words_before_figure(browser),
        "screens": measures.screens(browser),
        "phone": measures.screens(browser, measures.PHONE),
        "printed": measures.pages_of(measures.printed(browser)),
    }
    return found | {"points": measures.smallest_print(browser)[0]}


def faults(browser: Browser, address: str) -> dict[str, list[str]]:
    """Of the page with everything opened, by column; those of one width are said once."""
    measures.opened(browser, address)
    measures.open_all(browser)
    found = {
        "ids": measures.id_faults(browser),
        "targets": measures.small_targets(browser),
        "labels": max((measures.label_faults(browser, w) for w in measures.LABEL_WIDTHS), key=len),
    }
    over = max(measures.overflow(browser, width) for width in measures.WIDTHS)
    found["over"] = [f"{over[0]} px", *over[1]] if over[0] > 0 else []
    by_axe = {}
    for scheme in ("light", "dark"):
        measures.opened(browser, address, scheme=scheme)
        measures.open_all(browser)
        by_axe[scheme] = measures.axe_faults(browser)
    found["axe"] = [f"{scheme}: {each}" for scheme, (all_, _) in by_axe.items() for each in all_]
    return found | {"AAA": [""] * max(below for _, below in by_axe.values())}


def measured(browser: Browser, address: str, size: int | None, loads: int) -> dict[str, Any]:
    found = faults(browser, address)
    return (
        folded(browser, address)
        | {name: len(each) for name, each in found.items()}
        | {"over": int(found["over"][0].split()[0]) if found["over"] else 0}
        | {"KB": round(size / 1000) if size else None, "ready": ready(browser, address, loads)}
        | {"faults": {name: each for name, each in found.items() if name != "AAA"}}
    )


def line(name: str, found: dict[str, Any]) -> str:
    cells = (
        f"{'-' if found[key] is None else found[key]:>{width}}" for key, width in COLUMNS.items()
    )
    return f"{name[-28:]:<28}{''.join(cells)}"


def pages(given: list[str], folder: Path) -> dict[str, tuple[str, int | None]]:
    """Address and bytes by name."""
    if not given:
        written = {
            name: made_pages.write_page(name, folder / name)
            for name in made_pages.MEASURED | made_pages.GLANCED_AT
        }
        return {name: (path.as_uri(), path.stat().st_size) for name, path in written.items()}
    return {
        name: (name, None)
        if "://" in name
        else (Path(name).resolve().as_uri(), Path(name).stat().st_size)
        for name in given
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="HTML files or addresses")
    parser.add_argument("--loads", type=int, default=5, help="to time (default 5)")
    parser.add_argument("--faults", action="store_true", help="say what each fault is")
    options = parser.parse_args()
    summary = {}
    print(f"{'page':<28}{''.join(f'{key:>{width}}' for key, width in COLUMNS.items())}")
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        for name, (address, size) in pages(options.pages, Path(folder)).items():
            summary[name] = measured(browser, address, size, options.loads)
            print(line(name, summary[name]), flush=True)
            for kind, each in summary[name]["faults"].items() if options.faults else ():
                for fault in dict.fromkeys(each):
                    print(f"  {kind}: {fault}")
    print(MEANING)
    keep("pages", summary)


if __name__ == "__main__":
    main()
