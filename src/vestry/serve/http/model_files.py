"""The files to serve, looked at before any is loaded: their names in paths, what is wrong."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from vestry.errors import ModelError
from vestry.export.bundle import Bundle, read_bundle
from vestry.serve.predictor import READY
from vestry.serve.preparing import said_of

QUANTIZED = "-int8"
"""Ends the slug of a quantised file, which usually has the name of the model it was made of."""


def slug_of(bundle: Bundle) -> str:
    """The model's name in paths: lower case, letters and digits, anything else a hyphen."""
    slug = re.sub(r"[^a-z0-9]+", "-", bundle.name.lower()).strip("-") or "model"
    return slug + QUANTIZED if bundle.quantized is not None else slug


def check_files(paths: Sequence[Path], tell: Callable[[str], None] | None = None) -> list[Path]:
    """The files to serve, each once read; the committee that ships where none is named.

    tell: takes what must be known of a file that is served all the same. Raises ModelError where
    one cannot be served, or two have one name.
    """
    named = list(paths) or [READY]
    slugs: dict[str, Path] = {}
    for path in named:
        _, bundle = read_bundle(path)
        if not paths and bundle.quantized is not None:
            raise ModelError(f"{path}: a quantised model is served only where it is named")
        slug = slug_of(bundle)
        if slug in slugs:
            raise ModelError(
                f"{path}: its name is {bundle.name!r}, as that of {slugs[slug]} is; models served "
                "together need names that differ. Export one of them from a study where it has "
                "another, or serve it on another port"
            )
        slugs[slug] = path
        note = said_of(bundle)
        if note and tell:
            tell(f"{path}: {note}")
    return named
