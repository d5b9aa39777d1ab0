"""To which names the server answers: a foreign page's name may lead to this machine."""

import subprocess
import sys

import pytest
from running_server import RunningServer
from served_app import ask, made_app

from vestry.serve.http.hosts import hosts_of


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    return made_app(tmp_path_factory.mktemp("hosts"))


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost:8000",
        "localhost.:80",
        "127.0.0.1:8000",
        "[::1]:8000",
        "192.168.1.2",
        "box:8000",
    ],
)
def test_its_own_names_and_numbers_are_answered(app, host):
    assert ask(app, "GET", "/v2/health/ready", headers={"host": host}).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example:8000", "127.0.0.1.evil.example", "", ".", "[]"]
)
@pytest.mark.parametrize("path", ["/", "/v2/health/ready", "/metrics", "/nothing"])
def test_other_names_are_not(app, host, path):
    got = ask(app, "GET", path, headers={"host": host})
    assert got.status == 421
    assert got.error == "this server does not answer to that name; start it with --allow-host NAME"


def test_which_names_a_server_has():
    assert hosts_of("127.0.0.1", []) == set()
    assert hosts_of("127.0.0.1", ["Box.lan:80"]) == {"box.lan"}
    assert hosts_of("0.0.0.0", []) is None  # noqa: S104
    assert hosts_of("0.0.0.0", ["box.lan"]) == {"box.lan"}  # noqa: S104


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.skipif(
    sys.platform == "win32", reason="on Windows one process serves"))])  # fmt: skip
def test_the_command_takes_names(tmp_path, workers):
    more = ("--allow-host", "box.lan", "--workers", str(workers))
    with RunningServer(tmp_path, *more) as server:
        for name, status in (("box.lan", 200), ("localhost", 200), ("evil.example", 421)):
            assert _status(server.port, name) == status
        server.stop()  # which writes what has waited
        text = server.said()
    assert '"status":421' in text, text


def _status(port, name):
    code = (
        "import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]));"
        "c.request('GET', '/v2/health/ready', headers={'Host': sys.argv[2]});"
        "print(c.getresponse().status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(port), name], capture_output=True, text=True, check=True
    )
    return int(done.stdout)
