"""Reading a request's body: its type and size checked first, never more than its limit held."""

import asyncio
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

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


# Files in a multipart/form-data body that is already in memory.


MOST_HEADERS = 8
MOST_HEADER_BYTES = 2048
LONGEST_NAME = 120


@dataclass
class Part:
    """One field of the form. filename: None where it is not a file."""

    name: str = ""
    filename: str | None = None
    pieces: list[bytes] = field(default_factory=list)

    @property
    def content(self) -> bytes:
        return b"".join(self.pieces)

    def title(self, number: int) -> str:
        """What an error calls it."""
        return self.filename or f"{self.name or 'part'} {number}"


class PartReader:
    """The parser's callbacks, collecting parts; raises Refusal beyond `most` of them."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.parts: list[Part] = []
        self.name = b""
        self.value = b""
        self.ended = False

    def on_part_begin(self) -> None:
        if len(self.parts) == self.most:
            raise Refusal(413, f"more than {self.most} parts; send fewer images at a time")
        self.parts.append(Part())

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self.parts[-1].pieces.append(data[start:end])

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self.name += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self.value += data[start:end]

    def on_header_end(self) -> None:
        name, self.name = self.name.strip().lower(), b""
        value, self.value = self.value, b""
        if name == b"content-transfer-encoding" and value.strip().lower() not in PLAIN:
            raise Refusal(415, "a part is encoded for transfer; send its bytes as they are")
        if name == b"content-disposition":
            _, options = parse_options_header(value)
            self.parts[-1].name = text(options.get(b"name", b""))
            if b"filename" in options:
                self.parts[-1].filename = text(options[b"filename"])

    def on_end(self) -> None:
        self.ended = True


PLAIN = (b"binary", b"8bit", b"7bit")
CALLBACKS = (
    "on_part_begin",
    "on_part_data",
    "on_header_field",
    "on_header_value",
    "on_header_end",
    "on_end",
)


def text(value: bytes) -> str:
    return value.decode("utf-8", "replace")[:LONGEST_NAME]


def read_parts(header: bytes, body: bytes, most: int) -> list[Part]:
    """The parts of `body`, whose Content-Type is `header`; raises Refusal for anything wrong."""
    _, options = parse_options_header(header)
    boundary = options.get(b"boundary")
    if not boundary:
        raise Refusal(400, "multipart/form-data without a boundary")
    reader = PartReader(most)
    try:
        parser = MultipartParser(
            boundary,
            {name: getattr(reader, name) for name in CALLBACKS},  # type: ignore[arg-type]
            max_header_count=MOST_HEADERS,
            max_header_size=MOST_HEADER_BYTES,
        )
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise Refusal(400, f"the multipart body is damaged ({str(error)[:100]})") from None
    if not reader.ended:
        raise Refusal(400, "the multipart body ends before its last boundary")
    return reader.parts
