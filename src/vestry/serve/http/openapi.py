"""The server described in OpenAPI 3.1, for `GET /openapi.json`: made of its routes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.routing import Route

from vestry.serve import schemas
from vestry.version import __version__

_Document = dict[str, Any]
Content = dict[str, Any]
"""By media type, a type of `schemas` or a schema as it is."""

JSON = "application/json"
TEXT: _Document = {"type": "string"}
BINARY: _Document = {"type": "string", "format": "binary"}
_REFERENCE = "#/components/schemas/{model}"

STOPPING = {503: "Stopping"}
NO_MODEL = {404: "No such model"}
POSTED = {
    400: "The request cannot be understood",
    408: "The body did not arrive in time",
    413: "Larger than is read",
    415: "A Content-Type or Content-Encoding that is not read",
    503: "Full, late or stopping; try again after Retry-After",
} | NO_MODEL
PICTURE = POSTED | {422: "No image that can be read"}


@dataclass(frozen=True)
class Operation:
    """What a route does. answer: its content, or the type of its JSON. parameters: those that are
    not in the path. body: what is read."""

    summary: str
    answer: Any
    errors: dict[int, str] = field(default_factory=dict)
    parameters: tuple[_Document, ...] = ()
    body: Content | None = None

    @property
    def answers(self) -> Content:
        return self.answer if isinstance(self.answer, dict) else {JSON: self.answer}


class DescribedRoute(Route):
    """A route of one method, with what `GET /openapi.json` says of it."""

    def __init__(
        self, method: str, path: str, endpoint: Callable[..., Any], operation: Operation
    ) -> None:
        super().__init__(path, endpoint, methods=[method])
        self.method = method
        self.operation = operation


def parameter(name: str, where: str, schema: _Document, words: str) -> _Document:
    return {
        "name": name,
        "in": where,
        "required": where == "path",
        "schema": schema,
        "description": words,
    }


_PATH_PARAMETERS = {
    name: parameter(name, "path", schema, words)
    for name, schema, words in (
        ("name", TEXT, "A model's slug."),
        ("slug", TEXT, "A model's slug."),
        ("version", {"const": "1"}, "Every model has version 1 alone."),
        ("file", TEXT, "A file of the page."),
    )
}


def document(routes: Sequence[DescribedRoute]) -> _Document:
    """The whole of it. Every path that the server answers, and no other."""
    # Imported here: with it a server would be ready 29 ms later.
    from pydantic import TypeAdapter  # noqa: PLC0415

    types: dict[int, Any] = {id(kind): kind for kind in _types(routes)}
    made, found = TypeAdapter.json_schemas(
        [(key, "serialization", TypeAdapter(kind)) for key, kind in types.items()],
        ref_template=_REFERENCE,
    )
    by_type = {key: schema for (key, _), schema in made.items()}
    paths: _Document = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, by_type)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Vestry",
            "version": __version__,
            "description": "Classifies small images with exported models.",
        },
        "paths": paths,
        "components": {"schemas": found["$defs"]},
    }


def _types(routes: Sequence[DescribedRoute]) -> Iterator[Any]:
    yield schemas.Error
    for route in routes:
        contents = [route.operation.answers, route.operation.body or {}]
        yield from (kind for content in contents for kind in content.values() if _is_type(kind))


def _is_type(kind: Any) -> bool:
    return not isinstance(kind, dict)


def _operation(route: DescribedRoute, by_type: dict[int, _Document]) -> _Document:
    described = route.operation

    def content(given: Content) -> _Document:
        return {
            media: {"schema": by_type[id(kind)] if _is_type(kind) else kind}
            for media, kind in given.items()
        }

    errors = content({JSON: schemas.Error})
    found: _Document = {
        "summary": described.summary,
        "responses": {"200": {"description": "The answer", "content": content(described.answers)}}
        | {
            str(status): {"description": words, "content": errors}
            for status, words in sorted(described.errors.items())
        },
    }
    in_path = [_PATH_PARAMETERS[name] for name in route.param_convertors]
    if parameters := [*in_path, *described.parameters]:
        found["parameters"] = parameters
    if described.body is not None:
        found["requestBody"] = {"required": True, "content": content(described.body)}
    return found
