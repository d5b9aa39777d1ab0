"""The section on what the models look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vestry.report.formatting import per_cent
from vestry.report.models import Model, models_by_rank
from vestry.report.plot.tiles import LEVELS, Maps, Tile, draw_tiles, palette
from vestry.report.section import Section
from vestry.report.sections import attribution_words as sentences
from vestry.report.sprite import Colour, Sheet
from vestry.schema import explanations as schema
from vestry.schema.results import Results

_FLOOR = 0.02
"""A map whose largest loss is under two points is not made to look stronger than that."""


@dataclass(frozen=True)
class Near:
    """A training image like a mistake. verdict: `said`, `true` or `other`, by its label."""

    image: str
    label: str
    distance: float
    verdict: str


@dataclass(frozen=True)
class Look:
    """One image, the map over it (None where there was no time), and what was said of it."""

    image: str
    tile: str | None
    truth: str
    predicted: str
    confidence: str | None
    loss: str | None
    near: list[Near]

    @property
    def right(self) -> bool:
        return self.truth == self.predicted


@dataclass(frozen=True)
class Explained:
    """One member. sample: images that all models were asked about; mistakes: its own worst.
    weights: class and tile."""

    model: Model
    sentences: list[str]
    sample: list[Look]
    mistakes: list[Look]
    nearest: str | None
    among: int | None
    weights: list[tuple[str, str]]
    weights_remark: str | None
    importance: str | None
    importance_remark: str | None
    remarks: list[str]


@dataclass(frozen=True)
class Explanation:
    """covers: whether there are maps of covered patches. is_colour: whether images are in colour.
    tiles: every map that is to be drawn, the least dispensable first.
    """

    lead: str | None
    models: list[Explained]
    covers: bool
    is_colour: bool
    tiles: list[Tile]

    @property
    def ramp(self) -> list[Colour]:
        """The colours from full blue to full orange on a white image."""
        return palette()[-2 * LEVELS - 1 :]


def explanation_data(results: Results) -> Explanation | None:
    """None where the study leaves it out."""
    found = results.explanations
    if not found:
        return None
    classes = results.data.classes
    models = [model for model in models_by_rank(results) if model.name in found]
    entries = [(model, found[model.name]) for model in models]
    return Explanation(
        lead=_lead(entries, {image.id for image in results.votes.images}),
        models=[_explained(model, entry, classes) for model, entry in entries],
        covers=any(entry.images for _, entry in entries),
        is_colour=len(results.data.image_shape or ()) == 3,
        tiles=[tile for model, entry in entries for tile in _map_tiles(model, entry)]
        + [tile for model, entry in entries for tile in _inside_tiles(model, entry)],
    )


def explanation_images(explanation: Explanation | None) -> list[str]:
    """Ids of all images that the section shows."""
    looks = [
        look
        for model in (explanation.models if explanation else [])
        for look in [*model.sample, *model.mistakes]
    ]
    return [image for look in looks for image in (look.image, *(near.image for near in look.near))]


def draw_map_sheet(
    explanation: Explanation | None, maps: Maps, images: Mapping[str, NDArray[np.uint8]]
) -> Sheet | None:
    """Every map of the section on one sheet; None where there is no such section."""
    return draw_tiles(explanation.tiles, maps, images) if explanation else None


def _lead(entries: list[tuple[Model, schema.Explanation]], sample: set[str]) -> str | None:
    """What one covered patch does to every model on images of the sample that all were asked about.

    sample: their ids.
    """
    looked = {model.name: entry for model, entry in entries if entry.images}
    shared = sample.intersection(*({i.id for i in entry.images} for entry in looked.values()))
    swayed = {
        name: sum(image.changed > 0 for image in entry.images if image.id in shared)
        for name, entry in looked.items()
    }
    patches = {(s.patch, s.stride) for entry in looked.values() if (s := entry.settings)}
    return sentences.swayed(swayed, len(shared), patches.pop()[0] if len(patches) == 1 else None)


def _explained(model: Model, entry: schema.Explanation, classes: list[str]) -> Explained:
    looks = {image.id: image for image in entry.images}
    weights, importance = entry.weights, entry.importance
    remarks = [entry.reason and f"Not looked into: {entry.reason}.", entry.limited]
    return Explained(
        model=model,
        sentences=sentences.maps(model.name, entry),
        sample=[_look(model, image, classes) for image in looks.values() if image.role == "sample"],
        mistakes=[
            _look(model, looks.get(mistake.id, mistake), classes, mistake.images)
            for mistake in entry.nearest
        ],
        nearest=sentences.nearest(entry.nearest),
        among=entry.nearest_among,
        weights=[
            (name, _tile_name(model, key))
            for name, key in zip(classes, weights.maps if weights else [], strict=False)
        ],
        weights_remark=sentences.weights(weights) if weights else None,
        importance=_tile_name(model, importance.map) if importance else None,
        importance_remark=" ".join(sentences.importance(importance)) if importance else None,
        remarks=[text for text in remarks if text],
    )


def _look(
    model: Model,
    image: schema.ExplainedImage | schema.NearestImages,
    classes: list[str],
    near: Sequence[schema.NearImage] = (),
) -> Look:
    """near: training images like it. An image without a map has no confidence here."""
    covered = image if isinstance(image, schema.ExplainedImage) else None
    verdicts = {image.truth: "true", image.predicted: "said"}
    return Look(
        image=image.id,
        tile=_tile_name(model, covered.map) if covered else None,
        truth=classes[image.truth],
        predicted=classes[image.predicted],
        confidence=per_cent(covered.confidence) if covered else None,
        loss=sentences.loss(covered) if covered else None,
        near=[
            Near(one.id, classes[one.label], one.distance, verdicts.get(one.label, "other"))
            for one in near
        ],
    )


def _tile_name(model: Model, key: str) -> str:
    return f"{model.name}/{key}"


def _map_tiles(model: Model, entry: schema.Explanation) -> list[Tile]:
    names = [(_tile_name(model, image.map), image.id) for image in entry.images]
    return [Tile(name, image, name, _FLOOR) for name, image in names]


def _inside_tiles(model: Model, entry: schema.Explanation) -> list[Tile]:
    """Its importance, and its weights: all classes on one scale."""
    own = [_tile_name(model, entry.importance.map)] if entry.importance else []
    weights = [_tile_name(model, key) for key in (entry.weights.maps if entry.weights else [])]
    scale = _tile_name(model, "weights")
    return [Tile(name, None, name) for name in own] + [Tile(n, None, scale) for n in weights]


SECTION = Section(
    key="explanation",
    data=explanation_data,
    template="attribution.html.j2",
    style="attribution.css.j2",
    title="What they look at",
    anchor="explanation",
    chapter="failures",
    images=explanation_images,
    dispensable=4,
)
