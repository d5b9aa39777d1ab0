"""Nothing goes out and nothing is left behind: the commands in an empty home, without a route."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import entry_points
import vestry
from entry_points import COMMANDS, LACKING, PROGRAM, line, prepared
from vestry.cli.app import app

pytestmark = pytest.mark.timeout(900)  # everything is used once, in processes of its own

SERVED = 15.0
"""Seconds; onnxruntime's first upload is due ten seconds after it was loaded."""
WITNESS = Path(__file__).parent / "witness"
LOOPBACK = {"127.0.0.1", "::1", "localhost", ""}
PREFIXES = (["unshare", "-n"], ["unshare", "-rn"])
LISTENED = {
    *("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"),
}
"""127.0.0.1, ::1 and ::ffff:127.0.0.1, as the kernel writes them."""
SWITCH = "RAY_USAGE_STATS_ENABLED=0"
LONELY = """
import contextlib, fcntl, json, os, signal, socket, struct, subprocess, sys, threading, time
from pathlib import Path


def unreachable():
    count = 0
    keys, values = [l.split() for l in Path("/proc/net/snmp").read_text().splitlines()][:2]
    count += int(values[keys.index("OutNoRoutes")])
    six = Path("/proc/net/snmp6")
    lines = six.read_text().splitlines() if six.exists() else []
    return count + sum(int(l.split()[1]) for l in lines if l.startswith("Ip6OutNoRoutes"))


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 1))  # up


def look():
    # Where somebody listens, or of UDP takes from everybody: all sockets here are our commands'.
    while not ended_looking.wait(0.5):
        for name in ("tcp", "tcp6", "udp", "udp6"):
            for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
                _, here, _, state = line.split()[:4]
                if state in ("0A", "07"):
                    listened.add(here.split(":")[0])
        for process in below(os.getpid()):
            with contextlib.suppress(OSError):
                look_at(Path("/proc") / str(process))


def look_at(process):
    # Which files are open to be written, natively too; and whether Ray was told to be silent.
    if sys.argv[2].encode() in (process / "environ").read_bytes():
        silent.add(process.name)
    for handle in (process / "fd").iterdir():
        flags = (process / "fdinfo" / handle.name).read_text().split("flags:")[1].split()[0]
        if int(flags, 8) & 3 and (place := os.readlink(handle)).startswith("/"):
            written.add(place)


def below(process):
    yield process
    for place in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in place.read_text().split():
                yield from below(int(child))


listened, written, silent, ended_looking = set(), set(), set(), threading.Event()


def done(command):
    ended = subprocess.run(command, capture_output=True, text=True)
    return {"command": command[2:5], "code": ended.returncode, "said": ended.stderr[-3000:]}


served, commands, seconds, isolated = json.loads(sys.argv[1])
looking = threading.Thread(target=look)
if isolated:
    raise_loopback()
    looking.start()
server = subprocess.Popen(served, stderr=subprocess.PIPE, text=True) if served else None
until = time.monotonic() + seconds
ended = [done(command) for command in commands]
if server:
    time.sleep(max(0, until - time.monotonic()))
    server.send_signal(signal.SIGINT)
    said = server.communicate(timeout=30)[1]
    ended.append({"command": "serve", "code": server.returncode, "said": said})
ended_looking.set()
if isolated:
    looking.join()
found = {"listened": list(listened), "written": list(written), "silent": list(silent)}
print(json.dumps({"ended": ended, "unreachable": unreachable(), **found}))
"""
"""Runs commands beside a server; how often the kernel then had no route counts what was tried."""
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
    """As little as a command needs, and what writes down whatever it touches; a CI's own variables
    would switch telemetry off."""
    home = folder / "home"
    named = {
        "CACHE": ".cache",
        "CONFIG": ".config",
        "DATA": ".local/share",
        "STATE": ".local/state",
    }
    found = {f"XDG_{name}_HOME": str(home / place) for name, place in named.items()}
    path = [str(WITNESS), os.environ.get("PYTHONPATH", "")]
    found |= {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
        "WITNESS": str(folder / "heard"),
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
    given = json.dumps([served, commands, seconds, prefix is not None])
    done = subprocess.run(
        [*(prefix or []), sys.executable, "-c", LONELY, given, SWITCH],
        cwd=folder / "work",
        env=surroundings(folder, **more),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout) | {"isolated": prefix is not None}


def heard(folder):
    """What the processes changed and spoke to: (kind, path or name, whose it was)."""
    return [json.loads(text) for text in (folder / "heard").read_text().splitlines()]


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """A folder in whose home and temporary folder everything was used once, and what was seen."""
    folder = tmp_path_factory.mktemp("lonely")
    (folder / "work").mkdir()
    prepared(folder / "work")
    asked = [*entry_points.commands(), *entry_points.engines()]
    served = line("serve", *COMMANDS["serve"])
    seen = lonely(folder, served, [command for _, command in asked], SERVED)
    return folder, seen, [*(name for name, _ in asked), "serve"]


def test_no_way_in_is_left_out():
    """One more command, or public name, and this asks for what is to be proved of it."""
    found = set(_names_of(typer.main.get_command(app)))
    assert found == (COMMANDS.keys() - {PROGRAM}) | entry_points.ASKED_FOR.keys()
    assert set(vestry.__all__) == entry_points.PYTHON.keys()
    assert all(each in entry_points.PYTHON["Run"] for each in dir(vestry.Run) if each[0] != "_")


def _names_of(group, before=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _names_of(command, (*before, name))
        else:
            yield " ".join((*before, name))


def test_every_command_did_its_work(used):
    _, seen, names = used
    for name, ended in zip(names, seen["ended"], strict=True):
        lacks = LACKING.get(name)
        assert lacks in ended["said"] if lacks else ended["code"] == 0, ended


def test_no_connection_is_tried(used):
    _, seen, _ = used
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


def test_nobody_is_spoken_to_but_this_machine(used):
    folder, _, _ = used
    found = [each for each in heard(folder) if each[0] == "address"]
    assert found, "the server has an address"
    assert [each for each in found if each[1] not in LOOPBACK] == []


def test_nobody_is_listened_to_but_this_machine(used):
    """Also by native code, such as that of Ray's nodes."""
    _, seen, names = used
    if not seen["isolated"]:
        pytest.skip("no network namespace may be made here")
    assert seen["listened"] and set(seen["listened"]) <= LISTENED
    if entry_points.RAY in names:
        assert len(seen["silent"]) > 3, "Ray's processes were told to send no statistics"


def test_native_code_writes_no_file_but_where_a_command_may(used):
    folder, seen, _ = used
    if not seen["isolated"]:
        pytest.skip("no network namespace may be made here")
    kept = [place for place in seen["written"] if not place.startswith(("/dev/", "/memfd:"))]
    assert kept and [place for place in kept if not _may_change(folder, Path(place))] == []


def test_no_file_is_changed_but_where_a_command_may(used):
    folder, _, _ = used
    changed = [each for each in heard(folder) if each[0] == "file"]
    assert len(changed) > 100
    assert [each for each in changed if not _may_change(folder, Path(each[1]))] == []


def _changed(folder):
    return {Path(value) for kind, value, _ in heard(folder) if kind == "file"}


def _may_change(folder, path):
    """The working folder, whose files another test names; temporary files; what is Vestry's own
    below home, and the folders on the way there."""
    home = folder / "home"
    if path == Path(os.devnull) or any(path.is_relative_to(folder / p) for p in ("work", "tmp")):
        return True
    if any(re.fullmatch(r"vestry-ray-\w+", part.name) for part in (path, *path.parents)):
        return True  # of Ray's sockets, whose names are short, in a folder that is taken away again
    if path == folder / "heard":
        return True
    ours = path.is_relative_to(home) and "vestry" in path.relative_to(home).parts
    return ours or path in {home / ".cache", home / ".local", home / ".local/share"}


def test_the_witness_hears_what_is_changed_and_spoken_to(tmp_path):
    program = (
        "import os, socket as s; open('../one', 'w').close(); os.mkdir('../two');"
        "os.rename('../one', '../three'); s.socket(type=s.SOCK_DGRAM).connect(('127.0.0.9', 9))"
    )
    (tmp_path / "work").mkdir()
    lonely(tmp_path, None, [[sys.executable, "-c", program]])
    told = {(kind, value) for kind, value, _ in heard(tmp_path)}
    names = {("file", str(tmp_path / name)) for name in ("one", "two", "three")}
    assert told >= names | {("address", "127.0.0.9")}
    assert not any(_may_change(tmp_path, Path(value)) for _, value in names)


def test_nothing_is_left_but_vestrys_own(used):
    folder, _, _ = used
    assert [path.name for path in (folder / "tmp").iterdir()] == []
    assert not [place for place in Path("/tmp").glob("vestry-ray-*") if place in _changed(folder)]  # noqa: S108
    left = [path.relative_to(folder / "home") for path in (folder / "home").rglob("*")]
    assert [
        str(p) for p in left if (folder / "home" / p).is_file() and "vestry" not in p.parts
    ] == []


def test_the_working_folder_holds_what_was_asked_for_alone(used):
    folder, _, _ = used
    found = {path.name for path in (folder / "work").iterdir()}
    given = {"small.toml", "rows.toml", "some.npz", "truth.csv", "first.csv", "second.csv"}
    asked = {"runs", "look", "home", "site", "drafted.toml", "tried.toml", "door.toml"}
    asked |= {"drawing.svg", "compared.html", "compared.json", "events", "mlruns", "mlflow.db"}
    asked |= {f"{name}.{end}" for name in ("both", "both.int8", "door") for end in ("onnx", "md")}
    assert found - given - asked == set()
    assert given <= found


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
