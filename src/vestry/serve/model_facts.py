"""What a page and programs are told of a model before they ask it anything."""

import re

from vestry.export.bundle import Bundle
from vestry.serve import schemas

_QUANTIZED = "-int8"
"""Ends the slug of a quantised file, which usually has the name of the model it was made of."""


def slug_of(bundle: Bundle) -> str:
    """The model's name in paths: lower case, letters and digits, anything else a hyphen."""
    slug = re.sub(r"[^a-z0-9]+", "-", bundle.name.lower()).strip("-") or "model"
    return slug + _QUANTIZED if bundle.quantized is not None else slug


def model_facts(bundle: Bundle, slug: str) -> schemas.Model:
    """For JSON. slug: what the model is asked for by."""
    return {
        "name": bundle.name,
        "slug": slug,
        "title": bundle.title,
        "answer": bundle.study.get("answer"),
        "classes": list(bundle.classes),
        "image_shape": list(bundle.image_shape),
        "preparation": bundle.prepares_as,
        "border": bundle.border,
        "members": list(bundle.members),
        "rule": bundle.rule,
        "scores": bundle.scores,
        "threshold": bundle.threshold,
        "sets": bundle.sets,
        "novelty": bundle.novelty,
        "licence": bundle.licence,
        "parameters": bundle.parameters,
        "quantized": bundle.quantized,
        "certificate": bundle.certificate,
    }
