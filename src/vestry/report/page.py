"""The page: read a run's results, draw one self-contained HTML file."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from numpy.typing import NDArray

from vestry.errors import DataError
from vestry.report import formatting
from vestry.report.models import Results
from vestry.report.plot.heat_map import heat_map_uri
from vestry.report.plot.tiles import Maps
from vestry.report.sections.ablations import Pairs, Steps, pairs_data, steps_data
from vestry.report.sections.abstention import Abstention, abstention_data
from vestry.report.sections.agreement import Agreement, agreement_data, agreement_images
from vestry.report.sections.attribution import (
    Explanation,
    draw_map_sheet,
    explanation_data,
    explanation_images,
)
from vestry.report.sections.audit import Exploration, exploration_data, exploration_images
from vestry.report.sections.calibration import Calibration, calibration_data
from vestry.report.sections.claims import Claims, claims_data
from vestry.report.sections.costs import Costs, cost_data
from vestry.report.sections.cross_validation import CrossValidation, cross_validation_data
from vestry.report.sections.dataset import Dataset, dataset_data
from vestry.report.sections.decision import Decision, decision_data
from vestry.report.sections.ensemble_gain import Worth, worth_data
from vestry.report.sections.label_issues import Doubts, doubted_images, doubts_data
from vestry.report.sections.learning import Learning, learning_data
from vestry.report.sections.mistakes import ModelMistakes, mistakes_data
from vestry.report.sections.performance import Analysis, analysis_data
from vestry.report.sections.provenance import Making, making_data
from vestry.report.sections.ranking import Answer, answer_data
from vestry.report.sections.robustness import Robustness, robustness_data, robustness_images
from vestry.report.sections.search import SearchPanel, search_data
from vestry.report.sections.significance import Certainty, certainty_data
from vestry.report.sections.test_set_uses import TestLooks, test_looks_data
from vestry.report.sections.votes import Votes, votes_data
from vestry.report.sprite import Sheet, draw_sheet
from vestry.schema.reading import read_results
from vestry.storage.run_folder import RunFolder, write_text

# Everything that the page shows, as plain data made from `results.json` alone.


@dataclass(frozen=True)
class PageData:
    """One attribute a section, in the page's order."""

    title: str
    classes: list[str]
    answer: Answer
    decision: Decision | None
    certainty: Certainty | None
    steps: Steps | None
    claims: Claims
    mistakes: list[ModelMistakes]
    worth: Worth | None
    agreement: Agreement | None
    analysis: Analysis | None
    costs: Costs | None
    calibration: Calibration | None
    abstention: Abstention | None
    robustness: Robustness | None
    search: list[SearchPanel]
    cross_validation: CrossValidation | None
    learning: Learning
    pairs: Pairs
    votes: Votes
    explanation: Explanation | None
    test_looks: TestLooks | None
    doubts: Doubts | None
    dataset: Dataset
    exploration: Exploration | None
    making: Making


def page_data(results: Results) -> PageData:
    return PageData(
        title=results["title"],
        classes=results["data"]["classes"],
        answer=answer_data(results),
        decision=decision_data(results),
        certainty=certainty_data(results),
        steps=steps_data(results),
        claims=claims_data(results),
        mistakes=mistakes_data(results),
        worth=worth_data(results),
        agreement=agreement_data(results),
        analysis=analysis_data(results),
        costs=cost_data(results),
        calibration=calibration_data(results),
        abstention=abstention_data(results),
        robustness=robustness_data(results),
        search=search_data(results),
        cross_validation=cross_validation_data(results),
        learning=learning_data(results),
        pairs=pairs_data(results),
        votes=votes_data(results),
        explanation=explanation_data(results),
        test_looks=test_looks_data(results),
        doubts=doubts_data(results),
        dataset=dataset_data(results),
        exploration=exploration_data(results),
        making=making_data(results),
    )


def wanted_images(page: PageData) -> list[str]:
    """Ids of all images that the page shows, the least dispensable first.

    The cells of the confusion matrices take turns, so that a full sheet leaves each cell some.
    """
    ids = [image for image, _ in page.dataset.samples]
    ids += [ballot.image for ballot in page.votes.ballots]
    ids += [vector.image for _, vectors in page.votes.first_rows for vector in vectors]
    shown = [network.augmentation for network in page.learning.networks if network.augmentation]
    ids += [image for strip in shown for image in (strip.image, *strip.variants)]
    ids += [hard.image for model in page.mistakes for hard in model.hardest]
    ids += explanation_images(page.explanation)
    ids += robustness_images(page.robustness)
    ids += doubted_images(page.doubts)
    ids += agreement_images(page.agreement)
    ids += exploration_images(page.exploration)
    return list(dict.fromkeys([*ids, *_in_turns(page)]))


def _in_turns(page: PageData) -> Iterator[str]:
    cells = [ids for model in page.mistakes for ids in model.images.values()]
    for turn in zip_longest(*cells):
        yield from (image for image in turn if image is not None)


MARK = "vestry run"
PAGE_LIMIT = 9_500_000
LEAST_SHEET = 500_000
_SHOWN_SIDE = 56


def write_report(run: RunFolder) -> Path:
    """Draw `report.html` from the run's `results.json` and `figures/images.npz`.

    Raises DataError where one of them is missing or damaged.
    """
    results = read_results(run.results)
    ids, images = read_images(run.images)
    heat_map = read_heat_map(run.exploration)
    maps = _read_maps(run.explanations)
    write_text(run.report, render(results, ids, images, _shown_path(run.path), heat_map, maps))
    return run.report


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
