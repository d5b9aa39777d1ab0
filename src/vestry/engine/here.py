"""A task in this process, where it needs what this process alone has."""

import importlib
import traceback

from vestry.engine.task import OnEvent, Outcome, Task
from vestry.errors import one_line
from vestry.system.process_state import unchanged


def do_here(task: Task, on_event: OnEvent) -> Outcome:
    """What its code changes in the process is set back; an interruption goes through."""
    module, _, name = task.function.partition(":")
    function = getattr(importlib.import_module(module), name)
    on_event({"event": "started", "task": task.name})
    outcome = Outcome(task)
    try:
        with unchanged():
            function(
                task.description,
                task.context,
                task.folder,
                task.workspace,
                lambda event: on_event(event | {"task": task.name}),
            )
    except Exception as error:  # whatever it is, it is to be listed
        outcome = Outcome(task, one_line(error), traceback.format_exc(limit=-12))
    kind = "failed" if outcome.reason else "done"
    on_event({"event": kind, "task": task.name, "reason": outcome.reason})
    return outcome
