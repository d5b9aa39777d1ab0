"""The page, and what a server says of itself and its models."""

from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from vestry.errors import VestryError
from vestry.serve.http.context import ServerContext
from vestry.serve.http.openapi import document
from vestry.serve.http.request import JSON
from vestry.serve.page_files import INDEX, PAGE

_SUFFIXES = (".html", ".css", ".js", ".svg", ".png")
_SAFE = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    # Asked again each time, and answered 304 while nothing has changed: a new version shows at
    # once.
    "cache-control": "no-cache",
}


class Page:
    """The files of a folder that are of a kind that a page needs; raises VestryError without an
    index."""

    def __init__(self, folder: Path = PAGE) -> None:
        if not (folder / INDEX).is_file():
            raise VestryError(f"{folder / INDEX}: the page is missing; install vestry again")
        self.files = StaticFiles(directory=folder)

    async def file(self, request: Request) -> Response:
        name = request.path_params.get("file", INDEX)
        if Path(name).suffix not in _SUFFIXES:
            raise HTTPException(404, "the page has no such file")
        response = await self.files.get_response(name, request.scope)
        response.headers.update(_SAFE)
        return response


class Listing:
    """Everything but the metrics is made once."""

    def __init__(self, context: ServerContext) -> None:
        self.context = context
        self.known = JSON([model.facts() for model in context.models.values()])
        self.pictures = {
            slug: JSON(model.samples.entries() if model.samples else [])
            for slug, model in context.models.items()
        }
        self.described: JSON | None = None

    async def models(self, _: Request) -> JSON:
        return self.known

    async def samples(self, request: Request) -> JSON:
        return self.pictures[self.context.model(request, request.path_params["slug"]).slug]

    async def metrics(self, _: Request) -> Response:
        return Response(self.context.metrics.text(), media_type=CONTENT_TYPE_LATEST)

    def openapi(self, request: Request) -> JSON:
        """Not a coroutine, so that Starlette runs it in a thread: its first time is slow."""
        if self.described is None:
            self.described = JSON(document(request.app.routes))
        return self.described
