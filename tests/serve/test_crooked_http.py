"""Requests as nobody should send them, to the server as it is started: each is answered in one way,
what follows it on its connection is never taken for a part of it, and log and metrics have it."""

import json
import re
import time
from collections import Counter

import pytest
from running_server import RunningServer, message
from served_app import PNG, noise, png

from made_bundles import made_bundle

PICTURE = png(noise()[0])
SIZE = str(len(PICTURE)).encode()
CHUNK = b"%x\r\n%s\r\n" % (len(PICTURE), PICTURE)
CHUNKS = CHUNK + b"0\r\n\r\n"
LIVE = b"GET /v2/health/live HTTP/1.1\r\n"
LAST = b"GET /v2/health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


def post(fields, body=PICTURE, version=b"1.1"):
    head = b"POST /predict HTTP/%s\r\nHost: x\r\nContent-Type: %s\r\n" % (version, PNG.encode())
    return head + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


def chunked(body, *fields):
    return post((b"Transfer-Encoding: chunked", *fields), body)


def live(*fields):
    return LIVE + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


LENGTH = b"Content-Length: " + SIZE
TAKEN = {
    "a length": post([LENGTH]),
    "a length with zeros before": post([b"Content-Length: 000" + SIZE]),
    "chunks": chunked(CHUNKS),
    "chunks, in capitals": post([b"Transfer-Encoding: CHUNKED"], CHUNKS),
    "an extension of a chunk": chunked(CHUNK.replace(b"\r\n", b";a=b\r\n", 1) + b"0\r\n\r\n"),
    "a trailer": chunked(CHUNK + b"0\r\nX: y\r\n\r\n"),
    "a trailer that is a header's": chunked(CHUNK + b"0\r\nContent-Encoding: gzip\r\n\r\n"),
    "HTTP/2 offered": post([LENGTH, b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c"]),
    "HTTP/2 offered, chunks": chunked(CHUNKS, b"Connection: upgrade", b"Upgrade: h2c"),
    "HTTP/2 offered, no body": live(b"Host: x", b"Connection: Upgrade", b"Upgrade: h2c"),
    "a socket asked for": live(b"Host: x", b"Connection: Upgrade", b"Upgrade: websocket"),
    "a whole address": b"GET http://x/v2/health/live HTTP/1.1\r\nHost: y\r\n\r\n",
    "an expectation": post([LENGTH, b"Expect: something"]),
    "a body where none is asked for": message("GET", "/v2/health/live", b"abcde"),
    "blank lines before": b"\r\n\r\n" + live(b"Host: x"),
}
"""Answered with 200, and so is what comes after."""
REFUSED = {
    "no Host": (400, live()),
    "two": (400, live(b"Host: x", b"Host: y")),
    "the same twice": (400, live(b"Host: x", b"Host: x")),
    "a Host of two words": (400, live(b"Host: a b")),
    "a Host with a path": (400, live(b"Host: x/y")),
    "a Host with a user": (400, live(b"Host: u@x")),
    "an empty Host": (421, live(b"Host:")),
    "another's name": (421, live(b"Host: evil.example")),
    "another's whole address": (421, b"GET http://evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n"),
    "a method for debugging": (405, b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n"),
    "the server itself": (404, b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"),
    "a zero in a path": (404, b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n"),
    "no length": (422, post([], b"")),
}
"""Answered with an error, and what comes after is answered."""
CUT_OFF = {
    "length and chunks": (400, post([LENGTH, b"Transfer-Encoding: chunked"], CHUNKS)),
    "chunks and length": (400, chunked(CHUNKS, LENGTH)),
    "chunks twice": (400, chunked(CHUNKS, b"Transfer-Encoding: chunked")),
    "chunked, chunked": (400, post([b"Transfer-Encoding: chunked, chunked"], CHUNKS)),
    "chunked, gzip": (400, post([b"Transfer-Encoding: chunked, gzip"], CHUNKS)),
    "gzip, chunked": (501, post([b"Transfer-Encoding: gzip, chunked"], CHUNKS)),
    "identity": (501, post([b"Transfer-Encoding: identity"], CHUNKS)),
    "identity and length": (400, post([LENGTH, b"Transfer-Encoding: identity"])),
    "xchunked": (501, post([b"Transfer-Encoding: xchunked"], CHUNKS)),
    "no coding": (400, post([LENGTH, b"Transfer-Encoding:"])),
    "a tab that is none": (400, post([b"Transfer-Encoding: \x0bchunked"], CHUNKS)),
    "a space before the colon": (400, post([b"Transfer-Encoding : chunked"], CHUNKS)),
    "HTTP/1.0 in chunks": (400, post([b"Transfer-Encoding: chunked"], CHUNKS, b"1.0")),
    "two lengths": (400, post([LENGTH, LENGTH])),
    "a list of lengths": (400, post([b"Content-Length: 5, 5"], b"abcde")),
    "a length in words": (400, post([b"Content-Length: 0x5"], b"abcde")),
    "a length with a sign": (400, post([b"Content-Length: +5"], b"abcde")),
    "a length with a line": (400, post([b"Content-Length: 1_0"], b"0123456789")),
    "a length of two": (400, post([b"Content-Length: 5 5"], b"abcde")),
    "no number": (400, post([b"Content-Length:"], b"")),
    "a length beyond numbers": (400, post([b"Content-Length: 18446744073709551617"], b"")),
    "a chunk below zero": (400, chunked(b"-5\r\nabcde\r\n0\r\n\r\n")),
    "a chunk in C": (400, chunked(b"0x5\r\nabcde\r\n0\r\n\r\n")),
    "a chunk beyond numbers": (400, chunked(b"f" * 17 + b"\r\nabcde\r\n0\r\n\r\n")),
    "a chunk with a space": (400, chunked(b"5 \r\nabcde\r\n0\r\n\r\n")),
    "chunks by lines alone": (400, chunked(CHUNKS.replace(b"\r\n", b"\n"))),
    "a chunk that does not end": (400, chunked(CHUNK[:-2] + b"X0\r\n\r\n")),
    "a length in a trailer": (400, chunked(CHUNK + b"0\r\nContent-Length: 5\r\n\r\n")),
    "chunks in a trailer": (400, chunked(CHUNK + b"0\r\nTransfer-Encoding: chunked\r\n\r\n")),
    "a folded field": (400, live(b"Host: x", b"X: a", b" b")),
    "a folded first field": (400, live(b" Host: x")),
    "lines without returns": (400, b"GET / HTTP/1.1\nHost: x\n\n"),
    "returns without lines": (400, live(b"Host: x\rX: y")),
    "a zero": (400, live(b"Host: x", b"X: a\0b")),
    "a control sign": (400, live(b"Host: x", b"X: a\x01b")),
    "a name of two words": (400, live(b"Host: x", b"X Y: a")),
    "no name": (400, live(b"Host: x", b": a")),
    "no colon": (400, live(b"Host: x", b"XYZ")),
    "HTTP/0.9": (505, b"GET /\r\n\r\n"),
    "HTTP/2.0": (505, b"GET / HTTP/2.0\r\nHost: x\r\n\r\n"),
    "HTTP/1.2": (400, b"GET / HTTP/1.2\r\nHost: x\r\n\r\n"),
    "http": (400, b"GET / http/1.1\r\nHost: x\r\n\r\n"),
    "HTTP/2's start": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "a method in small letters": (400, b"get / HTTP/1.1\r\nHost: x\r\n\r\n"),
    "a method of nobody's": (400, b"FOO / HTTP/1.1\r\nHost: x\r\n\r\n"),
    "a tab for a space": (400, b"GET\t/\tHTTP/1.1\r\nHost: x\r\n\r\n"),
    "a path in UTF-8": (400, "GET /\u00fc HTTP/1.1\r\nHost: x\r\n\r\n".encode()),
    "a long field in one piece": (431, live(b"Host: x", b"X: " + b"x" * 60_000)),
    "many fields in one piece": (431, live(b"Host: x", *[b"X: y"] * 6_000)),
    "a long path": (431, b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
}
"""Answered with an error, and what comes after is not read."""
ENDLESS = {
    "trailers": (chunked(CHUNK + b"0\r\n"), b"X: " + b"y" * 1000 + b"\r\n"),
    "a trailer": (chunked(CHUNK + b"0\r\nX: "), b"y" * 1000),
    "a chunk's extension": (chunked(b"5;"), b"y" * 1000),
    "zeros before a chunk's size": (chunked(b""), b"0" * 1000),
    "blank lines": (b"", b"\r\n" * 500),
    "a field": (LIVE + b"X: ", b"y" * 1000),
    "fields": (LIVE, b"X: y\r\n" * 200),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crooked")
    with RunningServer(folder, made_bundle(folder / "made.onnx")) as running:
        yield running


def statuses(server, data):
    """Of all answers on a connection on which one more request, the last, follows."""
    with server.connect() as connection:
        connection.sendall(data + LAST)
        found = b""
        try:
            while piece := connection.recv(65536):
                found += piece
        except ConnectionError:
            pass
    return [int(status) for status in STATUS.findall(found)]


@pytest.mark.parametrize("shape", TAKEN)
def test_what_is_right_is_answered_and_the_next_too(server, shape):
    assert statuses(server, TAKEN[shape]) == [200, 200]


@pytest.mark.parametrize("shape", REFUSED)
def test_what_is_wrong_in_itself_costs_nobody_else(server, shape):
    status, data = REFUSED[shape]
    assert statuses(server, data) == [status, 200]


@pytest.mark.parametrize("shape", CUT_OFF)
def test_what_might_be_read_in_two_ways_ends_its_connection(server, shape):
    status, data = CUT_OFF[shape]
    assert statuses(server, data) == [status]


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_length_ends_a_request_in_either_version(server, version):
    data = post([LENGTH, b"Connection: keep-alive"], version=version)
    assert statuses(server, data) == ([200] if version == b"1.0" else [200, 200])


def test_what_came_whole_is_answered_before_what_follows_it_is_refused(server):
    assert statuses(server, post([LENGTH]) * 2 + b"nonsense\r\n\r\n") == [200, 200]


def test_so_many_requests_ahead_are_read_and_no_more(server):
    found = statuses(server, live(b"Host: x") * 2_000)
    assert 50 <= len(found) < 200 and set(found) == {200}


@pytest.mark.parametrize("kind", ENDLESS)
def test_what_does_not_end_is_cut_off(server, kind):
    start, more = ENDLESS[kind]
    before, sent = server.memory(), 0
    with server.connect() as connection, pytest.raises(ConnectionError):
        connection.sendall(start)
        while sent < 100_000_000:
            sent += len(more * 50)
            connection.sendall(more * 50)
    assert sent < 100_000_000 and server.memory() - before < 20_000_000
    assert server.ask("GET", "/v2/health/ready")[0] == 200


def test_log_and_metrics_have_every_one(tmp_path):
    """Each shape once, on a server that has answered nothing else."""
    asked = [data for _, data in [*REFUSED.values(), *CUT_OFF.values()]]
    with RunningServer(tmp_path, made_bundle(tmp_path / "made.onnx")) as server:
        answered = Counter(status for data in asked for status in statuses(server, data))
        time.sleep(0.3)
        text = server.ask("GET", "/metrics")[2].decode()
        found = re.findall(r'^vestry_requests_total\{.*status="(\d+)"\} (\d+)\.0$', text, re.M)
        counted = Counter()
        for status, count in found:
            counted[int(status)] += int(count)
        assert server.stop() == 0
        lines = [json.loads(each) for each in server.said().splitlines() if each[0] == "{"]
    assert counted == answered
    logged = Counter(line["status"] for line in lines if line.get("path") != "/metrics")
    assert logged == answered
