"""What clients that hold connections and say nothing, or a byte a second, do to all others.

    python benchmarks/connections.py [--beside OTHER/src]

Against one server by turns: 900 connections whose header drips in, a byte a second (slowloris;
fewer than the server takes, 1,000), and then 10,000 connections on which nothing is ever said.
Meanwhile one client, connected before, asks for a prediction ten times a second on its own
connection, and another connects anew each second. Prints how they are answered, when the server
closed the others, and its memory. With --beside the same of another tree's server.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cnn_a import write_cnn, write_pictures
from served import ServerProcess, cores, vestry_server
from sides import keep
from vestry.export.bundle import read_bundle

DRIPPING, SILENT = 900, 10_000
WATCHED = 14.0
"""Seconds; the server gives a header ten."""
_AT_ONCE = 200
_HEAD = b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "


@dataclass
class Seen:
    """held: seconds until a connection was closed, of each. ends: what they were told, counted.
    known, new: seconds until an answer of 200, of those who ask; refused: of which there was
    none."""

    held: list[float] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    known: list[float] = field(default_factory=list)
    new: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--beside", type=Path, help="the src of another tree of Vestry")
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most < SILENT + 100:
        raise SystemExit(f"this process may open {most} files; {SILENT + 100} are needed")
    server_core, _ = cores()
    sides = {"this tree": None} | ({"the other": options.beside} if options.beside else {})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_cnn(folder / "a.onnx")
        write_pictures(folder, read_bundle(folder / "a.onnx")[1].image_shape)
        body = min(folder.glob("*.png")).read_bytes()
        for side, sources in sides.items():
            server = vestry_server(
                folder / "a.onnx", folder / f"{side}.txt", server_core, sources=sources
            )
            keep(f"connections_{side.replace(' ', '_')}", measured(side, server, body))


def measured(side: str, server: ServerProcess, body: bytes) -> dict[str, object]:
    kept: dict[str, object] = {}
    for kind, count, drips in (("dripping", DRIPPING, True), ("silent", SILENT, False)):
        before = server.memory()
        seen = asyncio.run(attacked(server.port, body, count, drips))
        memory = [round(each / 1e6) for each in (before, server.memory())]
        ends = ", ".join(f"{number:,} {words}" for words, number in seen.ends.most_common())
        print(f"{side}, {count:,} {kind}: {ends}; closed after {spread(seen.held)} s")
        for who, found in (("connected before", seen.known), ("connecting anew", seen.new)):
            print(f"  {who}: {len(found)} answered in {spread(found, 1000)} ms")
        print(f"  not answered: {dict(seen.refused)}; memory {memory[0]} and {memory[1]} MB")
        kept[kind] = {"ends": dict(seen.ends), "refused": dict(seen.refused), "memory": memory}
    code = server.stop()
    print(f"  SIGTERM: exit {code}", flush=True)
    return kept | {"exit": code}


def spread(values: list[float], times: float = 1.0) -> str:
    if not values:
        return "none"
    median, most = times * np.median(values), times * max(values)
    return f"{median:.1f} (at most {most:.1f})"


async def attacked(port: int, body: bytes, count: int, drips: bool) -> Seen:
    seen = Seen()
    known = await asyncio.open_connection("127.0.0.1", port)
    asking = asyncio.create_task(ask_on(known, body, seen))
    connecting = asyncio.create_task(connect_anew(port, body, seen))
    gate = asyncio.Semaphore(_AT_ONCE)
    holding = [asyncio.create_task(hold(port, drips, gate, seen)) for _ in range(count)]
    await asyncio.wait(holding)
    for each in (asking, connecting):
        each.cancel()
        with suppress(asyncio.CancelledError):
            await each
    known[1].close()
    return seen


async def hold(port: int, drips: bool, gate: asyncio.Semaphore, seen: Seen) -> None:
    """Until the server closes it, or WATCHED seconds are over."""
    try:
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError as error:
        seen.ends[type(error).__name__] += 1
        return
    began = time.monotonic()
    dripping = asyncio.create_task(drip(writer)) if drips else None
    try:
        async with asyncio.timeout(WATCHED):
            told = await reader.read()
        seen.ends[told.partition(b"\r\n")[0].decode() or "closed without a word"] += 1
        seen.held.append(time.monotonic() - began)
    except TimeoutError:
        seen.ends["still open"] += 1
    except OSError as error:
        seen.ends[type(error).__name__] += 1
    finally:
        if dripping:
            dripping.cancel()
        writer.close()


async def drip(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        writer.write(_HEAD)
        while True:
            await asyncio.sleep(1)
            writer.write(b"x")
            await writer.drain()


async def ask_on(
    known: tuple[asyncio.StreamReader, asyncio.StreamWriter], body: bytes, seen: Seen
) -> None:
    while True:
        await asked(known, body, seen.known, seen)
        await asyncio.sleep(0.1)


async def connect_anew(port: int, body: bytes, seen: Seen) -> None:
    while True:
        try:
            new = await asyncio.open_connection("127.0.0.1", port)
            await asked(new, body, seen.new, seen)
            new[1].close()
        except OSError as error:
            seen.refused[type(error).__name__] += 1
        await asyncio.sleep(1)


async def asked(
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    body: bytes,
    answered: list[float],
    seen: Seen,
) -> None:
    reader, writer = connection
    began = time.monotonic()
    head = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
    try:
        writer.write(f"{head}Content-Type: image/png\r\n\r\n".encode() + body)
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        sizes = [line.split(":")[1] for line in lines if line.lower().startswith("content-length")]
        await reader.readexactly(int(sizes[0]))
    except (OSError, asyncio.IncompleteReadError) as error:
        seen.refused[type(error).__name__] += 1
        return
    if lines[0].split()[1] == "200":
        answered.append(time.monotonic() - began)
    else:
        seen.refused[lines[0]] += 1


if __name__ == "__main__":
    main()
