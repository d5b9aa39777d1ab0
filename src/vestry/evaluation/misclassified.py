"""The classes that members get wrong, taken over all of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.tested import Tested

Results = dict[str, Any]
TAKEN_FOR = 2


def misclassified(members: list[Tested]) -> Results:
    """Of each class: images that some and that all members get wrong, and what for.

    `wrong` adds up all members' mistakes; `taken_for` names the classes that most of these say.
    """
    truth = members[0].truth
    wrong = np.stack([~member.right for member in members])
    said = np.stack([member.labels for member in members])
    scores = [list(member.entry["scores"]["test"]["per_class"].values()) for member in members]
    return {
        "members": len(members),
        "rows": len(truth),
        "some_wrong": int(wrong.any(axis=0).sum()),
        "all_wrong": int(wrong.all(axis=0).sum()),
        "classes": [
            of_class(label, wrong[:, truth == label], said[:, truth == label])
            | {"mean_f1": float(np.mean([rows[label]["f1"] for rows in scores]))}
            for label in range(len(scores[0]))
        ],
    }


def of_class(label: int, wrong: NDArray[np.bool_], said: NDArray[np.int64]) -> Results:
    """wrong, said: (members, images of the class)."""
    labels, counts = np.unique(said[wrong], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:TAKEN_FOR]
    return {
        "class": label,
        "support": wrong.shape[1],
        "some_wrong": int(wrong.any(axis=0).sum()),
        "all_wrong": int(wrong.all(axis=0).sum()),
        "wrong": int(wrong.sum()),
        "taken_for": [{"class": int(labels[i]), "count": int(counts[i])} for i in order],
    }
