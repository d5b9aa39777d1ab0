"""The worker process: reads tasks from standard input, writes events to standard output.

One line of JSON each way; it stays warm between tasks, so that torch and the images are loaded
once. It ends as soon as its parent does, so that no orphan goes on training.
"""

import ctypes
import importlib
import json
import os
import queue
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import IO, Any

from vestry.errors import one_line

PR_SET_PDEATHSIG = 1


def main() -> None:
    die_with_parent()
    events = private_stdout()
    messages: queue.Queue[str] = queue.Queue()
    threading.Thread(target=read_messages, args=(messages,), daemon=True).start()
    send(events, {"event": "ready"})
    while True:
        perform(json.loads(messages.get()), events)


def die_with_parent() -> None:
    """Ask the kernel to end this process with its parent (Linux; elsewhere stdin's end does it)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def private_stdout() -> IO[str]:
    """Keep standard output for events; whatever libraries print goes to standard error."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    return events


def read_messages(messages: "queue.Queue[str]") -> None:
    for line in sys.stdin:
        messages.put(line)
    os._exit(0)  # the parent is gone or has closed the pipe: whatever runs here is not wanted


def perform(message: dict[str, Any], events: IO[str]) -> None:
    folder, workspace = Path(message["folder"]), Path(message["workspace"])

    def report(event: dict[str, Any]) -> None:
        send(events, event)

    try:
        module, _, name = message["function"].partition(":")
        function = getattr(importlib.import_module(module), name)
        function(message["description"], message["context"], folder, workspace, report)
    except Exception as error:  # whatever it is, it is the parent's to list
        send(events, {"event": "failed", "reason": one_line(error), "details": last_trace()})
    else:
        send(events, {"event": "done"})


def last_trace() -> str:
    return traceback.format_exc(limit=-12)


def send(events: IO[str], event: dict[str, Any]) -> None:
    events.write(json.dumps(event) + "\n")
    events.flush()


if __name__ == "__main__":
    main()
