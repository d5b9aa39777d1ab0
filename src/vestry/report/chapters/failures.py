"""The chapter Failures: how every model does on every class, and one gallery of mistakes."""

from vestry.report.chapter import Chapter, Opening
from vestry.report.formatting import counted, listed, per_cent, per_cent_range, whole
from vestry.report.models import Model, models_by_rank
from vestry.report.section import PageData
from vestry.report.sections.class_scores import class_figures
from vestry.report.sections.gallery import chosen_model
from vestry.report.sections.mistakes import Cell, commonest_confusion, weakest_classes
from vestry.report.sections.performance import wrong_for_all
from vestry.schema.results import Results

_NAMED = 2


def _opening(results: Results, page: PageData) -> Opening | None:
    ranked = models_by_rank(results)
    if not ranked:
        return None
    chosen = chosen_model(results, ranked)
    shown = page.mistakes[ranked.index(chosen)]
    return Opening(
        heading=_heading(chosen, results),
        sentences=_sentences(chosen, commonest_confusion(shown), results),
        figures=class_figures(results, ranked, chosen),
    )


def _heading(chosen: Model, results: Results) -> str:
    """The class that it is right on least often, with its recall."""
    if not _wrong(chosen):
        return f"{chosen.name} makes no mistake on {counted(_rows(results), 'test image')}"
    weakest = weakest_classes(chosen, results.data.classes)
    scores = weakest[0][1]
    names = [f"“{name}”" for name, _ in weakest]
    named = listed(names) if len(names) <= _NAMED else f"{len(names)} classes"
    between = scores.recall_interval
    interval = f" ({per_cent_range(*between)})" if between and len(names) == 1 else ""
    of = f" of {counted(scores.support, 'image')}" if len(names) == 1 else ""
    return f"{chosen.name} is right least often on {named}: {per_cent(scores.recall)}{interval}{of}"


def _sentences(chosen: Model, confused: Cell | None, results: Results) -> list[str]:
    found = results.misclassified
    said = [
        _confusion(chosen, confused) if confused else None,
        wrong_for_all(found) if found else None,
    ]
    return [text for text in said if text]


def _confusion(chosen: Model, confused: Cell) -> str:
    row = round(confused.count / confused.share)
    return (
        f"Its commonest mistake: “{confused.truth}” taken for “{confused.predicted}”, "
        f"{whole(confused.count)} of {whole(row)} ({per_cent(confused.share)}){chosen.of_seed}."
    )


def _wrong(model: Model) -> int:
    return sum(cell.count for cell in model.mistakes.cells)


def _rows(results: Results) -> int:
    return results.data.splits["test"].rows


CHAPTER = Chapter(
    "failures",
    "Failures",
    _opening,
    template="failures.html.j2",
    style="failures.css.j2",
    script="failures.js",
)
