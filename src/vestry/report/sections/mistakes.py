"""The confusion of each model: a matrix where one can be read, else the most confused pairs."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from vestry.report.formatting import counted, listed, per_cent, whole
from vestry.report.models import Model, models_by_rank
from vestry.report.section import Section
from vestry.report.table import Column, Table, text_column
from vestry.schema.results import Results
from vestry.schema.scores import ClassScores

CLASSES_IN_MATRIX = 30
_PAIRS_LISTED = 20
_SHADES = 9


@dataclass(frozen=True)
class Cell:
    """One cell of a confusion matrix.

    place: its labels, true and predicted, as the gallery's script reads them. share: of its row.
    shade: 0 to 9, its colour's strength.
    """

    place: str
    truth: str
    predicted: str
    count: int
    share: float
    right: bool
    shade: int

    @property
    def style(self) -> str:
        kind = "right" if self.right else "wrong" if self.count else "zero"
        return f"{kind} s{self.shade}"


@dataclass(frozen=True)
class ModelMistakes:
    """matrix is None where there are too many classes to read one; `pairs` are then listed."""

    model: Model
    sentences: list[str]
    matrix: list[list[Cell]] | None
    pairs: list[Cell]
    pairs_remark: str | None
    table: Table


def _mistakes_data(results: Results) -> list[ModelMistakes]:
    return [_model_mistakes(model, results) for model in models_by_rank(results)]


def _model_mistakes(model: Model, results: Results) -> ModelMistakes:
    classes = results.data.classes
    cells = _matrix_cells(model.entry.scores.test.confusion, classes)
    pairs = confused_cells(cells)
    readable = len(classes) <= CLASSES_IN_MATRIX
    shown = pairs[:_PAIRS_LISTED]
    return ModelMistakes(
        model=model,
        sentences=_prose(model, results, pairs),
        matrix=cells if readable else None,
        pairs=shown,
        pairs_remark=None if readable else _too_many_classes(len(classes), len(pairs), len(shown)),
        table=_table(model, classes),
    )


def _matrix_cells(confusion: list[list[int]], classes: list[str]) -> list[list[Cell]]:
    """The confusion counts (rows truth, columns prediction) with names and shares of the row."""
    shares = [[count / (sum(row) or 1) for count in row] for row in confusion]
    worst = max((v for t, row in enumerate(shares) for p, v in enumerate(row) if p != t), default=0)
    return [
        [
            Cell(
                place=f"{t} {p}",
                truth=classes[t],
                predicted=classes[p],
                count=confusion[t][p],
                share=share,
                right=t == p,
                shade=_shade(share, 1.0 if t == p else worst),
            )
            for p, share in enumerate(row)
        ]
        for t, row in enumerate(shares)
    ]


def _shade(share: float, most: float) -> int:
    """Colour strength of a share; the root keeps small shares visible."""
    return round(_SHADES * math.sqrt(share / most)) if most else 0


def confused_cells(cells: list[list[Cell]]) -> list[Cell]:
    """Those with mistakes, the largest first."""
    wrong = [cell for row in cells for cell in row if not cell.right and cell.count]
    return sorted(wrong, key=lambda cell: -cell.count)


def _table(model: Model, classes: list[str]) -> Table:
    """The matrix itself, however many classes: rows truth, columns what the model said."""
    return Table(
        f"confusion-{model.slug}",
        f"Confusion matrix of {model.name}, test images (rows: truth){model.of_seed}",
        (text_column("true_class", "True"), *(Column(name, name, whole) for name in classes)),
        tuple(
            (name, *row)
            for name, row in zip(classes, model.entry.scores.test.confusion, strict=True)
        ),
    )


# Mistakes in words: how many, and which classes are taken for which.


_PAIRS_IN_WORDS = 3


def _prose(model: Model, results: Results, pairs: list[Cell]) -> list[str]:
    per_class = model.entry.scores.test.per_class
    found = [
        _seeds_remark(model),
        _total(model, results.data.splits["test"].rows),
        _most_confused(pairs, {name: scores.support for name, scores in per_class.items()}),
    ]
    return [text for text in found if text]


def _seeds_remark(model: Model) -> str | None:
    seeds = model.entry.seeds
    if len(seeds) < 2:
        return None
    return f"What follows is of the first of its {len(seeds)} seeds, {seeds[0].seed}."


def _total(model: Model, rows: int) -> str:
    """How many of `rows` test images are wrong."""
    wrong = sum(cell.count for cell in model.mistakes.cells)
    if not wrong:
        return f"{model.name} makes no mistake on {counted(rows, 'test image')}."
    return f"{model.name} is wrong on {whole(wrong)} of {counted(rows, 'test image')}."


def _most_confused(pairs: list[Cell], support: dict[str, int]) -> str | None:
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


def _too_many_classes(classes: int, cells: int, shown: int) -> str:
    """Why there is a list of pairs instead of a matrix."""
    which = f"the {shown} largest of {whole(cells)}" if shown < cells else f"all {whole(cells)}"
    return (
        f"A matrix of {classes} classes could not be read, so the confused pairs are listed "
        f"instead: {which} cells that are not empty. The copy holds the whole matrix."
    )


# The same in two sentences, for the head of the chapter.


def weakest_classes(model: Model, classes: list[str]) -> list[tuple[str, ClassScores]]:
    """Classes with the lowest recall of those with test images; several where they share it."""
    per_class = model.entry.scores.test.per_class
    known = [(name, per_class[name]) for name in classes if per_class[name].support]
    lowest = min((scores.recall for _, scores in known), default=1.0)
    return [row for row in known if row[1].recall == lowest]


def commonest_confusion(shown: ModelMistakes) -> Cell | None:
    """The largest cell of its mistakes; None where it makes none."""
    return shown.pairs[0] if shown.pairs else None


def _tables(page: list[ModelMistakes]) -> Iterator[Table]:
    return (shown.table for shown in page)


SECTION = Section(
    key="mistakes",
    data=_mistakes_data,
    template="mistakes.html.j2",
    title="Confusion matrix",
    anchor="mistakes",
    chapter="failures",
    tables=_tables,
)
