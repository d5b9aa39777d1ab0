"""The models that a server has: read once at its start, found by their slugs."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vestry.export.bundle import Bundle
from vestry.serve.http.batching import Batcher, runs_inline
from vestry.serve.http.exchange import Refusal
from vestry.serve.http.gate import Gate
from vestry.serve.http.limits import Pace
from vestry.serve.http.metrics import Metrics
from vestry.serve.http.model_files import slug_of
from vestry.serve.known_images import KnownSet
from vestry.serve.predictor import Predictor


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
