"""How a request says where its body ends, and whom it is for: in one way, or it is refused.

What a proxy in front of the server reads otherwise than the server does lets one request hide in
another (request smuggling; RFC 9112, 6.1, 6.3 and 11.2).
"""

from collections.abc import Iterable

import httptools
from starlette.exceptions import HTTPException

_SPOKEN = ("1.0", "1.1")
Headers = list[tuple[bytes, bytes]]


def check_framing(version: str, headers: Headers) -> None:
    """Raise HTTPException for what the parser takes and nobody should; headers: lower-case names.

    The parser itself refuses lengths that contradict each other, and a length beside chunks.
    """
    if version not in _SPOKEN:
        raise HTTPException(505, "HTTP/1.1 is spoken here")
    codings = _values(headers, b"transfer-encoding")
    if codings and version == "1.0":
        raise HTTPException(400, "HTTP/1.0 has no Transfer-Encoding")
    if any(coding.strip().lower() != b"chunked" for coding in codings):
        raise HTTPException(501, "the Transfer-Encoding that is understood is chunked, alone")


def take_authority(url: bytes, headers: Headers) -> None:
    """Of a URL that names a host, that host is meant and not the Host field's (RFC 9112, 3.2.2).
    Raises httptools' error for what is no URL."""
    if url[:1] in (b"/", b"*"):
        return
    parsed = httptools.parse_url(url)
    host = parsed.host or b""
    headers[:] = [(name, host if name == b"host" else value) for name, value in headers]


def same_framing(version: str, headers: Headers) -> bytes:
    """A header that says of its body what these say, and nothing else: a parser that has read it
    goes on with the body."""
    kept: Iterable[tuple[bytes, bytes]] = (
        (name, value)
        for name, value in headers
        if name in (b"content-length", b"transfer-encoding")
    )
    lines = b"".join(b"%s: %s\r\n" % line for line in kept)
    return b"POST / HTTP/%s\r\n%s\r\n" % (version.encode(), lines)


def _values(headers: Headers, name: bytes) -> list[bytes]:
    return [value for key, value in headers if key == name]
