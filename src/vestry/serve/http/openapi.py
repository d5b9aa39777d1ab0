"""The server described in OpenAPI 3.1, for `GET /openapi.json`."""

from vestry.serve.http.limits import Limits
from vestry.serve.http.openapi_schemas import (
    BINARY,
    FACTS,
    FLAG,
    INTEGER,
    SCHEMAS,
    TEXT,
    Document,
    array,
    fields,
    ref,
)
from vestry.version import __version__

JSON = "application/json"

POSTED = {
    400: "The request cannot be understood",
    408: "The body did not arrive in time",
    413: "Larger than is read",
    415: "A Content-Type or Content-Encoding that is not read",
    503: "Full, late or stopping; try again after Retry-After",
}
PICTURE = {422: "No image that can be read"}
NO_MODEL = {404: "No such model"}
QUERY = {400: "A query field that there is not"}


def parameter(name: str, where: str, schema: Document, words: str) -> Document:
    return {
        "name": name,
        "in": where,
        "required": where == "path",
        "schema": schema,
        "description": words,
    }


NAME = parameter("name", "path", TEXT, "A model's slug.")
SLUG = parameter("slug", "path", TEXT, "A model's slug.")
VERSION = parameter("version", "path", {"const": "1"}, "Every model has version 1 alone.")
MODEL = parameter("model", "query", TEXT, "A model's slug; by default the first that is served.")
DETAILS = parameter(
    "details", "query", {"enum": ["0", "1"]}, "1: how the image was prepared, and those like it."
)
PHOTOGRAPH = parameter(
    "photograph",
    "query",
    {"enum": ["0", "1"]},
    "1: trim, fit and centre the object of a photograph; 0: take the picture whole. By default as "
    "the training images were made.",
)
HEADER_LENGTH = parameter(
    "Inference-Header-Content-Length",
    "header",
    INTEGER,
    "Bytes of the body that are JSON, where tensors follow as bytes.",
)


def content(*kinds: tuple[str, Document]) -> Document:
    return {kind: {"schema": schema} for kind, schema in kinds}


def operation(
    summary: str,
    answer: Document,
    errors: dict[int, str] | None = None,
    *parameters: Document,
    body: Document | None = None,
) -> Document:
    found: Document = {
        "summary": summary,
        "responses": {"200": {"description": "The answer", "content": answer}}
        | {
            str(status): {"description": words, "content": content((JSON, ref("Error")))}
            for status, words in sorted((errors or {}).items())
        },
    }
    if parameters:
        found["parameters"] = list(parameters)
    if body is not None:
        found["requestBody"] = {"required": True, "content": body}
    return found


def document(limits: Limits) -> Document:
    """The whole of it. Every path that the server answers, and no other."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Vestry",
            "version": __version__,
            "description": "Classifies small images with exported models.",
        },
        "paths": pages() | predictions(limits) | protocol(limits),
        "components": {"schemas": SCHEMAS},
    }


def pages() -> Document:
    listed = content((JSON, array(ref("Model"))))
    samples = content((JSON, array(ref("Sample"))))
    file = parameter("file", "path", TEXT, "A file of the page.")
    html = content(("text/html", TEXT))
    no_file = {404: "The page has no such file"}
    return {
        "/": {"get": operation("The page", html, no_file)},
        "/page/{file}": {
            "get": operation("A file of the page", content(("*/*", BINARY)), no_file, file)
        },
        "/models": {"get": operation("The models that are served", listed)},
        "/models/{slug}/samples": {
            "get": operation("Images to try, as data URLs", samples, NO_MODEL, SLUG)
        },
        "/metrics": {"get": operation("Prometheus's text", content(("text/plain", TEXT)))},
        "/openapi.json": {"get": operation("This document", content((JSON, FACTS)))},
    }


def predictions(limits: Limits) -> Document:
    image = fields({"image": BINARY})
    images = {"type": "object", "additionalProperties": BINARY, "maxProperties": limits.images}
    one = content(
        ("image/png", BINARY),
        ("image/jpeg", BINARY),
        ("application/octet-stream", BINARY),
        ("multipart/form-data", image),
    )
    many = content(
        ("multipart/form-data", images),
        ("application/x-npz", BINARY),
        ("application/zip", BINARY),
        ("application/octet-stream", BINARY),
    )
    errors = POSTED | PICTURE | NO_MODEL
    answers = content((JSON, array({"anyOf": [ref("Answer"), ref("FileAnswer")]})))
    detailed = {"allOf": [ref("Answer"), ref("Details")]}
    answer = content((JSON, {"anyOf": [ref("Answer"), detailed]}))
    return {
        "/predict": {
            "post": operation(
                "Classify one image", answer, errors, MODEL, DETAILS, PHOTOGRAPH, body=one
            )
        },
        "/predict/batch": {
            "post": operation(
                f"Classify up to {limits.images} images",
                answers,
                errors,
                MODEL,
                PHOTOGRAPH,
                body=many,
            )
        },
    }


def protocol(limits: Limits) -> Document:
    server = fields({"name": TEXT, "version": TEXT, "extensions": array(TEXT)})
    health = {
        f"/v2/health/{word}": {"get": operation(f"Whether the server is {word}", answer, errors)}
        for word, answer, errors in (
            ("live", content((JSON, fields({"live": FLAG}))), None),
            ("ready", content((JSON, fields({"live": FLAG, "ready": FLAG}))), {503: "Stopping"}),
        )
    }
    models: Document = {}
    for path, given in (
        ("/v2/models/{name}", (NAME,)),
        ("/v2/models/{name}/versions/{version}", (NAME, VERSION)),
    ):
        models |= model_paths(path, given, limits)
    return {"/v2": {"get": operation("The server", content((JSON, server)))}} | health | models


def model_paths(path: str, given: tuple[Document, ...], limits: Limits) -> Document:
    tensors = array(ref("TensorFacts"))
    facts = fields(
        {
            "name": TEXT,
            "versions": array(TEXT),
            "platform": TEXT,
            "inputs": tensors,
            "outputs": tensors,
        }
    )
    ready = content((JSON, fields({"name": TEXT, "ready": FLAG})))
    request = content(
        (JSON, ref("InferenceRequest")),
        ("application/octet-stream", BINARY),
    )
    answer = content((JSON, ref("InferenceResponse")), ("application/octet-stream", BINARY))
    errors = NO_MODEL | QUERY
    return {
        path: {"get": operation("The model's tensors", content((JSON, facts)), errors, *given)},
        f"{path}/ready": {
            "get": operation(
                "Whether the model is ready", ready, errors | {503: "Stopping"}, *given
            )
        },
        f"{path}/infer": {
            "post": operation(
                f"Probabilities of up to {limits.images} images, as a tensor",
                answer,
                POSTED | NO_MODEL,
                *given,
                HEADER_LENGTH,
                body=request,
            )
        },
    }
