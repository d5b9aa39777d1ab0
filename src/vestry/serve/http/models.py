"""The models that a server has: read once at its start, found by their slugs."""

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vestry.errors import ModelError
from vestry.export.bundle import Bundle, read_bundle
from vestry.serve.http.batching import Batcher, runs_inline
from vestry.serve.http.exchange import Refusal
from vestry.serve.http.gate import Gate
from vestry.serve.http.limits import Pace
from vestry.serve.http.metrics import Metrics
from vestry.serve.known_images import KnownSet
from vestry.serve.predictor import READY, Predictor
from vestry.serve.preparing import said_of

# The files to serve, looked at before any is loaded: their names in paths, what is wrong.


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


@dataclass(frozen=True, eq=False)
class ServedModel:
    """One model. samples: validation images to try, None where it has none; known: training images
    that an answer is set beside."""

    slug: str
    predictor: Predictor
    batcher: Batcher
    samples: KnownSet | None
    known: KnownSet | None

    @property
    def bundle(self) -> Bundle:
        return self.predictor.bundle

    def facts(self) -> dict[str, Any]:
        """For `GET /models`."""
        bundle = self.bundle
        return {
            "name": bundle.name,
            "slug": self.slug,
            "title": bundle.title,
            "classes": list(bundle.classes),
            "image_shape": list(bundle.image_shape),
            "preparation": bundle.prepares_as,
            "border": bundle.border,
            "members": list(bundle.members),
            "rule": bundle.rule,
            "scores": bundle.scores,
            "threshold": bundle.threshold,
            "licence": bundle.licence,
            "parameters": bundle.parameters,
            "quantized": bundle.quantized,
            "certificate": bundle.certificate,
        }


class Models:
    """Models by slug, in the order in which they were named; the first is the default."""

    def __init__(self, models: Sequence[ServedModel]) -> None:
        self.by_slug = {model.slug: model for model in models}
        self.default = models[0]

    def __iter__(self) -> Iterator[ServedModel]:
        return iter(self.by_slug.values())

    def named(self, slug: str | None) -> ServedModel:
        """Raises Refusal where there is no such model: none is ever loaded by a request."""
        if slug is None:
            return self.default
        model = self.by_slug.get(slug)
        if model is None:
            there = ", ".join(self.by_slug)
            raise Refusal(404, f"no such model: {slug[:60]}; there is {there}")
        return model


def load_models(
    paths: Sequence[Path],
    threads: int,
    pace: Pace,
    gate: Gate,
    metrics: Metrics,
    thread: Executor,
) -> Models:
    """Read the files that `check_files` gave. thread: where models run that are not small."""
    return Models([load_model(path, threads, pace, gate, metrics, thread) for path in paths])


def load_model(
    path: Path, threads: int, pace: Pace, gate: Gate, metrics: Metrics, thread: Executor
) -> ServedModel:
    predictor = Predictor(path, threads)
    bundle = predictor.bundle
    slug = slug_of(bundle)
    inline = runs_inline(predictor, pace.batch)
    batcher = Batcher(
        predictor.votes,
        pace,
        gate,
        None if inline else thread,
        metrics.batches.labels(slug).observe,
    )
    return ServedModel(
        slug,
        predictor,
        batcher,
        None if bundle.samples is None else KnownSet.of(bundle.samples, bundle),
        None if bundle.known is None else KnownSet.of(bundle.known, bundle),
    )
