"""Confusion, classification report and hardest images of each model."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from vestry.report.formatting import counted, listed, per_cent, whole
from vestry.report.models import Model, models_by_rank
from vestry.report.section import Section
from vestry.schema.results import Results
from vestry.schema.scores import ClassScores, Mistake, Scores


@dataclass(frozen=True)
class Cell:
    """One cell of a confusion matrix.

    share: of its row. number: counts row by row. shade: 0 to 1, its colour's strength.
    """

    truth: str
    predicted: str
    count: int
    share: float
    right: bool
    number: int
    shade: float


# Mistakes in words: how many, and which classes are taken for which.


_PAIRS_IN_WORDS = 3
_CLASSES_IN_MATRIX = 25


def _total(model: Model, rows: int) -> str:
    """How many of `rows` test images are wrong."""
    wrong = sum(cell.count for cell in model.mistakes.cells)
    if not wrong:
        return f"{model.name} makes no mistake on {counted(rows, 'test image')}."
    return f"{model.name} is wrong on {whole(wrong)} of {counted(rows, 'test image')}."


def most_confused(pairs: list[Cell], support: dict[str, int]) -> str | None:
    """The largest cells in words. pairs: largest first."""
    if not pairs:
        return None
    first, *others = pairs[:_PAIRS_IN_WORDS]
    row = support[first.truth]
    text = (
        f"Most often {first.truth} is taken for {first.predicted}: {whole(first.count)} "
        f"of {whole(row)} ({per_cent(first.count / row)})."
    )
    if others:
        named = [f"{p.truth} for {p.predicted} ({whole(p.count)})" for p in others]
        text += f" Then {listed(named)}."
    wrong = sum(pair.count for pair in pairs)
    share = sum(pair.count for pair in pairs[:_PAIRS_IN_WORDS]) / wrong
    if len(pairs) > _PAIRS_IN_WORDS:
        text += f" These {_PAIRS_IN_WORDS} cells hold {per_cent(share)} of its mistakes."
    return text


def weakest_class(per_class: dict[str, ClassScores]) -> str | None:
    """The classes with the lowest and the highest F1, where they differ."""
    rows = [(name, scores.f1) for name, scores in per_class.items() if scores.support]
    if not rows:
        return None
    low, high = min(rows, key=lambda row: row[1]), max(rows, key=lambda row: row[1])
    if high[1] - low[1] < 0.0005:
        return None
    return f"Lowest F1: {low[0]} ({per_cent(low[1])}); highest: {high[0]} ({per_cent(high[1])})."


def _too_many_classes(classes: int, cells: int, shown: int) -> str:
    """Why there is a list of pairs instead of a matrix."""
    which = f"the {shown} largest of {whole(cells)}" if shown < cells else f"all {whole(cells)}"
    return (
        f"A matrix of {classes} classes could not be read, so the confused pairs are listed "
        f"instead: {which} cells that are not empty."
    )


_PAIRS_LISTED = 20
_AVERAGES = ("macro", "weighted")


@dataclass(frozen=True)
class ModelMistakes:
    """matrix is None where there are too many classes to read one; `pairs` are then listed."""

    model: Model
    sentences: list[str]
    matrix: list[list[Cell]] | None
    pairs: list[Cell]
    pairs_remark: str | None
    first: Cell | None
    images: dict[int, list[str]]
    report: list[tuple[str, ClassScores]]
    averages: list[tuple[str, ClassScores]]
    hardest: list[Mistake]
    wrong: int


def _mistakes_data(results: Results) -> list[ModelMistakes]:
    return [_model_mistakes(model, results) for model in models_by_rank(results)]


def _model_mistakes(model: Model, results: Results) -> ModelMistakes:
    classes = results.data.classes
    scores = model.entry.scores.test
    cells = _matrix_cells(scores.confusion, classes)
    wrong = [cell for row in cells for cell in row if not cell.right and cell.count]
    pairs = sorted(wrong, key=lambda cell: (-cell.count, cell.number))
    readable = len(classes) <= _CLASSES_IN_MATRIX
    listed = pairs[:_PAIRS_LISTED]
    return ModelMistakes(
        model=model,
        sentences=_prose(model, results, pairs),
        matrix=cells if readable else None,
        pairs=listed,
        pairs_remark=None if readable else _too_many_classes(len(classes), len(pairs), len(listed)),
        first=pairs[0] if pairs else None,
        images=_cell_images(model, len(classes)),
        report=[(name, scores.per_class[name]) for name in classes],
        averages=[(f"{kind} average", _average(scores, kind)) for kind in _AVERAGES],
        hardest=model.mistakes.hardest,
        wrong=sum(cell.count for cell in wrong),
    )


def _matrix_cells(confusion: list[list[int]], classes: list[str]) -> list[list[Cell]]:
    """The confusion counts (rows truth, columns prediction) with names and shares of the row."""
    shares = [[count / (sum(row) or 1) for count in row] for row in confusion]
    worst = max((v for t, row in enumerate(shares) for p, v in enumerate(row) if p != t), default=0)
    return [
        [
            Cell(
                truth=classes[t],
                predicted=classes[p],
                count=confusion[t][p],
                share=share,
                right=t == p,
                number=t * len(classes) + p,
                shade=_shade(share, 1.0 if t == p else worst),
            )
            for p, share in enumerate(row)
        ]
        for t, row in enumerate(shares)
    ]


def _shade(share: float, most: float) -> float:
    """Colour strength of a share; the root keeps small shares visible."""
    return round(math.sqrt(share / most), 3) if most else 0.0


def _prose(model: Model, results: Results, pairs: list[Cell]) -> list[str]:
    per_class = model.entry.scores.test.per_class
    several = len(model.entry.seeds) > 1
    found = [
        weakest_class(per_class) if several else None,
        _seeds_remark(model),
        _total(model, results.data.splits["test"].rows),
        most_confused(pairs, {name: scores.support for name, scores in per_class.items()}),
        None if several else weakest_class(per_class),
    ]
    return [text for text in found if text]


def _seeds_remark(model: Model) -> str | None:
    seeds = model.entry.seeds
    if len(seeds) < 2:
        return None
    return f"What follows is of the first of its {len(seeds)} seeds, {seeds[0].seed}."


def _cell_images(model: Model, classes: int) -> dict[int, list[str]]:
    """Image ids of each confusion cell, by the cell's number."""
    return {cell.truth * classes + cell.predicted: cell.ids for cell in model.mistakes.cells}


def _average(scores: Scores, kind: str) -> ClassScores:
    precision, recall, f1 = (
        scores.number(f"{score}_{kind}") for score in ("precision", "recall", "f1")
    )
    rows = sum(map(sum, scores.confusion))
    return ClassScores(precision=precision, recall=recall, f1=f1, support=rows)


def _images(page: list[ModelMistakes]) -> Iterator[str]:
    yield from (hard.id for model in page for hard in model.hardest)


def _images_of_cells(page: list[ModelMistakes]) -> Iterator[str]:
    """In turns, so that a full sheet leaves each cell some."""
    cells = [ids for model in page for ids in model.images.values()]
    for turn in zip_longest(*cells):
        yield from (image for image in turn if image is not None)


SECTION = Section(
    key="mistakes",
    data=_mistakes_data,
    is_shown=lambda _: True,
    template="mistakes.html.j2",
    title="Mistakes",
    anchor="mistakes",
    chapter="failures",
    images=_images,
    more_images=_images_of_cells,
    dispensable=3,
)
