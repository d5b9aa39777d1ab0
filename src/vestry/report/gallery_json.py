"""What the page's script needs to show one mistake after another."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from vestry.report.sections.attribution import Explained, Explanation
from vestry.report.sections.gallery import FIRST_SHOWN, LISTED, Gallery, Known
from vestry.report.sprite import Sheet


def gallery_json(
    gallery: Gallery | None,
    classes: list[str],
    explanation: Explanation | None,
    sheet: Sheet,
    map_sheet: Sheet | None,
) -> dict[str, Any] | None:
    """models: in the page's order, each with its mistakes as places in `images`. images: id, label,
    place on the sheet, one answer a model by its place in the study (null, label, or label and
    confidence), and what is doubted. near, maps: by image."""
    if gallery is None:
        return None
    order = {one.id: number for number, one in enumerate(gallery.images)}
    explained = explanation.models if explanation else []
    return {
        "chosen": gallery.chosen.model.anchor,
        "classes": classes,
        "first": FIRST_SHOWN,
        "listed": LISTED,
        "columns": sheet.columns,
        "map_columns": map_sheet.columns if map_sheet else 1,
        "models": [
            {
                "anchor": of.model.anchor,
                "name": of.model.name,
                "slug": of.model.slug,
                "series": of.model.series,
                "mistakes": [order[one.id] for one in of.mistakes],
            }
            for of in gallery.models
        ],
        "images": [_image(one, len(gallery.models), sheet) for one in gallery.images],
        "doubts": {
            image: [doubt.given, doubt.panel, doubt.panel_probability]
            for image, doubt in gallery.doubts.items()
            if image in order
        },
        "near": _near(explained, sheet),
        "maps": _maps(explained, map_sheet),
    }


def _image(one: Known, models: int, sheet: Sheet) -> list[Any]:
    said: list[Any] = [None] * models
    for series, (label, confidence) in one.said.items():
        said[series] = label if confidence is None else [label, confidence]
    return [one.id, one.truth, sheet.place.get(one.id), said]


def _near(models: Sequence[Explained], sheet: Sheet) -> dict[str, list[list[Any]]]:
    """Training images like a mistake, whoever made it: id, class, distance, place on the sheet."""
    looks = [look for shown in models for look in shown.mistakes if look.near]
    return {
        look.image: [[n.image, n.label, n.distance, sheet.place.get(n.image)] for n in look.near]
        for look in looks
    }


def _maps(models: Sequence[Explained], map_sheet: Sheet | None) -> dict[str, list[list[Any]]]:
    """What models' answers rest on: the model, the map's place on its sheet, its words."""
    places = map_sheet.place if map_sheet else {}
    found: dict[str, dict[int, list[Any]]] = defaultdict(dict)
    for shown in models:
        for look in [*shown.sample, *shown.mistakes]:
            if look.tile in places:
                series = shown.model.series
                found[look.image][series] = [series, places[look.tile], look.loss]
    return {image: list(rows.values()) for image, rows in found.items()}
