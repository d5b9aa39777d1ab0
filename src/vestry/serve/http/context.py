"""What all requests share: the models, read once at the start, and what lets requests in."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from starlette.exceptions import HTTPException
from starlette.requests import Request

from vestry.errors import ModelError
from vestry.export.bundle import Bundle, read_bundle
from vestry.serve import schemas
from vestry.serve.answer import Answer, answers_of
from vestry.serve.http.batching import Batcher, BatchingSettings, Votes, runs_inline
from vestry.serve.http.fast_path import check_head, whole_body
from vestry.serve.http.hosts import ONLY_LOCAL, Hosts
from vestry.serve.http.load_shedder import LoadShedder
from vestry.serve.http.request import Limits, state_of
from vestry.serve.http.telemetry import Metrics
from vestry.serve.known_images import KnownSet
from vestry.serve.model_facts import model_facts, slug_of
from vestry.serve.predictor import READY, Predictor
from vestry.serve.preprocessing import said_of

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class ModelFile:
    """A file that was read once and checked. What is in its place later is never served: not by
    a worker that starts later, either."""

    path: Path
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class ServerSettings:
    """What is served, and how. models: files that `check_files` gave. threads: of one model call.
    log: whether each request gets a line. hosts: the names that are answered to; None for all."""

    models: Sequence[ModelFile]
    threads: int = 1
    batching: BatchingSettings = field(default_factory=BatchingSettings)
    limits: Limits = field(default_factory=Limits)
    log: bool = True
    hosts: Hosts = ONLY_LOCAL


def check_files(
    paths: Sequence[Path], tell: Callable[[str], None] | None = None
) -> list[ModelFile]:
    """The files to serve, each once read; the committee that ships where none is named.

    tell: takes what must be known of a file that is served all the same. Raises ModelError where
    one cannot be served, or two have one name.
    """
    named = list(paths) or [READY]
    slugs: dict[str, Path] = {}
    files = []
    for path in named:
        content, bundle = read_bundle(path)
        files.append(ModelFile(path, content))
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
    return files


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

    def facts(self) -> schemas.Model:
        """For `GET /models`."""
        return model_facts(self.bundle, self.slug)


@dataclass(frozen=True, eq=False)
class ServerContext:
    """models: by slug, in the order in which they were named; the first is the default. thread:
    where pictures are decoded that are not small, one after the other, which bounds the memory that
    they take."""

    models: dict[str, ServedModel]
    shedder: LoadShedder
    metrics: Metrics
    limits: Limits
    deadline: float
    thread: Executor

    @property
    def default(self) -> ServedModel:
        return next(iter(self.models.values()))

    def model(self, request: Request, slug: str | None) -> ServedModel:
        """Raises HTTPException where there is no such model: none is ever loaded by a request."""
        model = self.default if slug is None else self.models.get(slug)
        if model is None:
            there = ", ".join(self.models)
            raise HTTPException(404, f"no such model: {(slug or '')[:60]}; there is {there}")
        state_of(request).model = model.slug
        return model

    async def body(self, request: Request, limit: int) -> bytes:
        """The body, whole."""
        check_head(request, limit)
        body = await whole_body(request)
        self.admit(request)
        return body

    def admit(self, request: Request) -> None:
        """From here on the request is accepted, and its deadline runs."""
        state = state_of(request)
        self.shedder.admit(state)
        state.due = asyncio.get_running_loop().time() + self.deadline

    async def in_thread(self, work: Callable[[], _Result]) -> _Result:
        """Run `work` in the thread, so that the loop goes on."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, work)

    async def votes(self, request: Request, model: ServedModel, images: NDArray[np.uint8]) -> Votes:
        """Probabilities of (n, ...) images and of each member, from a batch with others'."""
        answering = model.batcher(images)
        self.shedder.queued(state_of(request), len(images))
        return await answering

    def answers(
        self,
        request: Request,
        model: ServedModel,
        votes: Votes,
        images: NDArray[np.uint8] | None = None,
    ) -> list[Answer]:
        """Each image's answer, counted; the access log names the class of one alone. images: where
        the answer is to say whether they are unlike those that came with the model."""
        found = answers_of(model.bundle, votes, images, model.known)
        for answer in found:
            self.metrics.answer(model.slug, answer)
        if len(found) == 1:
            state_of(request).label = found[0].name
        return found


def load_context(settings: ServerSettings, shedder: LoadShedder, metrics: Metrics) -> ServerContext:
    """The models loaded and warm."""
    running = ThreadPoolExecutor(1, thread_name_prefix="model")
    models = [_load(file, settings, shedder, metrics, running) for file in settings.models]
    return ServerContext(
        {model.slug: model for model in models},
        shedder,
        metrics,
        settings.limits,
        settings.batching.deadline_seconds,
        ThreadPoolExecutor(1, thread_name_prefix="picture"),
    )


def _load(
    file: ModelFile,
    settings: ServerSettings,
    shedder: LoadShedder,
    metrics: Metrics,
    thread: Executor,
) -> ServedModel:
    """thread: where the model runs unless it is small."""
    predictor = Predictor.of(file.content, file.path, settings.threads)
    bundle = predictor.bundle
    slug = slug_of(bundle)
    inline = runs_inline(predictor, settings.batching.max_images)
    observe = metrics.batches.labels(slug).observe
    batcher = Batcher(
        predictor.votes, settings.batching, shedder, None if inline else thread, observe
    )
    samples, known = (
        None if images is None else KnownSet.of(images, bundle)
        for images in (bundle.samples, bundle.known)
    )
    return ServedModel(slug, predictor, batcher, samples, known)
