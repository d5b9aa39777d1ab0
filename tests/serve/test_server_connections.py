"""Connections that are slow, endless, too many or not HTTP."""

import json
import socket
import time

import pytest
from running_server import RunningServer, message, read_answer
from served_app import PNG, noise, png

from made_bundles import made_bundle

LIMITS = {
    "max_image_bytes": 100_000,
    "max_header_bytes": 4000,
    "header_seconds": 0.5,
    "body_seconds": 0.5,
    "linger_seconds": 0.2,
    "max_connections": 30,
}
HEAD = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: {PNG}\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("max_connections")
    with RunningServer(folder, made_bundle(folder / "made.onnx"), limits=LIMITS) as running:
        yield running
        assert running.stop() == 0


def error_of(connection):
    status, _, body = read_answer(connection)
    return status, json.loads(body)["error"]


def ended(connection):
    """Whether the server closes the connection, in time."""
    connection.settimeout(10)
    try:
        return connection.recv(10) == b""
    except ConnectionError:
        return True


def test_a_header_that_does_not_arrive_is_not_waited_for(server):
    with server.connect() as drip, server.connect() as silent:
        start = time.monotonic()
        for letter in HEAD[:8]:
            drip.sendall(letter.encode())
            time.sleep(0.05)
        assert error_of(drip) == (408, "the header did not arrive in time")
        assert ended(silent)
        assert ended(drip)
        assert time.monotonic() - start < 20


def test_the_next_header_on_a_connection_is_not_waited_for_either(server):
    for start, status in ((b"GET /v2 HT", 408), (b"\r\n", 0)):
        with server.connect() as connection:
            connection.sendall(message("GET", "/v2/health/live"))
            assert read_answer(connection)[0] == 200
            connection.sendall(start)
            assert read_answer(connection)[0] == status


def test_a_slow_body_is_not_waited_for(server):
    with server.connect() as connection:
        connection.sendall(f"{HEAD}Content-Length: 500\r\n\r\nsome".encode())
        assert error_of(connection) == (408, "the body did not arrive in time")
        assert ended(connection)


def test_an_endless_body_is_answered_and_cut_off(server):
    before = server.memory()
    with server.connect() as connection:
        connection.sendall(f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode())
        sent = 0
        try:
            while sent < 200_000_000:
                connection.sendall(b"8000\r\n" + bytes(0x8000) + b"\r\n")
                sent += 0x8000
        except ConnectionError:
            pass
        assert sent < 200_000_000
        status, error = error_of(connection)
        assert (status, "100,000 bytes" in error) == (413, True)
    assert server.memory() - before < 50_000_000


def test_the_rest_of_a_refused_body_does_not_hold_the_connection(server):
    with server.connect() as connection:
        connection.sendall(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nab")
        assert read_answer(connection)[0] == 404
        start = time.monotonic()
        assert ended(connection)
        assert time.monotonic() - start < 5


def test_a_refused_small_body_leaves_the_connection_usable(server):
    with server.connect() as connection:
        for path in ("/nowhere", "/predict?x=1", "/models"):
            connection.sendall(message("POST", path, b"small", {"Content-Type": PNG}))
            assert read_answer(connection)[0] in (400, 404, 405)
        connection.sendall(message("POST", "/predict", png(noise()[0]), {"Content-Type": PNG}))
        assert read_answer(connection)[0] == 200


def test_a_body_is_refused_before_it_is_sent_where_the_client_asks(server):
    with server.connect() as connection:
        connection.sendall(f"{HEAD}Content-Length: 200000\r\nExpect: 100-continue\r\n\r\n".encode())
        assert error_of(connection)[0] == 413


def test_a_header_is_bounded(server):
    with server.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 5000)
        assert error_of(connection)[0] == 431


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"CONNECT x:1 HTTP/1.1\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused(server, data):
    with server.connect() as connection:
        connection.sendall(data)
        assert 400 <= error_of(connection)[0] < 500


def test_requests_may_follow_each_other_unasked(server):
    with server.connect() as connection:
        connection.sendall(message("GET", "/v2/health/live") * 3)
        time.sleep(0.3)
        data = connection.recv(100_000)
        assert data.count(b'{"live":true}') == 3


def test_connections_are_bounded_and_come_free_again(server):
    held = [server.connect() for _ in range(LIMITS["max_connections"] + 20)]
    try:
        answers = [read_answer(connection)[0] for connection in held]
    finally:
        for connection in held:
            connection.close()
    assert answers.count(503) >= 20
    assert set(answers) == {0, 503}
    until = time.monotonic() + 10
    while server.ask("GET", "/v2/health/ready")[0] != 200:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_client_that_reads_nothing_is_let_go(server):
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", server.port))
        connection.settimeout(10)
        asks = message("GET", "/openapi.json") * 100
        with pytest.raises(OSError):
            while True:
                connection.sendall(asks)
    assert server.ask("GET", "/v2/health/ready")[0] == 200
