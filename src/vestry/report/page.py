"""The page: read a run's results, draw one self-contained HTML file."""

import json
import shlex
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from numpy.typing import NDArray

from vestry.errors import DataError
from vestry.report import numbers
from vestry.report.explanation import draw_map_sheet
from vestry.report.figures.heat_map import heat_map_uri
from vestry.report.figures.saliency import Maps
from vestry.report.models import Results
from vestry.report.page_data import PageData, page_data, wanted_images
from vestry.report.sprite import Sheet, draw_sheet
from vestry.run_folder import RunFolder, read_json, write_text

FORMAT = 1
MARK = "vestry run"
PAGE_LIMIT = 9_500_000
LEAST_SHEET = 500_000
SHOWN_SIDE = 56


def write_report(run: RunFolder) -> Path:
    """Draw `report.html` from the run's `results.json` and `figures/images.npz`.

    Raises DataError where one of them is missing or damaged.
    """
    results = read_results(run.results)
    ids, images = read_images(run.images)
    heat_map = read_heat_map(run.exploration)
    maps = read_maps(run.explanations)
    write_text(run.report, render(results, ids, images, shown_path(run.path), heat_map, maps))
    return run.report


def shown_path(path: Path) -> str:
    """The run as a command names it; a page that is passed on tells no one's folders."""
    return shlex.quote(path.name if path.is_absolute() else str(path))


def read_results(path: Path) -> Results:
    try:
        results: Results = read_json(path)
    except FileNotFoundError:
        raise DataError(f"no results at {path}: run the study first (vestry run)") from None
    except ValueError as error:
        raise DataError(f"{path} is damaged: {error}") from None
    if not isinstance(results, dict):
        raise DataError(f"{path} holds no results: it is not vestry's")
    if results.get("format") != FORMAT:
        raise DataError(f"{path} has format {results.get('format')}; this version reads {FORMAT}")
    return results


def read_images(path: Path) -> tuple[list[str], NDArray[np.uint8]]:
    """Ids and (n, height, width[, 3]) uint8 images."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return [str(name) for name in stored["ids"]], stored["images"]
    except FileNotFoundError:
        raise DataError(f"no images at {path}: run the study again (vestry run)") from None
    except (BadZipFile, EOFError, KeyError, OSError, ValueError) as error:
        raise DataError(f"{path} is damaged: {error}") from None


def read_heat_map(path: Path) -> str | None:
    """The correlation of pixels as the data URI of a picture; None where none was stored."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            return heat_map_uri(stored["correlation"])
    except (BadZipFile, EOFError, KeyError, OSError, ValueError) as error:
        raise DataError(f"{path} is damaged: {error}") from None


def read_maps(path: Path) -> Maps:
    """What members look at, by the member's name and the map's; nothing where none was stored."""
    if not path.is_file():
        return {}
    try:
        with np.load(path, allow_pickle=False) as stored:
            return dict(zip((str(name) for name in stored["names"]), stored["maps"], strict=True))
    except (BadZipFile, EOFError, KeyError, OSError, ValueError) as error:
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
    map_sheet = draw_map_sheet(page.explanation, maps or {}, dict(zip(ids, images, strict=True)))
    wanted = wanted_images(page)
    sheet = draw_sheet(ids, images, wanted)
    text = fill(page, sheet, map_sheet, run_name, heat_map)
    excess = len(text.encode()) - PAGE_LIMIT
    if excess > 0:
        # Many classes and models make long tables; then the pictures give way.
        room = max(LEAST_SHEET, len(sheet.uri) * 3 // 4 - excess)
        less = draw_sheet(ids, images, wanted, room)
        text = fill(page, less, map_sheet, run_name, heat_map)
    return text


def fill(
    page: PageData, sheet: Sheet, map_sheet: Sheet | None, run_name: str, heat_map: str | None
) -> str:
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            page=page,
            sheet=sheet,
            map_sheet=map_sheet,
            scale=shown_scale(sheet),
            cells=script_json(cell_places(page, sheet)),
            run_name=run_name,
            heat_map=heat_map,
            generator=generator(MARK),
        )
    )


def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("vestry.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    formats = (
        "per_cent",
        "per_cent_range",
        "points",
        "probability",
        "decimal",
        "whole",
        "duration",
        "milliseconds",
        "file_size",
        "counted",
        "signed",
    )
    made.filters.update({name: getattr(numbers, name) for name in formats})
    return made


def generator(mark: str) -> Markup:
    """The line near the top of a page by which it is known again: no other file is ever taken for
    one, and replaced."""
    return Markup('<meta name="generator" content="{}">').format(mark)


def shown_scale(sheet: Sheet) -> float:
    """Page pixels for one pixel of the sheet: whole numbers keep small images sharp."""
    scale = SHOWN_SIDE / max(sheet.width, sheet.height)
    return max(1, round(scale)) if scale > 1 else round(scale, 4)


def cell_places(page: PageData, sheet: Sheet) -> dict[str, Any]:
    """For each model, cell number to places on the sheet; ids that the sheet lacks are dropped."""
    return {
        shown.model.anchor: {
            str(number): [sheet.place[image] for image in images if image in sheet.place]
            for number, images in shown.images.items()
        }
        for shown in page.mistakes
    }


def script_json(value: Any) -> Markup:
    """JSON that cannot end the script element that holds it."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - the three signs that HTML knows are escaped above
