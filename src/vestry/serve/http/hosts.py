"""Whom a request may be for.

A foreign page can have its own name lead to this machine, and its visitor's browser then asks this
server in that name and hands over the answers (DNS rebinding). Addresses as numbers need no name,
and names without a dot are given within a network: neither is a foreign page's to lead astray.
"""

import ipaddress
import re
from collections.abc import Iterable
from functools import lru_cache

from starlette.exceptions import HTTPException
from starlette.types import Scope

ONLY_LOCAL: frozenset[str] = frozenset()
_LOCAL_ADDRESSES = ("127.0.0.1", "::1", "localhost")

_FIELD = re.compile(rb"([\w.-]+|\[[0-9a-fA-F:.]*\])?(:\d*)?")
"""Name or address, and port."""

Hosts = frozenset[str] | None
"""Names with a dot that are answered, in lower case; None: all."""


def is_local(host: str) -> bool:
    """Whether a server at this address is for its own machine alone."""
    return host in _LOCAL_ADDRESSES


def hosts_of(bound: str, named: Iterable[str]) -> Hosts:
    """What a server that listens at `bound` answers to: the names that were named; all, where none
    was and other machines reach it, for it knows no name of its own."""
    names = frozenset(_bare(name) for name in named)
    return names if names or is_local(bound) else None


def check_host(scope: Scope, hosts: Hosts) -> None:
    """One Host field is what HTTP/1.1 asks of every request (RFC 9112, 3.2), and one of `hosts`.

    Raises HTTPException.
    """
    given = tuple(value for name, value in scope["headers"] if name == b"host")
    _check(given, scope.get("http_version"), hosts)


@lru_cache(256)  # clients ask for one name all the time; of what raises nothing is kept
def _check(given: tuple[bytes, ...], version: str | None, hosts: Hosts) -> None:
    if version == "1.1" and len(given) != 1:
        raise HTTPException(
            400, f"HTTP/1.1 asks for one Host field; the request has {len(given) or 'none'}"
        )
    if not all(map(_FIELD.fullmatch, given)):
        raise HTTPException(400, "the Host field is no name or address")
    if hosts is not None and not all(_is_among(value, hosts) for value in given):
        raise HTTPException(
            421, "this server does not answer to that name; start it with --allow-host NAME"
        )


def _is_among(value: bytes, hosts: frozenset[str]) -> bool:
    name = _bare(value.decode("latin-1"))
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name in hosts or bool(name and "." not in name)
    return True


def _bare(host: str) -> str:
    """Without port, brackets and the root's dot."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].removesuffix(".").lower()
