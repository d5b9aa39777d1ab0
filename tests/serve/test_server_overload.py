"""More than a server can carry: everyone is answered, nothing grows, and a stop loses nothing."""

import asyncio
import contextlib
import signal
import time
from collections import Counter

from running_server import RunningServer, message
from served_app import PNG, noise, png

from made_bundles import made_bundle

CONNECTIONS = 60
SECONDS = 2


async def answer(reader):
    """The status of the next answer; 0 where the connection ends without one."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0])
        await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return 0
    return int(head[9:12])


async def closed(writer):
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def waves(server, request):
    """All connections ask at once, again and again, until the server ends; SIGTERM comes after
    SECONDS, between asking and answering."""
    pairs = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(CONNECTIONS)]
    statuses, start, stopped = [], time.monotonic(), False
    while pairs:
        for _, writer in pairs:
            writer.write(request)
        if not stopped and time.monotonic() - start > SECONDS:
            memory = server.memory()
            server.process.send_signal(signal.SIGTERM)
            stopped = True
        found = await asyncio.gather(*(answer(reader) for reader, _ in pairs))
        statuses += found
        ends = [
            not status or reader.at_eof() for status, (reader, _) in zip(found, pairs, strict=True)
        ]
        for end, (_, writer) in zip(ends, pairs, strict=True):
            if end:
                await closed(writer)
        pairs = [pair for end, pair in zip(ends, pairs, strict=True) if not end]
    return Counter(statuses), memory


def test_an_overloaded_server_refuses_in_order_and_stops_without_loss(tmp_path):
    model = made_bundle(tmp_path / "made.onnx")
    request = message("POST", "/predict", png(noise()[0]), {"Content-Type": PNG})
    with RunningServer(tmp_path, model, "--queue", 8) as server:
        server.ask("POST", "/predict", png(noise()[0]), {"Content-Type": PNG})
        before = server.memory()
        statuses, memory = asyncio.run(waves(server, request))
        assert server.process.wait(20) == 0
        assert set(statuses) <= {200, 503, 0}
        assert min(statuses[200], statuses[503]) > CONNECTIONS
        logged = [line for line in server.requests() if line["status"] == 200]
        assert len(logged) == statuses[200] + 1
        assert memory - before < 50_000_000
        # Asked again in the moment in which the server closed the connection: never accepted.
        assert statuses[0] <= CONNECTIONS
    assert "Traceback" not in server.said()


def test_those_turned_away_are_counted(tmp_path):
    model = made_bundle(tmp_path / "made.onnx")
    request = message("POST", "/predict", png(noise()[0]), {"Content-Type": PNG})

    async def one_wave(port):
        pairs = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)]
        for _, writer in pairs:
            writer.write(request)
        found = await asyncio.gather(*(answer(reader) for reader, _ in pairs))
        for _, writer in pairs:
            await closed(writer)
        return Counter(found)

    with RunningServer(tmp_path, model, "--queue", 1) as server:
        statuses = sum((asyncio.run(one_wave(server.port)) for _ in range(3)), Counter())
        assert statuses[200] + statuses[503] == 3 * CONNECTIONS
        time.sleep(0.5)
        metrics = server.ask("GET", "/metrics")[2].decode()
        assert f'vestry_refused_total{{reason="full"}} {statuses[503]}.0' in metrics
        assert server.stop() == 0
    assert sum(line.count('"refused":') for line in server.said().splitlines()) >= 1
