"""The access log where nobody reads it: the server goes on, and counts what is lost."""

import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
import warnings
from types import SimpleNamespace

import pytest
from running_server import message, read_answer
from served_app import PNG, noise, png

from made_bundles import made_bundle
from vestry.serve.http import server
from vestry.serve.http.telemetry import MOST, LogWriter

PIPE = 1 << 16
"""Bytes that a pipe of Linux keeps before a write to it waits."""


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reader, os.fdopen(writing, "w") as writer:
        yield reader, writer


def test_what_is_put_is_written_in_order(pipe):
    reader, stream = pipe
    writer = LogWriter(stream)
    for number in range(100):
        writer.put(f"{number}\n")
    writer.close()
    stream.close()
    assert reader.read().split() == [str(number).encode() for number in range(100)]


def test_lines_beyond_the_bound_are_counted_not_waited_for(pipe):
    reader, stream = pipe
    writer = LogWriter(stream)
    piece = "x" * PIPE + "\n"
    put = MOST + 50
    writer.put(piece)
    wait_until(writer.waiting.empty)  # the first has left the queue and fills the pipe
    for _ in range(put - 1):
        writer.put(piece)
    assert writer.lost > 0
    lost = writer.lost
    written = []
    while len(written) < put - lost:
        written.append(reader.readline())
    writer.put("last\n")
    writer.close()
    stream.close()
    rest = reader.read().splitlines()
    assert json.loads(rest[0]) == {"lost": lost}
    assert rest[1] == b"last"


def wait_until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_a_server_whose_stderr_nobody_reads_answers_and_stops(tmp_path):
    model = made_bundle(tmp_path / "made.onnx")
    server = subprocess.Popen(
        [sys.executable, "-m", "vestry", "serve", "--port", "0", model],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd=tmp_path,
    )
    try:
        port = ready(server)
        answered = ask_until_full(port, body=message("POST", "/predict", png(noise()[0]), TYPE))
        assert answered == {200}
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
    finally:
        server.kill()
        server.stderr.close()
        server.wait()


TYPE = {"Content-Type": PNG}


def ready(server):
    while line := server.stderr.readline():
        if found := re.search(rb"ready at http://[\d.]+:(\d+)", line):
            return int(found[1])
    raise AssertionError("the server ended before it was ready")


def ask_until_full(port, body):
    """Statuses of so many requests that their lines fill the pipe twice."""
    lines, statuses = 2 * PIPE // 100, set()
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        for _ in range(lines):
            connection.sendall(body)
            statuses.add(read_answer(connection)[0])
    return statuses


def test_what_libraries_warn_of_goes_to_the_servers_own_log(monkeypatch):
    said = []
    app = SimpleNamespace(say=said.append, settle=lambda: said.append("settled"))

    def run(_):
        logging.getLogger("asyncio").warning("Executing %s\ntook 3 s", "x" * 3000)
        try:
            raise OSError("gone")
        except OSError:
            logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
        logging.getLogger("asyncio").info("not this")
        warnings.warn("slow", RuntimeWarning, stacklevel=1)

    monkeypatch.setattr(server, "create_app", lambda settings: app)
    monkeypatch.setattr(server, "Server", lambda *_: SimpleNamespace(run=run))
    before = [*logging.getLogger().handlers]
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        server.run_server(SimpleNamespace(limits=None), None, None)
    long, failed, warned, last = said
    assert long.startswith("vestry: asyncio: Executing x") and long.count("\n") == 1
    assert len(long) < 1100 and "signs more" in long
    assert failed.startswith("vestry: uvicorn.error: Exception in ASGI application\nTraceback")
    assert failed.endswith("OSError: gone\n")
    assert "RuntimeWarning: slow" in warned and last == "settled"
    assert logging.getLogger().handlers == before
