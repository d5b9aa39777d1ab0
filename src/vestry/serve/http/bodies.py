"""Reading a request's body: its type and size checked first, never more than its limit held."""

import asyncio

from vestry.serve.http.exchange import CLOSE, Call, GoneError, Refusal
from vestry.serve.http.gate import Gate

THROWN_AWAY = 16 * 2**20
"""Bytes of a refused body that are read and not kept."""
IDENTITY = (None, b"", b"identity")


def content_type(call: Call) -> str:
    """The body's type, lower case, without its parameters."""
    value = call.header(b"content-type") or b""
    return value.partition(b";")[0].strip().lower().decode("latin-1")


def check_head(call: Call, limit: int) -> None:
    """Refuse what the header alone condemns: compressed bodies, and ones longer than `limit`."""
    encoding = call.header(b"content-encoding")
    if encoding is not None and encoding.strip().lower() not in IDENTITY:
        raise Refusal(
            415,
            f"Content-Encoding {encoding.decode('latin-1')[:40]} is not unfolded; send the body "
            "as it is",
            CLOSE,
        )
    length = call.header(b"content-length")
    # Digits that int() refuses for their number are too many bytes, too.
    if length is not None and (len(length) > 18 or (length.isdigit() and int(length) > limit)):
        raise too_large(limit)


def too_large(limit: int) -> Refusal:
    return Refusal(413, f"the body is larger than {limit:,} bytes; send less at a time", CLOSE)


async def read_body(call: Call, gate: Gate, limit: int) -> bytes:
    """The whole body, up to `limit` bytes.

    Raises Refusal beyond it, without reading on, and GoneError where the client hangs up.
    """
    check_head(call, limit)
    body, more = await next_piece(call)
    if not more:
        check_length(len(body), limit)
        return body
    pieces = [body]
    gate.hold(call, len(body))
    while more:
        check_length(call.received, limit)
        body, more = await next_piece(call)
        gate.hold(call, len(body))
        pieces.append(body)
    check_length(call.received, limit)
    return b"".join(pieces)


def check_length(received: int, limit: int) -> None:
    if received > limit:
        raise too_large(limit)


async def next_piece(call: Call) -> tuple[bytes, bool]:
    message = await call.receive()
    if message["type"] == "http.disconnect":
        raise GoneError
    body: bytes = message.get("body", b"")
    call.received += len(body)
    call.arriving = message.get("more_body", False)
    return body, call.arriving


async def throw_away(call: Call, seconds: float) -> None:
    """Read on for a while and keep nothing.

    A connection that is closed while its sender still sends is reset, and the sender never sees
    why it was refused (RFC 9112, 9.6).
    """
    most = call.received + THROWN_AWAY
    try:
        async with asyncio.timeout(seconds):
            while call.arriving and call.received < most:
                await next_piece(call)
    except (TimeoutError, GoneError):
        pass
