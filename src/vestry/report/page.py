"""The page: read a run's results, draw one self-contained HTML file."""

import json
import shlex
from itertools import chain
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from numpy.typing import NDArray

from vestry.errors import DataError
from vestry.report import formatting
from vestry.report.models import tables_alone
from vestry.report.plot.heat_map import heat_map_uri
from vestry.report.plot.tiles import Maps
from vestry.report.section import FOLDER, PageData, Section
from vestry.report.sections import (
    ablations,
    abstention,
    agreement,
    attribution,
    audit,
    calibration,
    claims,
    conformal,
    costs,
    cross_validation,
    dataset,
    decision,
    ensemble_gain,
    label_issues,
    learning,
    mistakes,
    performance,
    provenance,
    rank_curves,
    ranking,
    robustness,
    search,
    significance,
    test_set_uses,
    votes,
)
from vestry.report.sections.attribution import draw_map_sheet
from vestry.report.sprite import Sheet, draw_sheet
from vestry.schema.reading import read_results
from vestry.schema.results import Results
from vestry.storage.run_folder import RunFolder, write_text

SECTIONS: list[Section] = [
    ranking.SECTION,
    decision.SECTION,
    significance.SECTION,
    ablations.STEPS_SECTION,
    claims.SECTION,
    mistakes.SECTION,
    ensemble_gain.SECTION,
    agreement.SECTION,
    costs.SECTION,
    performance.SECTION,
    rank_curves.SECTION,
    calibration.SECTION,
    abstention.SECTION,
    conformal.SECTION,
    robustness.SECTION,
    search.SECTION,
    cross_validation.SECTION,
    learning.SECTION,
    ablations.PAIRS_SECTION,
    votes.SECTION,
    attribution.SECTION,
    test_set_uses.SECTION,
    label_issues.SECTION,
    dataset.SECTION,
    audit.SECTION,
    provenance.SECTION,
]
"""All sections, in the page's order."""


def page_data(results: Results) -> PageData:
    return PageData(
        title=results.title,
        classes=results.data.classes,
        sections={section.key: section.data(results) for section in SECTIONS},
    )


def _shown(page: PageData) -> list[Section]:
    return [section for section in SECTIONS if section.is_shown(getattr(page, section.key))]


def wanted_images(page: PageData) -> list[str]:
    """Ids of all images that the page shows, the least dispensable first."""
    shown = sorted(_shown(page), key=lambda section: section.dispensable)
    first = [section.images(getattr(page, section.key)) for section in shown]
    last = [section.more_images(getattr(page, section.key)) for section in shown]
    return list(dict.fromkeys(chain(*first, *last)))


MARK = "vestry run"
PAGE_LIMIT = 9_500_000
LEAST_SHEET = 500_000
_SHOWN_SIDE = 56
_TEMPLATES = Path(__file__).parent / "templates"


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


def _read_maps(path: Path) -> Maps:
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
    text = _fill(page, sheet, map_sheet, run_name, heat_map)
    excess = len(text.encode()) - PAGE_LIMIT
    if excess > 0:
        # Many classes and models make long tables; then the pictures give way.
        room = max(LEAST_SHEET, len(sheet.uri) * 3 // 4 - excess)
        less = draw_sheet(ids, images, wanted, room)
        text = _fill(page, less, map_sheet, run_name, heat_map)
    return text


def _fill(
    page: PageData, sheet: Sheet, map_sheet: Sheet | None, run_name: str, heat_map: str | None
) -> str:
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            page=page,
            sections=SECTIONS,
            shown=_shown(page),
            sheet=sheet,
            map_sheet=map_sheet,
            scale=shown_scale(sheet),
            cells=_script_json(_cell_places(page, sheet)),
            run_name=run_name,
            heat_map=heat_map,
            generator=generator(MARK),
        )
    )


def environment() -> Environment:
    folders = dict.fromkeys([FOLDER, *(section.folder for section in SECTIONS)])
    made = Environment(
        loader=FileSystemLoader([_TEMPLATES, *folders]),
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
        "roughly",
        "signed",
    )
    made.filters.update({name: getattr(formatting, name) for name in formats})
    return made


def generator(mark: str) -> Markup:
    """The line near the top of a page by which it is known again: no other file is ever taken for
    one, and replaced."""
    return Markup('<meta name="generator" content="{}">').format(mark)


def shown_scale(sheet: Sheet) -> float:
    """Page pixels for one pixel of the sheet: whole numbers keep small images sharp."""
    scale = _SHOWN_SIDE / max(sheet.width, sheet.height)
    return max(1, round(scale)) if scale > 1 else round(scale, 4)


def _cell_places(page: PageData, sheet: Sheet) -> dict[str, Any]:
    """For each model, cell number to places on the sheet; ids that the sheet lacks are dropped."""
    return {
        shown.model.anchor: {
            str(number): [sheet.place[image] for image in images if image in sheet.place]
            for number, images in shown.images.items()
        }
        for shown in page.mistakes
    }


def _script_json(value: Any) -> Markup:
    """JSON that cannot end the script element that holds it."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - the three signs that HTML knows are escaped above
