"""What a reader takes home of a page, in a real browser: every kind of button is pressed, and what
was saved or copied is read."""

import base64
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import example
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from test_tables_taken_home import STRANGE

from headless_browser import Browser
from vestry.report.page import write_report
from vestry.report.summary_text import citations, summary_sentences
from vestry.report.table import Table, as_csv, as_latex, as_markdown, as_tsv
from vestry.report.taken_home.content import Content, content_of
from vestry.schema.results import Results
from vestry.storage.run_folder import RunFolder

FORMS = {"tsv": as_tsv, "md": as_markdown, "tex": as_latex}
STRANGE_PLAN = example.Plan(
    classes=(*(name.strip() or "empty" for name in STRANGE[:7]), "=1+1", "@SUM(A1)", "-1"),
    seeds={"Forest": 3},
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results, images = example.build(STRANGE_PLAN)
    for entry in results["members"].values():
        entry["stored"] = "members/model"  # so that one can be exported
    return example.write(tmp_path_factory.mktemp("run"), results, images)


@pytest.fixture(scope="module")
def results(run: Path) -> Results:
    return Results.model_validate_json(RunFolder(run).results.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def content(results: Results) -> Content:
    return content_of(results)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def page(browser: Browser, run: Path, saved: Path) -> Iterator[Browser]:
    """The page with its folds open, in a browser that may save and use the clipboard."""
    browser.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(saved)}
    )
    allowed = ["clipboardReadWrite", "clipboardSanitizedWrite"]
    browser.execute_cdp_cmd("Browser.grantPermissions", {"permissions": allowed})
    size = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(write_report(RunFolder(run)).as_uri())
    browser.execute_script(
        "document.querySelectorAll('details:not(.menu)').forEach(fold => { fold.open = true; })"
    )
    yield browser
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def press(page: Browser, selector: str) -> None:
    """As a script does, so that menus need not be opened one by one."""
    page.execute_script("document.querySelector(arguments[0]).click()", selector)


def copied(page: Browser, selector: str) -> str:
    page.execute_script("return navigator.clipboard.writeText('nothing yet')")
    press(page, selector)
    wanted = WebDriverWait(page, 10, 0.02)
    text: str = wanted.until(lambda _: _clipboard(page))
    return text


def _clipboard(page: Browser) -> str | None:
    text = page.execute_script("return navigator.clipboard.readText()")
    return None if text == "nothing yet" else text


def downloaded(page: Browser, saved: Path, selector: str, ending: str) -> bytes:
    for path in saved.iterdir():
        path.unlink()
    press(page, selector)

    def new(_: Any) -> Path | None:
        return next((path for path in saved.iterdir() if path.name.endswith(ending)), None)

    path: Path = WebDriverWait(page, 10, 0.02).until(new)
    return path.read_bytes()


def menus(page: Browser, kind: str) -> list[str]:
    """Ids of the figures or tables that have a menu."""
    found: list[str] = page.execute_script(
        "return [...document.querySelectorAll(`${arguments[0]} > .menu`)].map("
        "menu => menu.parentElement.id)",
        kind,
    )
    return found


def by_key(tables: Any) -> dict[str, Table]:
    return {table.key: table for table in tables}


def test_every_table_is_copied_as_it_is_written_to_disk(page: Browser, content: Content) -> None:
    tables, shown = by_key(content.tables), menus(page, "[data-table]:not(figure)")
    known = [place for place in shown if place.removeprefix("table-") in tables]
    assert len(known) > 5, "beside those that a reader's choice makes"
    for place in known:
        table = tables[place.removeprefix("table-")]
        for form, written in FORMS.items():
            text = copied(page, f"#{place} [data-take={form}]")
            assert text.replace("\r\n", "\n") == written(table).replace("\r\n", "\n"), (place, form)


def test_every_table_of_the_page_has_the_same_csv(page: Browser, content: Content) -> None:
    """Those of the page's script, whether they have a menu or a figure has."""
    keys = page.execute_script(
        "return Object.keys(JSON.parse(document.getElementById('tables').textContent))"
    )
    assert keys == [table.key for table in content.tables]


def test_a_table_is_saved_and_its_link_is_copied(
    page: Browser, saved: Path, content: Content
) -> None:
    place = menus(page, "[data-table]:not(figure)")[0]
    table = by_key(content.tables)[place.removeprefix("table-")]
    text = downloaded(page, saved, f"#{place} [data-take=csv]", ".csv")
    assert text.decode() == as_csv(table)
    assert copied(page, f"#{place} [data-take=link]").endswith(f"report.html#{place}")


def test_a_figure_is_saved_in_every_form(page: Browser, saved: Path, content: Content) -> None:
    place = menus(page, "figure")[0]
    key = place.removeprefix("figure-")
    svg = downloaded(page, saved, f"#{place} [data-save=svg]", ".svg")
    root = parsed(svg)
    size = tuple(float(root.attrib[side]) for side in ("width", "height"))
    assert b"var(" not in svg and b"class=" not in svg
    assert natural_size(page, svg) == list(size)
    png = Image.open(io.BytesIO(downloaded(page, saved, f"#{place} [data-save=png]", ".png")))
    assert png.size == tuple(2 * side for side in size)
    assert len(np.unique(np.asarray(png.convert("L")))) > 10
    text = downloaded(page, saved, f"#{place} [data-save=csv]", ".csv")
    figures = {
        each.key: each for part in (*content.parts, *content.appendix) for each in part.figures
    }
    assert text.decode() == as_csv(figures[key].data)
    assert copied(page, f"#{place} [data-save=link]").endswith(f"report.html#{place}")


def parsed(svg: bytes | str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - our own page's


def natural_size(page: Browser, svg: bytes) -> list[float]:
    """Of the file as an image."""
    found: list[float] = page.execute_async_script(
        "const [text, done] = arguments; const image = new Image(); "
        "image.onload = () => done([image.naturalWidth, image.naturalHeight]); "
        "image.onerror = () => done([0, 0]); image.src = `data:image/svg+xml;base64,${text}`;",
        base64.b64encode(svg).decode(),
    )
    return found


def test_the_models_csv_is_what_results_json_says(
    page: Browser, saved: Path, results: Results
) -> None:
    text = downloaded(page, saved, "#figure-models [data-save=csv]", ".csv")
    frame = pd.read_csv(io.BytesIO(text)).set_index("model")
    assert list(frame.index) == [row.name for row in results.ranking]
    for row in results.ranking:
        entry = results.models[row.name]
        assert frame.loc[row.name, "test"] == row.test_accuracy
        assert frame.loc[row.name, "validation"] == row.validation_accuracy
        assert (frame.loc[row.name, "test_low"], frame.loc[row.name, "test_high"]) == (
            entry.accuracy_interval("test")
        )


def test_all_figures_are_saved_at_once(page: Browser, saved: Path) -> None:
    whole = downloaded(page, saved, "[data-save-figures]", "figures.zip")
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        keys = [place.removeprefix("figure-") for place in menus(page, "figure")]
        assert names == {f"{key}.{ending}" for key in keys for ending in ("svg", "csv")}
        for name in names:
            if name.endswith(".svg"):
                parsed(archive.read(name))


def test_the_summary_and_its_sources_are_copied(page: Browser, results: Results) -> None:
    assert copied(page, "#answer [data-copy=summary]") == " ".join(
        " ".join(summary_sentences(results)).split()
    )
    assert copied(page, "[data-copy=bibtex]") == citations(results).strip()


def test_the_export_command_is_copied(page: Browser, run: Path) -> None:
    command = copied(page, "[data-copy-text]")
    assert command.startswith(f"vestry export {run.name}")


def test_the_first_screens_table_is_copied(page: Browser, content: Content) -> None:
    text = copied(page, "[data-copy-table]")
    key = page.find_element(By.CSS_SELECTOR, "[data-copy-table]").get_attribute("data-copy-table")
    assert text.replace("\r\n", "\n") == as_tsv(by_key(content.tables)[key]).replace("\r\n", "\n")


def test_a_click_on_a_head_sorts_by_the_values(page: Browser, content: Content) -> None:
    places = page.execute_script(
        "return [...document.querySelectorAll('table.sortable')].map(t => "
        "t.closest('[data-table]').dataset.table)"
    )
    table = next(each for each in content.tables if each.key == places[0])
    place = next(place for place, column in table.shown_columns if column.is_number)
    head = f"[data-table={table.key}] thead [data-column='{place}']"
    for _ in range(2):
        press(page, f"{head} button")
        way = page.find_element(By.CSS_SELECTOR, head).get_attribute("aria-sort")
        order = page.execute_script(
            "return [...document.querySelectorAll(`[data-table=${arguments[0]}] tbody tr`)].map("
            "row => Number(row.dataset.row))",
            table.key,
        )
        values = [table.plain_rows[row][place] for row in order]
        known = [value for value in values if value is not None]
        assert values[: len(known)] == known
        assert known == sorted(known, reverse=way == "descending")


def test_what_is_said_is_short(page: Browser) -> None:
    copied(page, "#answer [data-copy=summary]")
    assert page.find_element(By.ID, "live").text == "Copied"


def test_every_saved_drawing_has_its_colours_written_in(content: Content) -> None:
    assert content.drawings
    for key, text in content.drawings.items():
        root = parsed(text)
        for mark in root.iter():
            assert "class" not in mark.attrib, key
            assert not any(
                "var(" in value or "color-mix" in value for value in mark.attrib.values()
            )
            if mark.tag.endswith(("}path", "}circle", "}rect")):
                assert {"fill", "stroke"} & set(mark.attrib), (key, mark.attrib)
