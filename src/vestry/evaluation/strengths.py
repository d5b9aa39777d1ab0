"""Which classes a maker is good and bad at, and which it takes for one another."""

from typing import Any

import numpy as np

Results = dict[str, Any]
CLASSES_NAMED = 3
PAIRS_LISTED = 10
LEAST_GAP = 0.0005


def strengths(scores: Results) -> Results:
    """Classes of high and of low F1, and the most confused pairs, from a maker's test scores."""
    pairs = confused_pairs(np.array(scores["confusion"]))
    return {
        **ends(list(scores["per_class"].values())),
        "confused": pairs[:PAIRS_LISTED],
        "confused_pairs": len(pairs),
    }


def ends(rows: list[Results]) -> Results:
    """Up to three classes of each end, no class in both; none where all F1 are alike.

    rows: the scores of each class, in class order. A class without test images has no place.
    """
    found = [{"class": label, "f1": row["f1"]} for label, row in enumerate(rows) if row["support"]]
    found.sort(key=lambda row: -row["f1"])
    if not found or found[0]["f1"] - found[-1]["f1"] < LEAST_GAP:
        return {"high": [], "low": []}
    count = min(CLASSES_NAMED, len(found) // 2)
    return {"high": found[:count], "low": found[::-1][:count]}


def confused_pairs(confusion: Any) -> list[Results]:
    """Pairs of classes by how many images of the one are taken for the other, both ways added.

    confusion: (classes, classes) counts, rows the truth. Pairs that are never confused are left
    out; the first of equals is that of the smaller labels.
    """
    both = np.triu(confusion + confusion.T, k=1)
    firsts, seconds = np.nonzero(both)
    pairs = [
        {
            "classes": [int(i), int(j)],
            "count": int(both[i, j]),
            "i_as_j": int(confusion[i, j]),
            "j_as_i": int(confusion[j, i]),
        }
        for i, j in zip(firsts, seconds, strict=True)
    ]
    return sorted(pairs, key=lambda pair: (-int(pair["count"]), pair["classes"]))
