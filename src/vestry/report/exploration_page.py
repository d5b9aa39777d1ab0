"""The page of `vestry explore`: one file, made from what the exploration left in its folder."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from vestry.errors import DataError
from vestry.report.page import read_heat_map, read_images
from vestry.report.sections.audit import Exploration, exploration_data, exploration_images
from vestry.report.sections.dataset import Dataset, dataset_data
from vestry.report.sections.provenance import moment
from vestry.report.shell import (
    POLICY_PLACE,
    environment,
    generator,
    shown_scale,
    with_policy,
)
from vestry.report.sprite import Sheet, draw_sheet
from vestry.schema.exploration_results import ExplorationResults
from vestry.schema.reading import read_explored
from vestry.storage.run_folder import write_text

_MARK = "vestry explore"
_PAGE_LIMIT = 7_500_000
_LEAST_SHEET = 500_000


@dataclass(frozen=True)
class _ExplorePage:
    """One attribute a part of the page."""

    title: str
    source: str
    created: str
    seconds: float
    dataset: Dataset
    exploration: Exploration


def write_exploration(folder: Path) -> Path:
    """Draw `explore.html` from `explore.json` and the pictures beside it.

    Raises DataError where one of them is missing or damaged.
    """
    page = _explore_page(read_explored(folder / "explore.json"))
    ids, images = read_images(folder / "figures" / "images.npz")
    heat_map = read_heat_map(folder / "figures" / "exploration.npz")
    wanted = list(dict.fromkeys(exploration_images(page.exploration)))
    sheet = draw_sheet(ids, images, wanted)
    text = _fill(page, sheet, heat_map)
    excess = len(text.encode()) - _PAGE_LIMIT
    if excess > 0:
        room = max(_LEAST_SHEET, len(sheet.uri) * 3 // 4 - excess)
        text = _fill(page, draw_sheet(ids, images, wanted, room), heat_map)
    target = folder / "explore.html"
    write_text(target, text)
    return target


def _explore_page(explored: ExplorationResults) -> _ExplorePage:
    exploration = exploration_data(explored)
    if exploration is None:
        raise DataError("explore.json holds no exploration; explore the source again")
    return _ExplorePage(
        title=explored.title,
        source=shlex.quote(explored.data.asked),
        created=moment(explored.created),
        seconds=explored.seconds["total"],
        dataset=dataset_data(explored),
        exploration=exploration,
    )


def _fill(page: _ExplorePage, sheet: Sheet, heat_map: str | None) -> str:
    return with_policy(
        environment()
        .get_template("explore.html.j2")
        .render(
            page=page,
            sheet=sheet,
            scale=shown_scale(sheet),
            heat_map=heat_map,
            policy=POLICY_PLACE,
            generator=generator(_MARK),
        )
    )
