"""What the page holds: its sections, its chapters, and all that can be taken home of them."""

from itertools import chain

from vestry.report.chapter import Chapter, Opening
from vestry.report.chapters import committee, compare, data, failures, made, training, trust
from vestry.report.plot.figure import Figure
from vestry.report.section import PageData, Section
from vestry.report.sections import (
    ablations,
    abstention,
    agreement,
    attribution,
    audit,
    calibration,
    checklist,
    claims,
    class_images,
    class_map,
    conformal,
    costs,
    cross_validation,
    dataset,
    decision,
    ensemble_gain,
    first_screen,
    found_images,
    gallery,
    glossary,
    label_issues,
    leaks,
    learning,
    mistakes,
    notices,
    performance,
    provenance,
    rank_curves,
    ranking,
    recipes,
    reproduce,
    robustness,
    search,
    significance,
    size_curves,
    summary,
    test_set_uses,
    votes,
)
from vestry.report.table import Table
from vestry.schema.results import Results

SECTIONS: list[Section] = [
    first_screen.SECTION,
    ranking.SECTION,
    decision.SECTION,
    significance.SECTION,
    rank_curves.SECTION,
    ablations.STEPS_SECTION,
    claims.SECTION,
    gallery.SECTION,
    mistakes.SECTION,
    ensemble_gain.SECTION,
    agreement.SECTION,
    costs.SECTION,
    performance.SECTION,
    calibration.SECTION,
    abstention.SECTION,
    conformal.SECTION,
    robustness.SECTION,
    learning.SECTION,
    search.SECTION,
    cross_validation.SECTION,
    size_curves.SECTION,
    ablations.PAIRS_SECTION,
    votes.SECTION,
    attribution.SECTION,
    summary.SECTION,
    test_set_uses.SECTION,
    checklist.SECTION,
    label_issues.SECTION,
    leaks.SECTION,
    found_images.DUPLICATES_SECTION,
    found_images.UNUSUAL_SECTION,
    class_map.SECTION,
    class_images.SECTION,
    dataset.SECTION,
    audit.SECTION,
    notices.SECTION,
    recipes.SECTION,
    provenance.SECTION,
    reproduce.SECTION,
    glossary.SECTION,
]
"""All sections, in the order in which their chapters fold them."""

CHAPTERS: list[Chapter] = [
    compare.CHAPTER,
    committee.CHAPTER,
    failures.CHAPTER,
    trust.CHAPTER,
    data.CHAPTER,
    training.CHAPTER,
    made.CHAPTER,
]
"""The page's chapters, in its order."""


Openings = list[tuple[Chapter, Opening]]


def page_data(results: Results) -> PageData:
    return PageData(
        title=results.title,
        classes=results.data.classes,
        sections={section.key: section.data(results) for section in SECTIONS},
    )


def shown_sections(page: PageData) -> list[Section]:
    """Those that have something to show."""
    return [section for section in SECTIONS if section.is_shown(getattr(page, section.key))]


def wanted_images(page: PageData) -> list[str]:
    """Ids of all images that the page shows, the least dispensable first."""
    shown = sorted(shown_sections(page), key=lambda section: section.dispensable)
    first = [section.images(getattr(page, section.key)) for section in shown]
    last = [section.more_images(getattr(page, section.key)) for section in shown]
    return list(dict.fromkeys(chain(*first, *last)))


def openings(results: Results, page: PageData) -> Openings:
    """Chapters that have something to show."""
    opened = [(chapter, chapter.opening(results, page)) for chapter in CHAPTERS]
    return [(chapter, opening) for chapter, opening in opened if opening is not None]


def folds(page: PageData, openings: Openings) -> dict[str, list[Section]]:
    """What each chapter folds, by its key; nothing that has something to show is lost."""
    opened = {chapter.key: list[Section]() for chapter, _ in openings}
    for section in shown_sections(page):
        if section.title:
            wanted = (section.chapter, section.otherwise, made.CHAPTER.key)
            opened[next(key for key in wanted if key in opened)].append(section)
    return opened


def all_figures(page: PageData, openings: Openings) -> list[Figure]:
    """Every figure that can be taken home, in the page's order."""
    found = [figure for _, opening in openings for figure in opening.figures]
    for section in shown_sections(page):
        found += section.figures(getattr(page, section.key))
    return list({figure.key: figure for figure in found}.values())


def all_tables(page: PageData, openings: Openings) -> list[Table]:
    """Every table that can be taken home, those behind figures after the others."""
    found = [table for _, opening in openings for table in opening.tables]
    for section in shown_sections(page):
        found += section.tables(getattr(page, section.key))
    found += [figure.data for figure in all_figures(page, openings)]
    return list({table.key: table for table in found}.values())
