"""The page: read a run's results, draw one self-contained HTML file."""

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.errors import DataError
from vestry.report import contents
from vestry.report.contents import (
    Openings,
    all_tables,
    folds,
    openings,
    page_data,
    wanted_images,
)
from vestry.report.gallery_json import gallery_json
from vestry.report.models import tables_alone
from vestry.report.plot.heat_map import heat_map_uri
from vestry.report.plot.tiles import Maps
from vestry.report.section import PageData
from vestry.report.sections.attribution import draw_map_sheet
from vestry.report.shell import (
    POLICY_PLACE,
    environment,
    generator,
    script_json,
    shown_scale,
    with_policy,
)
from vestry.report.sprite import Sheet, draw_sheet
from vestry.schema.reading import read_results
from vestry.schema.results import Results
from vestry.storage.array_damage import ARRAY_DAMAGE
from vestry.storage.run_folder import RunFolder, write_text

MARK = "vestry run"
PAGE_LIMIT = 9_500_000
LEAST_SHEET = 500_000


def write_report(run: RunFolder) -> Path:
    """Draw `report.html` from the run's `results.json` and `figures/images.npz`.

    Raises DataError where one of them is missing or damaged.
    """
    results = read_results(run.results)
    ids, images = ([], _NO_IMAGES) if tables_alone(results) else read_images(run.images)
    heat_map = read_heat_map(run.exploration)
    maps = _read_maps(run.explanations)
    write_text(run.report, render(results, ids, images, _shown_path(run.path), heat_map, maps))
    return run.report


_NO_IMAGES: NDArray[np.uint8] = np.zeros((0, 1, 1), dtype=np.uint8)


def _shown_path(path: Path) -> str:
    """The run as a command names it; a page that is passed on tells no one's folders."""
    return shlex.quote(path.name if path.is_absolute() else str(path))


def read_images(path: Path) -> tuple[list[str], NDArray[np.uint8]]:
    """Ids and (n, height, width[, 3]) uint8 images."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return [str(name) for name in stored["ids"]], stored["images"]
    except FileNotFoundError:
        raise DataError(f"no images at {path}: run the study again (vestry run)") from None
    except ARRAY_DAMAGE as error:
        raise DataError(f"{path} is damaged: {error}") from None


def read_heat_map(path: Path) -> str | None:
    """The correlation of pixels as the data URI of a picture; None where none was stored."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            return heat_map_uri(stored["correlation"])
    except ARRAY_DAMAGE as error:
        raise DataError(f"{path} is damaged: {error}") from None


def _read_maps(path: Path) -> Maps:
    """What members look at, by the member's name and the map's; nothing where none was stored."""
    if not path.is_file():
        return {}
    try:
        with np.load(path, allow_pickle=False) as stored:
            return dict(zip((str(name) for name in stored["names"]), stored["maps"], strict=True))
    except ARRAY_DAMAGE as error:
        raise DataError(f"{path} is damaged: {error}") from None


def render(
    results: Results,
    ids: list[str],
    images: NDArray[np.uint8],
    run_name: str,
    heat_map: str | None = None,
    maps: Maps | None = None,
) -> str:
    """The page as text; the same input gives the same text."""
    page = page_data(results)
    chapters = openings(results, page)
    map_sheet = draw_map_sheet(page.explanation, maps or {}, dict(zip(ids, images, strict=True)))
    wanted = wanted_images(page)
    sheet = draw_sheet(ids, images, wanted)
    text = _fill(page, chapters, sheet, map_sheet, run_name, heat_map)
    excess = len(text.encode()) - PAGE_LIMIT
    if excess > 0:
        # Many classes and models make long tables; then the pictures give way.
        room = max(LEAST_SHEET, len(sheet.uri) * 3 // 4 - excess)
        less = draw_sheet(ids, images, wanted, room)
        text = _fill(page, chapters, less, map_sheet, run_name, heat_map)
    return text


def _fill(
    page: PageData,
    chapters: Openings,
    sheet: Sheet,
    map_sheet: Sheet | None,
    run_name: str,
    heat_map: str | None,
) -> str:
    text: str = (
        environment()
        .get_template("page.html.j2")
        .render(
            page=page,
            sections=contents.SECTIONS,
            folded=folds(page, chapters),
            chapters=chapters,
            tables=script_json(_tables(page, chapters)),
            sheet=sheet,
            map_sheet=map_sheet,
            scale=shown_scale(sheet),
            gallery=script_json(
                gallery_json(page.gallery, page.classes, page.explanation, sheet, map_sheet)
            ),
            run_name=run_name,
            heat_map=heat_map,
            generator=generator(MARK),
            policy=POLICY_PLACE,
        )
    )
    return with_policy(text)


def _tables(page: PageData, chapters: Openings) -> dict[str, Any]:
    """Of the mistakes only the heads: the page's script makes the rows of what the gallery has."""
    tables = {table.key: table for table in all_tables(page, chapters)}
    if page.gallery:
        tables[page.gallery.table.key] = replace(page.gallery.table, rows=())
    return {key: table.as_json() for key, table in tables.items()}
