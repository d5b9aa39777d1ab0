"""The page of `vestry explore`: one file, made from what the exploration left in its folder."""

import shlex
from dataclasses import dataclass
from pathlib import Path, PurePath

from vestry.report.chapters.data import data_heading
from vestry.report.formatting import counted, duration
from vestry.report.page import read_heat_map, read_images
from vestry.report.section import PageData, Section
from vestry.report.sections import (
    audit,
    checklist,
    class_images,
    class_map,
    dataset,
    found_images,
)
from vestry.report.sections.next_steps import next_steps
from vestry.report.sections.provenance import moment
from vestry.report.shell import (
    POLICY_PLACE,
    environment,
    generator,
    script_json,
    shown_scale,
    with_policy,
)
from vestry.report.sprite import Sheet, draw_sheet
from vestry.report.table import Table
from vestry.schema.exploration import ExplorationResults
from vestry.schema.reading import read_explored
from vestry.storage.run_folder import write_text

_MARK = "vestry explore"
_PAGE_LIMIT = 7_500_000
_LEAST_SHEET = 500_000
_OF_FILES = (".npz", ".npy", ".zip", ".csv", ".parquet", ".arrow")


@dataclass(frozen=True)
class _Chapter:
    """As on a run's page; sections: those that have something to show."""

    key: str
    name: str
    heading: str
    sections: list[Section]


@dataclass(frozen=True)
class _Facts:
    """What the page says besides its sections."""

    heading: str
    warnings: list[str]
    steps: list[str]
    source: str
    created: str
    seconds: float


_SECTIONS = (
    checklist.SECTION,
    found_images.DUPLICATES_SECTION,
    found_images.UNUSUAL_SECTION,
    class_map.SECTION,
    class_images.SECTION,
    dataset.SECTION,
    audit.SECTION,
)


def write_exploration(folder: Path) -> Path:
    """Draw `explore.html` from `explore.json` and the pictures beside it.

    Raises DataError where one of them is missing or damaged.
    """
    explored = read_explored(folder / "explore.json")
    page = _page_data(explored)
    ids, images = read_images(folder / "figures" / "images.npz")
    heat_map = read_heat_map(folder / "figures" / "exploration.npz")
    wanted = _wanted(page)
    sheet = draw_sheet(ids, images, wanted)
    text = _fill(explored, page, sheet, heat_map)
    excess = len(text.encode()) - _PAGE_LIMIT
    if excess > 0:
        room = max(_LEAST_SHEET, len(sheet.uri) * 3 // 4 - excess)
        text = _fill(explored, page, draw_sheet(ids, images, wanted, room), heat_map)
    target = folder / "explore.html"
    write_text(target, text)
    return target


def _page_data(explored: ExplorationResults) -> PageData:
    """What the sections of a run's chapter on data read."""
    return PageData(
        title=_name(explored.data.used),
        classes=explored.data.classes,
        sections={
            checklist.SECTION.key: checklist.checklist_data(explored),
            found_images.DUPLICATES_SECTION.key: found_images.repeated_images(explored),
            found_images.UNUSUAL_SECTION.key: found_images.unusual_images(explored),
            class_map.SECTION.key: class_map.class_map(explored),
            class_images.SECTION.key: class_images.class_images(explored),
            dataset.SECTION.key: dataset.dataset_data(explored),
            audit.SECTION.key: audit.pixels(explored),
        },
    )


def _name(source: str) -> str:
    """Of the data: a folder's or a file's own, without the way to it."""
    kind, colon, place = source.partition(":")
    path = PurePath(place if colon else source)
    name = path.stem if path.suffix in _OF_FILES and kind != "folder" else path.name
    return name or source


def _shown(page: PageData, sections: tuple[Section, ...] = _SECTIONS) -> list[Section]:
    return [section for section in sections if section.is_shown(getattr(page, section.key))]


def _wanted(page: PageData) -> list[str]:
    """Ids of all pictures, those of findings first."""
    parts = [(section, getattr(page, section.key)) for section in _shown(page)]
    first = [image for section, data in parts for image in section.images(data)]
    last = [image for section, data in parts for image in section.more_images(data)]
    return list(dict.fromkeys([*first, *last]))


def _tables(page: PageData) -> list[Table]:
    """All that can be taken home, what stands behind figures last."""
    parts = [(section, getattr(page, section.key)) for section in _shown(page)]
    tables = [table for section, data in parts for table in section.tables(data)]
    return tables + [figure.data for section, data in parts for figure in section.figures(data)]


def _chapters(explored: ExplorationResults, page: PageData) -> list[_Chapter]:
    faults = _shown(page, (found_images.DUPLICATES_SECTION, found_images.UNUSUAL_SECTION))
    classes = _shown(page, (class_map.SECTION, class_images.SECTION))
    found = [
        _Chapter("faults", "Faults", _faults(page.checklist), faults),
        _Chapter("classes-apart", "Classes", _overlap(explored), classes),
        _Chapter("source-of-it", "Source", _made(explored), [dataset.SECTION, audit.SECTION]),
    ]
    return [chapter for chapter in found if chapter.sections]


def _faults(checks: checklist.Checklist) -> str:
    of = counted(checks.searches, "kind of fault", "kinds of fault")
    if not checks.found:
        return f"None of {of} was found"
    return f"{checks.found} of {of} {'was' if checks.found == 1 else 'were'} found"


def _overlap(explored: ExplorationResults) -> str:
    overlap = explored.exploration.overlap
    if not overlap or not overlap.pairs:
        return "What the classes look like"
    one, other = (explored.data.classes[label] for label in overlap.pairs[0].classes)
    return f"{one} and {other} overlap most"


def _made(explored: ExplorationResults) -> str:
    """When and how long."""
    return f"Explored in {duration(explored.seconds['total'])}, {moment(explored.created)}"


def _fill(explored: ExplorationResults, page: PageData, sheet: Sheet, heat_map: str | None) -> str:
    chapters = _chapters(explored, page)
    facts = _Facts(
        heading=data_heading(explored.data, page.checklist),
        warnings=explored.data.warnings,
        steps=next_steps(explored),
        source=shlex.quote(explored.data.asked),
        created=moment(explored.created),
        seconds=explored.seconds["total"],
    )
    return with_policy(
        environment()
        .get_template("explore.html.j2")
        .render(
            page=page,
            facts=facts,
            chapters=chapters,
            contents=[("answer", "In short"), *((each.key, each.name) for each in chapters)],
            tables=script_json({table.key: table.as_json() for table in _tables(page)}),
            sheet=sheet,
            scale=shown_scale(sheet),
            heat_map=heat_map,
            policy=POLICY_PLACE,
            generator=generator(_MARK),
        )
    )
