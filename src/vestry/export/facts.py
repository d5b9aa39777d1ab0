"""What a bundle says of its model: from the run's `results.json`, images that travel with it."""

import base64
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vestry.data.image_set import ImageSet
from vestry.errors import StudyError
from vestry.export.bundle import KnownImages
from vestry.schema.decision import Decision
from vestry.schema.models import Committee, Member
from vestry.schema.results import Results

_BY_LABEL = ("accuracy", "precision_macro", "recall_macro", "f1_macro")
"""Scores of the most probable class; a temperature leaves them as they are."""
_BY_PROBABILITY = ("log_loss", "brier", "ece")


def recommended(results: Results) -> str:
    """Whom the run recommends; the first by validation where no cost was measured.

    Raises StudyError where none is recommended: none meets the study's limits, or none of those
    that do is shown to be better than always answering the most frequent class. Such a model is
    exported by its name only.
    """
    found = results.decision
    if found is None:
        return results.ranking[0].name
    if found.recommended is None:
        raise StudyError(
            f"{_why_none(found)}, so none is recommended; name one with --model to export it "
            "nevertheless"
        )
    return found.recommended


def _why_none(found: Decision) -> str:
    if found.admissible:
        usual = found.majority.class_
        return f"no model of this run is shown to be better than always answering {usual!r}"
    near = f" ({found.nearest.name} comes nearest)" if found.nearest else ""
    return f"no model of this run meets the limits of its study{near}"


def entry_of(results: Results, name: str) -> Member | Committee:
    """A member's or committee's part of the results."""
    return results.members.get(name) or results.committees[name]


def scores(
    entry: Member | Committee, rows: Mapping[str, int], tempered: bool
) -> dict[str, dict[str, Any]]:
    """By split and name: `value`, `interval` (None where there is none) and `rows`.

    tempered: whether the file applies the temperature of the run's calibration; then the scores
    that hang on it are those after it.
    """
    found = {}
    for split in ("validation", "test"):
        values, intervals = entry.scores.on(split), entry.intervals.on(split)
        names = _BY_LABEL if tempered else (*_BY_LABEL, *_BY_PROBABILITY)
        found[split] = {
            name: {
                "value": values.number(name),
                "interval": intervals.get(name),
                "rows": rows[split],
            }
            for name in names
        }
    if tempered and entry.calibration:
        after = entry.calibration.after
        found["test"] |= {
            name: {"value": getattr(after, name), "interval": None, "rows": rows["test"]}
            for name in _BY_PROBABILITY
        }
    return found


def study_facts(results: Results) -> dict[str, str | None]:
    """Which study and run the model is from, and whom that recommends; without paths, since
    bundles are passed on."""
    return {
        "title": results.title,
        "hash": results.study.hash,
        "created": results.created,
        "answer": results.decision.headline if results.decision else None,
    }


def data_facts(results: Results) -> dict[str, Any]:
    data = results.data
    return {
        "source": data.source_name,
        "licence": data.licence,
        "fingerprint": data.fingerprint,
        "rows": {name: split.rows for name, split in data.splits.items()},
    }


def seeds_words(entry: Member | Committee) -> str | None:
    """That the scores are means where there are several seeds, and what this file's own is."""
    if len(entry.seeds) < 2:
        return None
    own = f"{100 * entry.first_seed('accuracy'):.1f}%"
    return (
        f"Scores are means over {len(entry.seeds)} seeds, with which the same model was fitted; "
        f"this file is the first of them (seed {entry.seeds[0].seed}), whose own test accuracy is "
        f"{own}. Confidence and thresholds are this file's own."
    )


# Labelled images that travel in a bundle: a seeded few of each class, in one PNG.


_MOST_IMAGES, _MOST_PIXELS = 400, 400 * 28 * 28
_SEED = 0


def picture_strip(rows: ImageSet, each: int) -> KnownImages:
    """Up to `each` images of every class, by one seed; fewer where they are many or large."""
    shape = rows.image_shape
    room = min(_MOST_IMAGES, _MOST_PIXELS // (shape[0] * shape[1])) // len(rows.classes)
    places = _drawn(rows.labels, len(rows.classes), max(1, min(each, room)))
    pixels = rows.images[places].reshape(-1, *shape[1:])
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", optimize=True)
    return KnownImages(
        tuple(rows.labels[places].tolist()),
        tuple(rows.ids[places].tolist()),
        base64.b64encode(stream.getvalue()).decode(),
    )


def _drawn(labels: NDArray[np.int64], classes: int, each: int) -> NDArray[np.int64]:
    # RandomState, because NumPy promises its stream for all versions (NEP 19).
    random = np.random.RandomState(_SEED)
    found = []
    for label in range(classes):
        rows = np.flatnonzero(labels == label)
        found.append(np.sort(random.permutation(rows)[:each]))
    return np.concatenate(found)
