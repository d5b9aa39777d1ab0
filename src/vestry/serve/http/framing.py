"""How a request says where its body ends, and whom it is for: in one way, or it is refused.

What a proxy in front of the server reads otherwise than the server does lets one request hide in
another (request smuggling; RFC 9112, 6.1, 6.3 and 11.2).
"""

from collections.abc import Iterable

import httptools
from starlette.exceptions import HTTPException

_SMALL = 64 * 2**10
_MOST_AHEAD = 50
"""Requests that a client may send before the first of them is answered."""
_SPOKEN = ("1.0", "1.1")
Headers = list[tuple[bytes, bytes]]


def problem_of(version: str, headers: Headers, ahead: int) -> HTTPException | None:
    """What is wrong with a request that the parser takes and nobody should; headers: lower-case
    names; ahead: requests on its connection that wait for their answers.

    The parser itself refuses lengths that contradict each other, and a length beside chunks.
    """
    if version not in _SPOKEN:
        return HTTPException(505, "HTTP/1.1 is spoken here")
    if codings := _values(headers, b"transfer-encoding"):
        if version == "1.0":
            return HTTPException(400, "HTTP/1.0 has no Transfer-Encoding")
        if any(coding.strip().lower() != b"chunked" for coding in codings):
            return HTTPException(501, "the Transfer-Encoding that is understood is chunked, alone")
    if ahead >= _MOST_AHEAD:
        return HTTPException(400, "too many requests on one connection wait for answers")
    return None


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


def has_small_body(headers: Headers) -> bool:
    """Whether the rest of a refused request can be thrown away as it comes."""
    lengths = _values(headers, b"content-length")
    return bool(lengths) and len(lengths[0]) < 8 and int(lengths[0]) <= _SMALL


def _values(headers: Headers, name: bytes) -> list[bytes]:
    return [value for key, value in headers if key == name]
