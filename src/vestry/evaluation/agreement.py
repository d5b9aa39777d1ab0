"""Which members miss which images: an images-by-members matrix, grouped by its rows."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.predictions import EvaluatedModel
from vestry.predictions.table import Labels, ProbabilityTable
from vestry.schema.analysis import (
    Agreement,
    AllWrong,
    OneRight,
    OnlyRight,
    Pattern,
    PatternsLeftOut,
    SaidImage,
)
from vestry.schema.results import FirstRows, VotedImage, Votes, VotesOfModel

_Wrong = NDArray[np.bool_]
_Tables = Mapping[str, ProbabilityTable]
_PATTERNS_KEPT = 60
ALL_WRONG_SHOWN = 60
ONE_RIGHT_SHOWN = 12


def agreement(members: list[EvaluatedModel], tables: _Tables) -> Agreement | None:
    """Who is wrong on which test image, first seeds; None for fewer than two members.

    members: in study order; committees are no voices of their own here. tables: the test table of
    every model, committees included, for what each said of an image that is shown.
    """
    if len(members) < 2:
        return None
    wrong = np.stack([~member.right for member in members], axis=1)
    grouped = patterns(wrong)
    more = grouped[_PATTERNS_KEPT:]
    return Agreement(
        members=[member.name for member in members],
        rows=len(wrong),
        all_right=int((wrong.sum(axis=1) == 0).sum()),
        wrong=wrong.sum(axis=0).tolist(),
        patterns=grouped[:_PATTERNS_KEPT],
        patterns_left_out=PatternsLeftOut(
            patterns=len(more), images=sum(pattern.count for pattern in more)
        ),
        all_wrong=_all_wrong(members, wrong, tables),
        one_right=_one_right(members, wrong, tables),
    )


def patterns(wrong: _Wrong) -> list[Pattern]:
    """Sets of members that are wrong together, the most frequent first.

    wrong: (images, members).
    """
    rows, counts = np.unique(wrong[wrong.any(axis=1)], axis=0, return_counts=True)
    order = np.lexsort((*rows.T, rows.sum(axis=1), -counts))
    return [
        Pattern(wrong=np.flatnonzero(rows[place]).tolist(), count=int(counts[place]))
        for place in order
    ]


def _all_wrong(members: list[EvaluatedModel], wrong: _Wrong, tables: _Tables) -> AllWrong:
    said = np.stack([member.labels for member in members], axis=1)
    rows = np.flatnonzero(wrong.all(axis=1))
    sure = np.mean([_confidence(tables[member.name])[rows] for member in members], axis=0)
    shown = rows[np.argsort(-sure, kind="stable")][:ALL_WRONG_SHOWN]
    return AllWrong(
        count=len(rows),
        alike=int((said[rows] == said[rows, :1]).all(axis=1).sum()),
        images=[_image(row, members[0], tables) for row in shown],
    )


def _one_right(members: list[EvaluatedModel], wrong: _Wrong, tables: _Tables) -> OneRight:
    """Each member's surest images first."""
    alone = wrong.sum(axis=1) == len(members) - 1
    found = []
    for place, member in enumerate(members):
        rows = np.flatnonzero(alone & ~wrong[:, place])
        sure = _confidence(tables[member.name])[rows]
        shown = rows[np.argsort(-sure, kind="stable")][:ONE_RIGHT_SHOWN]
        images = [_image(row, member, tables) for row in shown]
        found.append(OnlyRight(name=member.name, count=len(rows), images=images))
    return OneRight(count=int(alone.sum()), members=found)


def _confidence(table: ProbabilityTable) -> NDArray[np.float32]:
    return np.asarray(table.probabilities.max(axis=1))


def _image(row: int, member: EvaluatedModel, tables: _Tables) -> SaidImage:
    return SaidImage(
        id=str(tables[member.name].ids[row]),
        truth=int(member.truth[row]),
        said={name: _answer(table, row) for name, table in tables.items()},
    )


def _answer(table: ProbabilityTable, row: int) -> tuple[int, float | None]:
    label = int(table.probabilities[row].argmax())
    return label, None if table.only_labels else float(table.probabilities[row, label])


# What every model says of a seeded sample of test images.


_TOP = 3
_FIRST_ROWS = 5


def votes(tables: _Tables, truth: Labels, rows: int, seed: int) -> Votes:
    """Every model's class, confidence and three most probable classes for a sample of rows.

    The sample depends on the seed and the number of rows alone, so it can be drawn again.
    """
    order = np.random.default_rng(seed).permutation(len(truth))[:rows]
    ids = next(iter(tables.values())).ids
    images = [
        VotedImage(
            id=str(ids[row]),
            truth=int(truth[row]),
            votes={name: _vote(table, row) for name, table in tables.items()},
        )
        for row in sorted(order.tolist())
    ]
    return Votes(seed=seed, images=images)


def _vote(table: ProbabilityTable, row: int) -> VotesOfModel:
    if table.only_labels:
        return VotesOfModel(label=int(table.labels[row]), confidence=None, top=[])
    given = table.probabilities[row]
    order = np.argsort(-given, kind="stable")[:_TOP]
    top = [(int(label), float(given[label])) for label in order]
    return VotesOfModel(label=top[0][0], confidence=top[0][1], top=top)


def first_rows(tables: _Tables, truth: Labels) -> FirstRows:
    """The probability vectors of the first five rows, as every model gives them."""
    ids = next(iter(tables.values())).ids
    return FirstRows(
        ids=ids[:_FIRST_ROWS].tolist(),
        truth=truth[:_FIRST_ROWS].tolist(),
        probabilities={
            name: table.probabilities[:_FIRST_ROWS].tolist()
            for name, table in tables.items()
            if not table.only_labels
        },
    )
