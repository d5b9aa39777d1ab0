"""The models that `vestry try` and `vestry init` begin with, as text of a study file."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vestry.members.networks.recipes import written_out
from vestry.system.platform_calls import usable_memory

Family = Literal["linear", "neighbours", "trees", "kernel", "network", "pretrained"]
_MOST_NEIGHBOURS, _MOST_KERNEL = 20_000, 60_000
_CELLS = 8
"""Of a side: what gradients are counted in, and twice as large ones."""
_GRADIENTS = 2_800
"""Numbers that both make of an image."""
_COMPONENTS, _WORTH_REDUCING = 300, 1_000
"""Principal components, and from how many rows on they save more than they cost."""
_MEMORY, _VALUE_BYTES = 0.7, 12
"""Of memory, what features may take; and what each pixel value takes where a model wants all."""
_FEW = 1_000
_LEAST_SIDE, _LEAST_RESIDUAL = 4, 8
"""No pooling goes below images of so many pixels a side; and below this the residual networks'
three do not fit.
"""
_MOST_EPOCHS = 40
_MOVED, _MIXED, _ALTERED = 0.1, 0.4, 5_000
"""Of a side, by which images are moved at most; how far two are mixed; and up to how many rows that
gains more than it costs in time.
"""
_BY_BUDGET = ("epochs", "least_steps")
"""What a recipe says of its length goes here by the time that there is."""


@dataclass(frozen=True)
class Candidate:
    """body: what a `[[model]]` has beside its name and `epochs`. growth: its fit takes as long as
    the number of rows to this power. most: rows beyond which it is not worth its time. batch: of a
    network."""

    name: str
    family: Family
    why: str
    body: str
    growth: float = 1.0
    most: int | None = None
    batch: int = 0

    @property
    def is_network(self) -> bool:
        return self.family == "network"

    def text(self, passes: int | None, rows: int = 0) -> str:
        """Its table in a study file. passes: of a network over the rows, which are so many where
        an epoch may go through them several times."""
        lines = [f"[[model]]  # {self.why}", f"name = {json.dumps(self.name)}", self.body]
        if self.is_network:
            lines += _length(passes or 1, rows, self.batch)
        return "\n".join(lines) + "\n"


def _length(passes: int, rows: int, batch: int) -> list[str]:
    """Many passes over few rows are parted into epochs that are worth a look each."""
    if not rows or passes <= _MOST_EPOCHS:
        return [f"epochs = {passes}"]
    return [f"epochs = {_MOST_EPOCHS}", f"least_steps = {math.ceil(passes * rows / batch)}"]


def candidates(image_shape: tuple[int, ...], rows: int) -> tuple[list[Candidate], list[Candidate]]:
    """Models of unlike families for images of this shape, (height, width[, 3]), and that many
    training rows; and those that so many rows rule out."""
    height, width, *colour = image_shape
    pixels = height * width * (3 if colour else 1)
    found = [*_classical(pixels, min(height, width), rows), *_networks(min(height, width), rows)]
    out = [each for each in found if each.most is not None and rows > each.most]
    return [each for each in found if each not in out], out


def _classical(pixels: int, side: int, rows: int) -> list[Candidate]:
    held = _most_rows(pixels + _GRADIENTS)
    forest = 'estimator = "sklearn.ensemble.ExtraTreesClassifier"\nparams = { n_estimators = 100 }'
    return [
        Candidate(
            "Linear",
            "linear",
            "the cheapest that learns",
            'estimator = "sklearn.linear_model.LogisticRegression"\n'
            "params = { max_iter = 100, C = 0.1 }",
            growth=1.2,
            most=_most_rows(pixels),
        ),
        Candidate(
            "Nearest neighbours",
            "neighbours",
            "nothing to learn, much to store",
            'estimator = "sklearn.neighbors.KNeighborsClassifier"\n'
            'params = { n_neighbors = 3, weights = "distance" }',
            most=_MOST_NEIGHBOURS if pixels < 4_000 else _MOST_NEIGHBOURS // 4,
        ),
        Candidate(
            "Forest", "trees", "no scale, no tuning", forest, growth=1.2, most=_most_rows(pixels)
        ),
        Candidate(
            "SVM",
            "kernel",
            "strong with few rows, on directions of edges and pixels",
            'estimator = "sklearn.svm.SVC"\nparams = { C = 10.0 }\n' + _features(side, rows),
            growth=2.0,
            most=_MOST_KERNEL if held is None else min(held, _MOST_KERNEL),
        ),
    ]


def _features(side: int, rows: int) -> str:
    """Histograms of gradients in two sizes of cells, and the pixels, for images of this side."""
    cell = max(2, round(side / _CELLS))
    cells = [cell, 2 * cell] if side > 2 * cell else [cell]
    steps = [f"{{ hog = {each}, bins = 12, signed = true }}" for each in cells]
    steps.append("{ pixels = true, weight = 0.5 }")
    if rows >= _WORTH_REDUCING:
        steps.append(f"{{ pca = {_COMPONENTS} }}")
    return "\n".join(["features = [", *(f"    {each}," for each in steps), "]"])


def _most_rows(pixels: int) -> int | None:
    """Rows of so many pixel values of which memory holds the features, with room for a fit."""
    memory = usable_memory()
    return None if memory is None else int(_MEMORY * memory / (_VALUE_BYTES * pixels))


def _networks(side: int, rows: int) -> list[Candidate]:
    pools = _pools(side)
    batch = 32 if rows < _FEW else 64
    shared = f"batch_size = {batch}\nschedule = {{ cosine = true }}"
    middle = _layers([32, 64, 128][: pools + 1], pools)
    small = _layers([16, 32][: pools + 1], pools, norm=False)
    flips = '\naugmentation = "auto"'
    return [
        Candidate(
            "Small CNN",
            "network",
            "a network that is quick everywhere",
            small + shared,
            batch=batch,
        ),
        Candidate(
            "CNN", "network", "with batch normalisation", middle + shared + flips, batch=batch
        ),
        *(_residual(side, rows) if side >= _LEAST_RESIDUAL else []),
    ]


def _residual(side: int, rows: int) -> list[Candidate]:
    """The networks of recipes, in two sizes. Of few rows the larger learns from images that are
    moved and mixed, the smaller from them as they are: on some sets one is ahead, on some the
    other."""
    batch = 32 if rows < _FEW else 128
    moved = {"pad_crop": max(1, round(_MOVED * side)), "mixup": _MIXED}
    found = []
    for name, size, more, why in (
        ("Narrow ResNet", "xs", {}, "residual sums, few filters; trained by Muon"),
        ("ResNet", "m", moved, "residual sums, twice as wide; trained by Muon"),
    ):
        altered = {"horizontal_flip": "auto", **(more if rows <= _ALTERED else {})}
        entry = written_out(
            {"recipe": "fast", "size": size, "batch_size": batch, "augmentation": altered}
        )
        kept = {key: value for key, value in entry.items() if key not in _BY_BUDGET}
        found.append(Candidate(name, "network", why, _text(kept), batch=batch))
    return found


def _text(entry: Mapping[str, Any]) -> str:
    """As lines of a study file, a layer a line."""
    lines = ["layers = [", *(f"    {_inline(layer)}," for layer in entry["layers"]), "]"]
    lines += [f"{key} = {_inline(value)}" for key, value in entry.items() if key != "layers"]
    return "\n".join(lines)


def _inline(value: Any) -> str:
    """TOML of settings, on one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_inline(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value)


def _pools(side: int) -> int:
    """How often images of this side can be halved, three times at most."""
    count = 0
    while count < 3 and side // 2 >= _LEAST_SIDE:
        side, count = side // 2, count + 1
    return count


def _layers(widths: Sequence[int], pools: int, norm: bool = True) -> str:
    lines = ["layers = ["]
    for number, width in enumerate(widths):
        block = [f'{{ conv = {width}, kernel = 3, padding = "same" }}']
        block += ["{ batch_norm = true }"] if norm else []
        block += ["{ pool = 2 }"] if number < pools else []
        lines.append(f"    {', '.join(block)},")
    return "\n".join(
        [*lines, "    { flatten = true }, { dropout = 0.3 }, { dense = 64 },", "]", ""]
    )
