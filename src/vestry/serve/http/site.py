"""The page: a few files, read into memory when the server starts, found by their exact names."""

import hashlib
from pathlib import Path

from vestry.errors import VestryError
from vestry.serve.http.carrying import Carrier
from vestry.serve.http.exchange import Call, Headers, Refusal, Reply, json_reply
from vestry.serve.http.openapi import document

FOLDER = Path(__file__).parents[1] / "page"
INDEX = "index.html"
KINDS = {
    ".html": b"text/html; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
    ".png": b"image/png",
}
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    b"media-src 'self' blob:; connect-src 'self'; form-action 'none'; base-uri 'none'; "
    b"frame-ancestors 'none'"
)
SAFE: Headers = (
    (b"content-security-policy", POLICY),
    (b"referrer-policy", b"no-referrer"),
    # Asked again each time, and answered 304 while nothing has changed: a new version shows at
    # once.
    (b"cache-control", b"no-cache"),
)


class Site:
    """files: contents by name."""

    def __init__(self, files: dict[str, tuple[bytes, bytes]]) -> None:
        self.files = {
            name: Reply(content, 200, kind, (*SAFE, (b"etag", etag(content))))
            for name, (content, kind) in files.items()
        }

    @classmethod
    def read(cls, folder: Path = FOLDER) -> "Site":
        """What of `folder` is of a kind that a page needs; raises VestryError without an index."""
        if not (folder / INDEX).is_file():
            raise VestryError(f"{folder / INDEX}: the page is missing; install vestry again")
        return cls(
            {
                path.name: (path.read_bytes(), KINDS[path.suffix])
                for path in sorted(folder.iterdir())
                if path.suffix in KINDS
            }
        )

    async def index(self, call: Call) -> Reply:
        return self.named(INDEX, call)

    async def file(self, call: Call) -> Reply:
        return self.named(call.parameters["file"], call)

    def named(self, name: str, call: Call) -> Reply:
        reply = self.files.get(name)
        if reply is None:
            raise Refusal(404, "the page has no such file")
        _, tag = reply.headers[-1]
        if call.header(b"if-none-match") == tag:
            return Reply(b"", 304, reply.kind, reply.headers)
        return reply


def etag(content: bytes) -> bytes:
    return b'"%s"' % hashlib.sha256(content).hexdigest()[:32].encode()


# What a server says of itself and its models.


class Listing:
    """Everything but the metrics is made once."""

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier
        self.known = json_reply([model.facts() for model in carrier.models])
        self.pictures = {
            model.slug: json_reply(model.samples.entries() if model.samples else [])
            for model in carrier.models
        }
        self.described = json_reply(document(carrier.limits))

    async def models(self, _: Call) -> Reply:
        return self.known

    async def samples(self, call: Call) -> Reply:
        return self.pictures[self.carrier.models.named(call.parameters["slug"]).slug]

    async def openapi(self, _: Call) -> Reply:
        return self.described

    async def metrics(self, _: Call) -> Reply:
        return self.carrier.metrics.reply()
