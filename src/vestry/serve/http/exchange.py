"""One request and its reply, as endpoints see them."""

import asyncio
import json
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope

Headers = tuple[tuple[bytes, bytes], ...]

JSON = b"application/json"
CLOSE: Headers = ((b"connection", b"close"),)
RETRY: Headers = ((b"retry-after", b"1"),)
MOST_QUERY_FIELDS = 10

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Reply:
    body: bytes
    status: int = 200
    kind: bytes = JSON
    headers: Headers = ()


class Refusal(Exception):  # noqa: N818 - an answer, not a failure of ours
    """An answer other than 200: what is wrong, and how to go on.

    reason: a word for the metrics, where the server refuses what would have been right.
    """

    def __init__(
        self, status: int, text: str, headers: Headers = (), reason: str | None = None
    ) -> None:
        super().__init__(text)
        self.status = status
        self.headers = headers
        self.reason = reason

    def reply(self) -> Reply:
        return Reply(json_bytes({"error": str(self)}), self.status, JSON, self.headers)


class GoneError(Exception):
    """The client hung up before its request was whole."""


def busy(text: str, reason: str) -> Refusal:
    """503, to be tried again."""
    return Refusal(503, text, RETRY, reason)


def json_bytes(value: Any) -> bytes:
    return encode(value).encode("utf-8", "replace")


def json_reply(value: Any, status: int = 200) -> Reply:
    return Reply(json_bytes(value), status)


@dataclass(eq=False, slots=True)
class Call:
    """A request on its way.

    route: the path's pattern, for the metrics. places: images that it holds in the queue. held:
    bytes of its body that are accounted for. received: bytes of its body so far. arriving: whether
    there may be more. coming: whether batches wait for its images. clock: when it is given up.
    model, label: for the access log.
    """

    scope: Scope
    receive: Receive
    route: str = "unknown"
    parameters: Mapping[str, str] = field(default_factory=dict)
    places: int = 0
    held: int = 0
    received: int = 0
    arriving: bool = True
    coming: bool = False
    clock: asyncio.Timeout | None = None
    model: str | None = None
    label: str | None = None

    def header(self, name: bytes) -> bytes | None:
        """The first header of that lower-case name."""
        for key, value in self.scope["headers"]:
            if key == name:
                content: bytes = value
                return content
        return None

    def query(self, *known: str) -> MutableMapping[str, str]:
        """The query's fields; raises Refusal for any that is not `known`."""
        text = self.scope["query_string"]
        if not text:
            return {}
        try:
            fields = dict(
                parse_qsl(
                    text.decode("utf-8"),
                    keep_blank_values=True,
                    strict_parsing=True,
                    max_num_fields=MOST_QUERY_FIELDS,
                )
            )
        except ValueError:
            raise Refusal(400, "the query cannot be read") from None
        for name in fields:
            if name not in known:
                there = f"there is {', '.join(known)}" if known else "this path takes none"
                raise Refusal(400, f"no such query field: {name[:60]}; {there}")
        return fields
