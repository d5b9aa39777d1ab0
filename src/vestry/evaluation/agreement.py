"""Which members miss which images: an images-by-members matrix, grouped by its rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.predictions import EvaluatedModel
from vestry.predictions.scores import Labels
from vestry.predictions.table import ProbabilityTable

Results = dict[str, Any]
_Rows = NDArray[np.int64]
Wrong = NDArray[np.bool_]
_PATTERNS_KEPT = 60
ALL_WRONG_SHOWN = 60
ONE_RIGHT_SHOWN = 12


def agreement(
    members: list[EvaluatedModel], tables: Mapping[str, ProbabilityTable]
) -> Results | None:
    """Who is wrong on which test image, first seeds; None for fewer than two members.

    members: in study order; committees are no voices of their own here. tables: the test table of
    every maker, committees included, for what each said of an image that is shown. `patterns` are
    the sets of members that are wrong together, the most frequent first; images that all get right
    are no pattern.
    """
    if len(members) < 2:
        return None
    wrong = np.stack([~member.right for member in members], axis=1)
    counts = wrong.sum(axis=1)
    grouped = patterns(wrong)
    return {
        "members": [member.name for member in members],
        "rows": len(wrong),
        "all_right": int((counts == 0).sum()),
        "wrong": [int(count) for count in wrong.sum(axis=0)],
        "patterns": grouped[:_PATTERNS_KEPT],
        "patterns_left_out": {
            "patterns": len(grouped[_PATTERNS_KEPT:]),
            "images": sum(row["count"] for row in grouped[_PATTERNS_KEPT:]),
        },
        "all_wrong": _all_wrong(members, wrong, tables),
        "one_right": _one_right(members, wrong, tables),
    }


def patterns(wrong: Wrong) -> list[Results]:
    """wrong: (images, members). `wrong` of a pattern holds members' places in study order."""
    rows, counts = np.unique(wrong[wrong.any(axis=1)], axis=0, return_counts=True)
    order = np.lexsort((*rows.T, rows.sum(axis=1), -counts))
    return [
        {"wrong": np.flatnonzero(rows[place]).tolist(), "count": int(counts[place])}
        for place in order
    ]


def _all_wrong(
    members: list[EvaluatedModel], wrong: Wrong, tables: Mapping[str, ProbabilityTable]
) -> Results:
    """Images that no member gets right, those first of which members were surest on average.

    `alike`: on how many of them all say the same class.
    """
    said = np.stack([member.labels for member in members], axis=1)
    rows = np.flatnonzero(wrong.all(axis=1))
    sure = np.mean([confidence(tables[member.name])[rows] for member in members], axis=0)
    shown = rows[np.argsort(-sure, kind="stable")][:ALL_WRONG_SHOWN]
    return {
        "count": len(rows),
        "alike": int((said[rows] == said[rows, :1]).all(axis=1).sum()),
        "images": [_image(row, members[0], tables) for row in shown],
    }


def _one_right(
    members: list[EvaluatedModel], wrong: Wrong, tables: Mapping[str, ProbabilityTable]
) -> Results:
    """Images that a single member gets right: how many of each, its surest first."""
    alone = wrong.sum(axis=1) == len(members) - 1
    found = []
    for place, member in enumerate(members):
        rows = np.flatnonzero(alone & ~wrong[:, place])
        sure = confidence(tables[member.name])[rows]
        shown = rows[np.argsort(-sure, kind="stable")][:ONE_RIGHT_SHOWN]
        images = [_image(row, member, tables) for row in shown]
        found.append({"name": member.name, "count": len(rows), "images": images})
    return {"count": int(alone.sum()), "members": found}


def confidence(table: ProbabilityTable) -> NDArray[np.float32]:
    return np.asarray(table.probabilities.max(axis=1))


def _image(row: int, member: EvaluatedModel, tables: Mapping[str, ProbabilityTable]) -> Results:
    """One image: its id, its label, and `[label, confidence]` of every maker."""
    said = {name: _answer(table, row) for name, table in tables.items()}
    ids = tables[member.name].ids
    return {"id": str(ids[row]), "truth": int(member.truth[row]), "said": said}


def _answer(table: ProbabilityTable, row: int) -> list[float]:
    label = int(table.probabilities[row].argmax())
    return [label, float(table.probabilities[row, label])]


# What every maker says of a seeded sample of test images.


_TOP = 3
_FIRST_ROWS = 5


def votes(
    tables: dict[str, ProbabilityTable], truth: Labels, rows: int, seed: int
) -> dict[str, Any]:
    """Every maker's class, confidence and three most probable classes for a sample of rows.

    The sample depends on the seed and the number of rows alone, so it can be drawn again.
    """
    order = np.random.default_rng(seed).permutation(len(truth))[:rows]
    ids = next(iter(tables.values())).ids
    return {
        "seed": seed,
        "images": [
            {
                "id": str(ids[row]),
                "truth": int(truth[row]),
                "votes": {name: _vote(table, row) for name, table in tables.items()},
            }
            for row in sorted(order.tolist())
        ],
    }


def _vote(table: ProbabilityTable, row: int) -> dict[str, Any]:
    given = table.probabilities[row]
    top = np.argsort(-given, kind="stable")[:_TOP]
    return {
        "label": int(top[0]),
        "confidence": float(given[top[0]]),
        "top": [[int(label), float(given[label])] for label in top],
    }


def first_rows(tables: dict[str, ProbabilityTable], truth: Labels) -> dict[str, Any]:
    """The probability vectors of the first five rows, as every maker gives them."""
    ids = next(iter(tables.values())).ids
    return {
        "ids": ids[:_FIRST_ROWS].tolist(),
        "truth": truth[:_FIRST_ROWS].tolist(),
        "probabilities": {
            name: table.probabilities[:_FIRST_ROWS].tolist() for name, table in tables.items()
        },
    }
