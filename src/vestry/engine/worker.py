"""The worker process: reads tasks from standard input, writes events to standard output.

One line of JSON each way, events after `EVENT_START`; it stays warm between tasks, so that torch
and the images are loaded once. Tasks must not tell by each other: what they share is set back after
each, and a process into which a user's own code was loaded says that it is `spent`, since what such
code leaves behind (its classes' attributes, functions it replaced, threads) cannot be known.
"""

import functools
import importlib
import json
import os
import queue
import sys
import threading
import traceback
from pathlib import Path
from types import ModuleType
from typing import IO, Any

from vestry.engine.event_start import EVENT_START
from vestry.errors import one_line
from vestry.system.installed import is_installed
from vestry.system.platform_calls import give_back_memory
from vestry.system.process_state import ProcessState


def _main() -> None:
    sys.path.append(str(Path.cwd()))  # last: a user's file shadows nothing that is installed
    given, events = _private_streams()
    messages: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_read_messages, args=(given, messages), daemon=True).start()
    _send(events, {"event": "ready"})
    while True:
        _perform(json.loads(messages.get()), events)


def _private_streams() -> tuple[IO[str], IO[str]]:
    """Keep the pipes for tasks and events: what else reads finds nothing, and whatever libraries
    print goes to standard error. A forked child has neither."""
    given = os.fdopen(os.dup(0), encoding="utf-8")
    events = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    if hasattr(os, "register_at_fork"):
        for stream in (given, events):
            cut_off = functools.partial(os.dup2, nothing, stream.fileno(), inheritable=False)
            os.register_at_fork(after_in_child=cut_off)
    return given, events


def _read_messages(given: IO[str], messages: "queue.Queue[str]") -> None:
    for line in given:
        messages.put(line)
    os._exit(0)  # the parent is gone or has closed the pipe: whatever runs here is not wanted


def _perform(message: dict[str, Any], events: IO[str]) -> None:
    folder, workspace = Path(message["folder"]), Path(message["workspace"])

    def on_event(event: dict[str, Any]) -> None:
        _send(events, event)

    before, known = ProcessState.read(), set(sys.modules)
    try:
        module, _, name = message["function"].partition(":")
        function = getattr(importlib.import_module(module), name)
        known = set(sys.modules)
        function(message["description"], message["context"], folder, workspace, on_event)
    except BaseException as error:  # whatever it is, SystemExit too, it is the parent's to list
        end = {"event": "failed", "reason": one_line(error), "details": _last_trace()}
    else:
        end = {"event": "done"}
    give_back_memory()  # training keeps what it frees, and the next task may be a small one
    _send(events, end | {"spent": _is_spent(before, known)})


def _is_spent(before: ProcessState, known: set[str]) -> bool:
    """Set back what the task changed; whether that is not enough for another task."""
    try:
        before.restore()
    except Exception:  # such as a working folder that was removed
        return True
    return _own_code(set(sys.modules) - known)


def _own_code(names: set[str]) -> bool:
    """Whether one of the modules `names` lies outside Python's library and installed packages."""
    found = [module for name, module in list(sys.modules.items()) if name in names]
    return any(_is_own(module) for module in found)


def _is_own(module: ModuleType) -> bool:
    spec = getattr(module, "__spec__", None)
    if spec is None or not spec.has_location or not spec.origin:
        return False  # built in, or made by another module
    return not is_installed(Path(spec.origin))


def _last_trace() -> str:
    return traceback.format_exc(limit=-12)


def _send(events: IO[str], event: dict[str, Any]) -> None:
    events.write(f"{EVENT_START}{json.dumps(event)}\n")
    events.flush()


if __name__ == "__main__":
    _main()
