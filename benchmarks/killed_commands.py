"""The command in a process that can be killed as a whole, in parts, or by itself while it writes a
file; forked, as tests have it, from this one, which has loaded what the command loads."""

import contextlib
import ctypes
import functools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import forked_command
from vestry.data import image_cache, kept_source

_ROOT, _AT_FILES = "DURABILITY_ROOT", "DURABILITY_AT_FILES"
_IN_COMMAND, _IN_WORKER = 130, 40
"""Of so many names that a process gives to files, one ends it."""
_ADOPTS = 36
"""Linux's PR_SET_CHILD_SUBREAPER: what a killed process leaves becomes this one's child."""
_PATIENCE = 20.0
_LATEST = 0.004
"""Seconds after which it ends at the latest; some files take as long."""


class KillableCommands:
    """folder: for what commands say."""

    def __init__(self, folder: Path) -> None:
        self.words = folder / "said"
        ctypes.CDLL(None).prctl(_ADOPTS, 1, 0, 0, 0)
        forked_command._load()
        forked_command._run = functools.partial(_run, forked_command._run)

    def start(self, home: Path, at_files: str = "") -> subprocess.Popen[bytes]:
        """`vestry run durable.toml` in `home`. at_files: "tree NUMBER" or "one NUMBER", where it is
        to be killed while it writes a file: all of it, or the process that writes."""
        places = {"XDG_CACHE_HOME": "cache", "XDG_DATA_HOME": "data", "VESTRY_LOOKS": "looks"}
        env = os.environ | {name: str(home / place) for name, place in places.items()}
        env |= {"VESTRY_CORES": "1", _AT_FILES: at_files}
        begin = functools.partial(_begin, env)
        with self.words.open("wb") as said:
            return subprocess.Popen(
                ["vestry"],  # noqa: S607 - nothing is started
                cwd=home, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                start_new_session=True, preexec_fn=begin,  # noqa: PLW1509 - without threads
            )  # fmt: skip

    def said(self) -> str:
        return self.words.read_text(errors="replace")

    def wait_for_all(self) -> list[int]:
        """Until what commands have started has ended; after a while what has not, which is killed.
        A command that was killed leaves its workers to its guard."""
        until = time.monotonic() + _PATIENCE
        while _some_left() and time.monotonic() < until:
            time.sleep(0.02)
        left = [*_children(os.getpid())]
        for pid in left:
            _kill(pid)
        return left


def _begin(env: dict[str, str]) -> None:
    env[_ROOT] = str(os.getpid())
    forked_command._run("vestry", ["run", "durable.toml", "--quiet"], env)


def _run(
    run: Any, module: str, arguments: list[str], env: dict[str, str], closed: Any = ()
) -> None:
    """In the fork: as tests have it, with checkpoints and caches as a small study makes them."""
    from vestry.members.networks import trainer  # noqa: PLC0415 - torch, which `_load` loads

    trainer.CHECKPOINT_SECONDS, kept_source._LONG, image_cache.LARGE = 0.03, 0.0, 20_000
    if env.get(_AT_FILES):
        what, number = env[_AT_FILES].split()
        worker = module != "vestry"
        draw = random.Random(f"{number} {worker} {os.getpid()}")  # noqa: S311
        left = [draw.randrange(1, _IN_WORKER if worker else _IN_COMMAND)]
        sys.addaudithook(functools.partial(_hear, left, draw, what, int(env[_ROOT])))
    run(module, arguments, env, closed)


def _hear(
    left: list[int], draw: random.Random, what: str, root: int, event: str, given: Any
) -> None:
    if event not in ("open", "os.rename") or ".part-" not in str(given[0]):
        return
    left[0] -= 1
    if left[0] == 0:
        wait = draw.choice([0, draw.uniform(0, _LATEST)])
        threading.Thread(target=_end_soon, args=(wait, what, root), daemon=True).start()
        time.sleep(wait == 0)  # the next thing that it would have done is not done


def _end_soon(wait: float, what: str, root: int) -> None:
    time.sleep(wait)
    others = _tree_of(root) if what == "tree" else []
    for pid in [*(pid for pid in others if pid != os.getpid()), os.getpid()]:
        _kill(pid)


def end_tree(process: subprocess.Popen[bytes], pids: Iterable[int] | None = None) -> None:
    """Kill `pids`, or the command with all that it has started."""
    for pid in _tree_of(process.pid) if pids is None else pids:
        _kill(pid)
    if pids is None:
        process.wait()


def workers_of(root: int) -> list[int]:
    """Those that lead sessions of their own, but for the guard."""
    return [pid for pid in _tree_of(root) if pid != root and _leads(pid) and not _is_guard(pid)]


def _leads(pid: int) -> bool:
    try:
        return os.getsid(pid) == pid
    except ProcessLookupError:
        return False


def _tree_of(root: int) -> list[int]:
    return [root, *(inner for child in _children(root) for inner in _tree_of(child))]


def _children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            yield from map(int, task.read_text().split())
        except OSError:
            continue


def _is_guard(pid: int) -> bool:
    try:
        return b"guard" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True


def _some_left() -> bool:
    """Takes notice of those that have ended; they come to this process when their parents end."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
