"""The command: its start, its stop under load, its workers, and a client that is not ours."""

import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from running_server import REPLACING, RunningServer, message, read_answer
from served_app import PNG, noise, png

from made_bundles import made_bundle
from vestry.serve.predictor import Predictor

HEAVY = ("torch", "sklearn", "scipy", "pydantic", "pandas", "cleanlab", "skl2onnx", "optuna")


@pytest.fixture
def model(tmp_path):
    return made_bundle(tmp_path / "made.onnx")


@pytest.mark.parametrize("module", ["vestry.serve.predictor", "vestry.serve.http.server"])
def test_serving_imports_nothing_heavy(module):
    code = f"import sys, {module}; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_server_whose_threads_have_worked_ends_at_once(tmp_path, model):
    with RunningServer(tmp_path, model) as server:
        for path in ("/", "/page/app.js", "/openapi.json"):
            assert server.ask("GET", path)[0] == 200
        assert server.stop(patience=20) == 0


class Load(threading.Thread):
    """Asks on one connection after the other until it is refused one; remembers the answers."""

    def __init__(self, server):
        super().__init__()
        self.server = server
        self.body = message("POST", "/predict", png(noise()[0]), {"Content-Type": PNG})
        self.statuses = []
        self.unanswered = 0

    def run(self):
        try:
            while True:
                with self.server.connect() as connection:
                    self.use(connection)
        except ConnectionError:
            pass

    def use(self, connection):
        while True:
            connection.sendall(self.body)
            status, headers, _ = read_answer(connection)
            if status == 0:
                self.unanswered += 1
                return
            self.statuses.append(status)
            if headers.get("connection") == "close":
                return


def test_a_stop_under_load_loses_no_accepted_request(tmp_path, model):
    with RunningServer(tmp_path, model) as server:
        load = [Load(server) for _ in range(8)]
        for one in load:
            one.start()
        time.sleep(1)
        assert server.stop() == 0
        for one in load:
            one.join(20)
        answered = sum(one.statuses.count(200) for one in load)
        logged = [line["status"] for line in server.requests() if line["path"] == "/predict"]
        assert answered == logged.count(200) > 20
        assert {status for one in load for status in one.statuses} <= {200, 503}
        assert sum(one.unanswered for one in load) == 0
    assert "Traceback" not in server.said()


def test_a_request_that_was_under_way_is_answered_before_the_end(tmp_path, model):
    request = message("POST", "/predict", png(noise()[0]), {"Content-Type": PNG})
    with RunningServer(tmp_path, model) as server, server.connect() as connection:
        connection.sendall(request[:-100])
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        with pytest.raises(ConnectionError):
            server.connect()
        connection.sendall(request[-100:])
        status, headers, _ = read_answer(connection)
        assert (status, headers["connection"]) == (200, "close")
        assert server.process.wait(20) == 0


def test_a_second_signal_ends_it_at_once(tmp_path, model):
    request = message("POST", "/predict", png(noise()[0]), {"Content-Type": PNG})
    with RunningServer(tmp_path, model) as server, server.connect() as connection:
        connection.sendall(request[:-100])
        time.sleep(0.2)
        server.process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert server.process.poll() is None
        assert server.stop(signal.SIGINT, patience=5) == 130


def test_the_log_says_what_was_asked_unless_it_is_not_wanted(tmp_path, model):
    for arguments in ([], ["--quiet"]):
        with RunningServer(tmp_path, model, *arguments) as server:
            server.ask("POST", "/predict", png(noise()[0]), {"Content-Type": PNG})
            server.ask("GET", '/a"b%0a%ff')
            assert server.stop() == 0
            if arguments:
                assert server.requests() == []
                continue
            first, second = server.requests()
    assert set(first) == {"time", "method", "path", "status", "ms", "bytes", "model", "class"}
    assert (first["status"], first["model"]) == (200, "made")
    assert first["bytes"] == len(png(noise()[0]))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["time"])
    assert (second["path"], second["status"], second["model"]) == ('/a"b\n\ufffd', 404, None)


def test_workers_count_together_and_stop_together(tmp_path, model):
    with RunningServer(tmp_path, model, "--workers", 2) as server:
        for image in noise(12):
            assert server.ask("POST", "/predict", png(image), {"Content-Type": PNG})[0] == 200
        time.sleep(0.3)  # a request is counted when its answer is on its way
        texts = {server.ask("GET", "/metrics")[2].decode() for _ in range(4)}
        counted = 'vestry_requests_total{method="POST",route="/predict",status="200"} 12.0'
        assert all(counted in text for text in texts)
        assert server.stop() == 0
        with pytest.raises(ConnectionError):
            server.connect()


def children_of(process):
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and parent_of(entry) == process
    ]


def parent_of(entry):
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def test_a_worker_that_dies_young_ends_no_other(tmp_path, model):
    """The file is another by then: the worker that takes its place serves what was checked."""
    with RunningServer(tmp_path, model, "--workers", 2) as server:
        first, second = children_of(server.process.pid)
        model.write_bytes(b"another model, or none")
        subprocess.run(["kill", "-9", str(first)], check=True)
        until = time.monotonic() + 90
        while len(children_of(server.process.pid)) < 2 or "in 1 s" not in server.said():
            assert time.monotonic() < until
            assert server.ask("GET", "/v2/health/ready")[0] == 200
            time.sleep(0.05)
        third = next(iter({*children_of(server.process.pid)} - {first, second}))
        subprocess.run(["kill", "-9", str(second)], check=True)
        while True:  # until the third, alone, answers
            with contextlib.suppress(OSError):
                if server.ask("POST", "/predict", png(noise()[0]), {"Content-Type": PNG})[0] == 200:
                    break
            assert time.monotonic() < until
        assert third in children_of(server.process.pid)
        assert server.stop() == 0


def test_workers_of_a_parent_that_is_killed_end_and_leave_nothing(tmp_path, model, monkeypatch):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    with RunningServer(tmp_path, model, "--workers", 2) as server:
        workers = children_of(server.process.pid)
        assert server.ask("GET", "/metrics")[0] == 200
        server.process.kill()
        until = time.monotonic() + 30
        while any(Path(f"/proc/{worker}").exists() for worker in workers):
            assert time.monotonic() < until
            time.sleep(0.05)
    assert [*(tmp_path / "tmp").iterdir()] == []


def test_a_worker_that_dies_later_is_replaced(tmp_path, model):
    with RunningServer(tmp_path, model, code=REPLACING) as server:
        before = children_of(server.process.pid)
        subprocess.run(["kill", "-9", str(before[0])], check=True)
        until = time.monotonic() + 90
        while "another takes its place" not in server.said():
            assert time.monotonic() < until
            time.sleep(0.05)
        after = children_of(server.process.pid)
        assert (len(after), before[0] in after, before[1] in after) == (2, False, True)
        assert server.ask("POST", "/predict", png(noise()[0]), {"Content-Type": PNG})[0] == 200
        assert server.stop() == 0


def test_an_address_that_is_taken_is_said(tmp_path, model, vestry):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = vestry("serve", model, "--port", port)
    assert done.returncode == 1
    assert f"127.0.0.1:{port} cannot be listened on" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_no_model_is_said(tmp_path, vestry):
    (tmp_path / "no.onnx").write_text("no")
    done = vestry("serve", tmp_path / "no.onnx")
    assert (done.returncode, "no.onnx: not a readable ONNX file" in done.stderr) == (1, True)


def test_an_address_that_others_reach_is_said(tmp_path, model):
    with RunningServer(tmp_path, model, "--host", "0.0.0.0") as server:  # noqa: S104
        assert "can be reached from other machines" in server.said()
        assert server.stop() == 0


TRITON = textwrap.dedent("""
    import json, sys
    import numpy as np
    import tritonclient.http as http

    client = http.InferenceServerClient(sys.argv[1])
    images = np.load(sys.argv[2])
    tensor = http.InferInput("images", list(images.shape), "UINT8")
    found = {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model_ready": client.is_model_ready("made", "1"),
        "other_ready": client.is_model_ready("other"),
        "server": client.get_server_metadata(),
        "model": client.get_model_metadata("made"),
    }
    for way in (True, False):
        tensor.set_data_from_numpy(images, binary_data=way)
        result = client.infer("made", [tensor], request_id="7")
        found[str(way)] = result.as_numpy("probabilities").tolist()
        found["id"] = result.get_response()["id"]
    chosen = [http.InferRequestedOutput("member_probabilities", binary_data=False)]
    found["members"] = client.infer("made", [tensor], outputs=chosen).as_numpy(
        "member_probabilities"
    ).tolist()
    try:
        client.infer("other", [tensor])
    except http.InferenceServerException as error:
        found["error"] = error.message()
    print(json.dumps(found))
""")


def test_a_client_of_the_protocol_that_is_not_ours(tmp_path, model):
    images = noise(3)
    np.save(tmp_path / "images.npy", images)
    with RunningServer(tmp_path, model) as server:
        words = [sys.executable, "-c", TRITON, f"127.0.0.1:{server.port}", tmp_path / "images.npy"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert server.stop() == 0
    found = json.loads(done.stdout)
    assert (found["live"], found["ready"], found["model_ready"]) == (True, True, True)
    assert found["other_ready"] is False
    assert found["server"]["name"] == "vestry"
    assert found["model"]["inputs"][0]["shape"] == [-1, 28, 28]
    whole, each = Predictor(model).votes(images)
    np.testing.assert_array_equal(np.float32(found["True"]), whole)
    np.testing.assert_array_equal(np.float32(found["False"]), whole)
    np.testing.assert_array_equal(np.float32(found["members"]), each)
    assert (found["id"], "no such model" in found["error"]) == ("7", True)


def test_a_file_in_the_working_folder_hides_no_module_of_a_library(model, tmp_path):
    for name in ("random", "secrets", "numpy"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('my own script')\n")
    with RunningServer(tmp_path, model, "--workers", "2") as server:
        assert "my own script" not in server.said()
