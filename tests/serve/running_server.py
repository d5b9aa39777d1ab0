"""`vestry serve` as a user starts it, and raw connections to it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

READY = re.compile(r"ready at http://[\d.]+:(\d+)")
LIMITED = """
import json, pathlib, sys
from vestry.serve.http.context import ServerSettings, check_files
from vestry.serve.http.request import Limits
from vestry.serve.http.server import address, bind, run_server, say
limits, *models = sys.argv[1:]
listener = bind("127.0.0.1", 0)
files = check_files([pathlib.Path(m) for m in models])
settings = ServerSettings(files, limits=Limits(**json.loads(limits)))
run_server(settings, listener, lambda: say(f"ready at {address(listener)}"))
"""
"""The server with other limits than the command's."""
REPLACING = """
import pathlib, sys
from vestry.serve.http import workers
from vestry.serve.http.context import ServerSettings, check_files
from vestry.serve.http.server import address, bind, say
workers._SHORTEST_LIFE = 0
listener = bind("127.0.0.1", 0)
settings = ServerSettings(check_files([pathlib.Path(sys.argv[1])]))
workers.Supervisor(settings, listener, 2).run(lambda: say(f"ready at {address(listener)}"))
"""
"""Two workers, of which none dies too young."""


class RunningServer:
    """The command in a process of its own, on a free port; `with` stops it."""

    def __init__(self, folder: Path, *arguments, limits=None, code=None, patience=60):
        self.errors = folder / f"stderr-{time.monotonic_ns()}.txt"
        start = ["-m", "vestry", "serve", "--port", "0"]
        if limits is not None:
            start = ["-c", LIMITED, json.dumps(limits)]
        if code is not None:
            start = ["-c", code]
        with self.errors.open("wb") as stream:
            self.process = subprocess.Popen(
                [sys.executable, *start, *map(str, arguments)],
                stderr=stream,
                stdout=subprocess.DEVNULL,
                cwd=folder,
            )
        self.port = self.wait(patience)

    def wait(self, patience):
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if found := READY.search(self.said()):
                return int(found[1])
            assert self.process.poll() is None, self.said()
            time.sleep(0.02)
        raise AssertionError(f"not ready: {self.said()}")

    def said(self):
        return self.errors.read_text()

    def requests(self):
        """The access log's lines, but those that count many refused at once."""
        lines = [json.loads(line) for line in self.said().splitlines() if line.startswith("{")]
        return [line for line in lines if "path" in line]

    def stop(self, signum=signal.SIGTERM, patience=30):
        """Its exit code."""
        self.process.send_signal(signum)
        return self.process.wait(patience)

    def memory(self):
        """Resident bytes."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def connect(self, timeout=30):
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def ask(self, method, path, body=b"", headers=None):
        """One request on a connection of its own: status, headers in lower case, body."""
        with self.connect() as connection:
            connection.sendall(message(method, path, body, headers))
            return read_answer(connection)


def message(method, path, body=b"", headers=None):
    """A request's bytes; the path goes out as it is given."""
    given = {"Host": "x", "Content-Length": str(len(body))} | (headers or {})
    head = b"".join(f"{name}: {value}\r\n".encode() for name, value in given.items())
    path = path if isinstance(path, bytes) else path.encode()
    return method.encode() + b" " + path + b" HTTP/1.1\r\n" + head + b"\r\n" + body


def read_answer(connection):
    """Status 0 where the connection ended without an answer."""
    data = b""
    try:
        while b"\r\n\r\n" not in data:
            if not (piece := connection.recv(65536)):
                return 0, {}, data
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        while len(body) < int(headers["content-length"]) and (piece := connection.recv(65536)):
            body += piece
    except ConnectionError:
        return 0, {}, data
    return int(first.split()[1]), headers, body
