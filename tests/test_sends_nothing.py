"""Nothing goes out and nothing is left behind: the commands in an empty home, without a route."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from studies_at_hand import SMALL_STUDY, with_everything

SERVED = 15.0
"""Seconds; onnxruntime's first upload is due ten seconds after it was loaded."""
PREFIXES = (["unshare", "-n"], ["unshare", "-rn"])
LONELY = """
import json, os, signal, subprocess, sys, time
from pathlib import Path


def unreachable():
    count = 0
    keys, values = [l.split() for l in Path("/proc/net/snmp").read_text().splitlines()][:2]
    count += int(values[keys.index("OutNoRoutes")])
    six = Path("/proc/net/snmp6")
    lines = six.read_text().splitlines() if six.exists() else []
    return count + sum(int(l.split()[1]) for l in lines if l.startswith("Ip6OutNoRoutes"))


def done(command):
    ended = subprocess.run(command, capture_output=True, text=True)
    return {"command": command[2:5], "code": ended.returncode, "said": ended.stderr}


served, commands, seconds = json.loads(sys.argv[1])
server = subprocess.Popen(served, stderr=subprocess.PIPE, text=True) if served else None
until = time.monotonic() + seconds
ended = [done(command) for command in commands]
if server:
    time.sleep(max(0, until - time.monotonic()))
    server.send_signal(signal.SIGINT)
    said = server.communicate(timeout=30)[1]
    ended.append({"command": "serve", "code": server.returncode, "said": said})
print(json.dumps({"ended": ended, "unreachable": unreachable()}))
"""
"""Runs commands beside a server; how often the kernel then had no route counts what was tried."""
PYTHON = """
import numpy as np
from vestry import CommitteeClassifier, NetworkClassifier, Predictor
from sklearn.naive_bayes import GaussianNB
images = np.random.RandomState(0).randint(0, 255, (60, 8, 8)).astype(np.uint8)
Predictor("both.onnx")(images)
rows, labels = images.reshape(60, -1), np.arange(60) % 3
CommitteeClassifier([("a", GaussianNB()), ("b", GaussianNB(var_smoothing=0.1))]).fit(rows, labels)
NetworkClassifier(epochs=1).fit(images, labels)
"""
SECOND = """
import os, sys, types
sys.modules["onnxruntime"] = types.SimpleNamespace(disable_telemetry_events=lambda: print("told"))
import vestry
print(os.environ["ORT_DISABLE_TELEMETRY"])
"""
"""A program that has loaded onnxruntime, or what stands for it, before Vestry."""


def isolating():
    """What starts a command in a network of its own, with nothing in it; None where that may not
    be done."""
    for prefix in PREFIXES:
        try:
            if not subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode:
                return prefix
        except OSError:
            continue
    return None


def surroundings(folder, **more):
    """As little as a command needs; a CI's own variables would switch telemetry off."""
    home = folder / "home"
    named = {
        "CACHE": ".cache",
        "CONFIG": ".config",
        "DATA": ".local/share",
        "STATE": ".local/state",
    }
    found = {f"XDG_{name}_HOME": str(home / place) for name, place in named.items()}
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    found |= kept | {
        "HOME": str(home),
        "TMPDIR": str(folder / "tmp"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    for place in (home, folder / "tmp", folder / "work"):
        place.mkdir(exist_ok=True)
    return found | more


def lonely(folder, served, commands, seconds=0.0, **more):
    """Run `commands` beside `served`; gives what LONELY saw, and where it could look."""
    prefix = isolating()
    given = json.dumps([served, commands, seconds])
    done = subprocess.run(
        [*(prefix or []), sys.executable, "-c", LONELY, given],
        cwd=folder / "work",
        env=surroundings(folder, **more),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout) | {"isolated": prefix is not None}


def vestry(*arguments):
    return [sys.executable, "-m", "vestry", *arguments]


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """A folder in whose home and temporary folder everything was used once, and what was seen."""
    folder = tmp_path_factory.mktemp("lonely")
    (folder / "work").mkdir()
    (folder / "work" / "small.toml").write_text(with_everything(SMALL_STUDY))
    np.savez(folder / "work" / "some.npz", images=np.zeros((3, 8, 8), np.uint8))
    commands = [
        vestry("run", "small.toml"),
        vestry("explore", "digits", "--sample", "200", "--out", "look"),
        vestry("export", "runs/small", "--model", "Both", "-o", "both.onnx", "--quantize"),
        vestry("predict", "both.onnx", "some.npz"),
        [sys.executable, "-c", PYTHON],
    ]
    served = vestry("serve", "--port", "0", "--workers", "2")
    return folder, lonely(folder, served, commands, SERVED)


def test_every_command_did_its_work(used):
    _, seen = used
    for ended in seen["ended"]:
        assert ended["code"] == 0, ended


def test_no_connection_is_tried(used):
    _, seen = used
    if not seen["isolated"]:
        pytest.skip("no network namespace may be made here")
    assert seen["unreachable"] == 0


def test_the_kernel_counts_what_is_tried(tmp_path):
    program = "import socket as s; s.socket(type=s.SOCK_DGRAM).connect(('192.0.2.1', 53))"
    (tmp_path / "work").mkdir()
    seen = lonely(tmp_path, None, [[sys.executable, "-c", program]])
    if not seen["isolated"]:
        pytest.skip("no network namespace may be made here")
    assert "unreachable" in seen["ended"][0]["said"] and seen["unreachable"] == 1


def test_nothing_is_left_but_vestrys_own(used):
    folder, _ = used
    assert [path.name for path in (folder / "tmp").iterdir()] == []
    left = [path.relative_to(folder / "home") for path in (folder / "home").rglob("*")]
    assert [
        str(p) for p in left if (folder / "home" / p).is_file() and "vestry" not in p.parts
    ] == []


def test_the_working_folder_holds_what_was_asked_for_alone(used):
    folder, _ = used
    found = {path.name for path in (folder / "work").iterdir()}
    asked = {"small.toml", "some.npz", "runs", "look"}
    assert {name for name in found - asked if not name.startswith("both.")} == set()


@pytest.mark.parametrize("given", [None, "0", "false", "true"])
def test_a_program_that_loads_vestry_is_silent_whatever_was_set(tmp_path, given):
    more = {} if given is None else {"ORT_DISABLE_TELEMETRY": given}
    (tmp_path / "work").mkdir()
    lonely(tmp_path, None, [[sys.executable, "-c", "import vestry, onnxruntime"]], **more)
    assert [*(tmp_path / "home").iterdir(), *(tmp_path / "tmp").iterdir()] == []


def test_onnxruntime_that_was_loaded_before_is_told_too(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SECOND],
        env=surroundings(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["told", "1"]
