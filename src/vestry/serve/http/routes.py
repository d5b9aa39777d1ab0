"""All that the server answers: which path leads where, and what `GET /openapi.json` says of it."""

from typing import Any

from vestry.serve import schemas
from vestry.serve.http.context import ServerContext
from vestry.serve.http.fast_path import PredictionRoute
from vestry.serve.http.inference_protocol import InferenceProtocol
from vestry.serve.http.openapi import (
    BINARY,
    JSON,
    NO_MODEL,
    PICTURE,
    POSTED,
    STOPPING,
    TEXT,
    DescribedRoute,
    Operation,
    parameter,
)
from vestry.serve.http.pages import Listing, Page
from vestry.serve.http.predict import ARRAYS, FORM, PICTURES, PredictEndpoints

_FLAG = {"enum": ["0", "1"]}
_MODEL = parameter("model", "query", TEXT, "A model's slug; by default the first that is served.")
_DETAILS = parameter("details", "query", _FLAG, "1: how the image was prepared, and those like it.")
_PHOTOGRAPH = parameter(
    "photograph",
    "query",
    _FLAG,
    "1: trim, fit and centre the object of a photograph; 0: take the picture whole. By default as "
    "the training images were made.",
)
_HEADER_LENGTH = parameter(
    "Inference-Header-Content-Length",
    "header",
    {"type": "integer"},
    "Bytes of the body that are JSON, where tensors follow as bytes.",
)
_OCTETS = {"application/octet-stream": BINARY}
_NO_FILE = {404: "The page has no such file"}
_QUERY = {400: "A query field that there is not"} | NO_MODEL


def routes_of(context: ServerContext, page: Page) -> list[DescribedRoute]:
    return [*_predict_routes(context), *_page_routes(context, page), *_protocol_routes(context)]


def _predict_routes(context: ServerContext) -> list[DescribedRoute]:
    endpoints = PredictEndpoints(context)
    most, seconds = context.limits.max_images, context.limits.body_seconds
    image = {"type": "object", "properties": {"image": BINARY}, "required": ["image"]}
    images = {"type": "object", "additionalProperties": BINARY, "maxProperties": most}
    one = Operation(
        "Classify one image",
        schemas.Answer | schemas.DetailedAnswer,
        PICTURE,
        (_MODEL, _DETAILS, _PHOTOGRAPH),
        dict.fromkeys(PICTURES, BINARY) | {FORM: image},
    )
    many = Operation(
        f"Classify up to {most} images",
        list[schemas.Answer | schemas.FileAnswer | schemas.FileError],
        PICTURE,
        (_MODEL, _PHOTOGRAPH),
        {FORM: images} | dict.fromkeys(ARRAYS, BINARY),
    )
    return [
        PredictionRoute("/predict", endpoints.one, seconds, one),
        PredictionRoute("/predict/batch", endpoints.many, seconds, many),
    ]


def _page_routes(context: ServerContext, page: Page) -> list[DescribedRoute]:
    listing = Listing(context)
    html, file = {"text/html": TEXT}, {"*/*": BINARY}
    listed = Operation("The models that are served", list[schemas.Model])
    samples = Operation("Images to try, as data URLs", list[schemas.Sample], NO_MODEL)
    metrics = Operation("Prometheus's text", {"text/plain": TEXT})
    described = Operation("This document", {JSON: {"type": "object"}})
    return [
        DescribedRoute("GET", "/", page.file, Operation("The page", html, _NO_FILE)),
        DescribedRoute(
            "GET", "/page/{file}", page.file, Operation("A file of the page", file, _NO_FILE)
        ),
        DescribedRoute("GET", "/models", listing.models, listed),
        DescribedRoute("GET", "/models/{slug}/samples", listing.samples, samples),
        DescribedRoute("GET", "/metrics", listing.metrics, metrics),
        DescribedRoute("GET", "/openapi.json", listing.openapi, described),
    ]


def _protocol_routes(context: ServerContext) -> list[DescribedRoute]:
    protocol, seconds = InferenceProtocol(context), context.limits.body_seconds
    live = Operation("Whether the server is live", schemas.Live)
    ready = Operation("Whether the server is ready", schemas.Ready, STOPPING)
    found = [
        DescribedRoute("GET", "/v2", protocol.server, Operation("The server", schemas.Server)),
        DescribedRoute("GET", "/v2/health/live", protocol.live, live),
        DescribedRoute("GET", "/v2/health/ready", protocol.ready, ready),
    ]
    metadata = Operation("The model's tensors", schemas.ModelMetadata, _QUERY)
    model_ready = Operation("Whether the model is ready", schemas.ModelReady, _QUERY | STOPPING)
    answer: dict[str, Any] = {JSON: schemas.InferenceResponse}
    asked: dict[str, Any] = {JSON: schemas.InferenceRequest}
    infer = Operation(
        f"Probabilities of up to {context.limits.max_images} images, as a tensor",
        answer | _OCTETS,
        POSTED,
        (_HEADER_LENGTH,),
        asked | _OCTETS,
    )
    for model in ("/v2/models/{name}", "/v2/models/{name}/versions/{version}"):
        found += [
            DescribedRoute("GET", model, protocol.metadata, metadata),
            DescribedRoute("GET", f"{model}/ready", protocol.model_ready, model_ready),
            PredictionRoute(f"{model}/infer", protocol.infer, seconds, infer),
        ]
    return found
