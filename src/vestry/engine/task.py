"""A task: a JSON-able description in, a folder of files out.

Its digest names the folder, so that a task that was finished once is found again and never done
twice, in this process, in a worker process or on another machine.
"""

import hashlib
import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from vestry.storage.file_sums import MANIFEST
from vestry.storage.run_folder import RunFolder

_TIME_LIMIT = 3600.0

Event = dict[str, Any]
OnEvent = Callable[[Event], None]


@dataclass(frozen=True)
class Task:
    """Work for an engine.

    name: what people read. function: "module:function", called as
    `function(description, context, folder, workspace, on_event)`; it writes its files into
    `folder`, the manifest `card.json` last, and may keep checkpoints in `workspace`.
    description: everything that the result depends on. context: what it does not depend on, such
    as where the data lies. time_limit: seconds. group: what people take it and its like together
    for, such as the model that it is one fit of; by itself where that is empty. reads: files and
    folders that it reads, by the name under which the context says where they lie: an engine
    without a shared disk brings them there. here: why only the machine that asks can do it; empty
    where any can. gpus: how many it takes of a machine that has some. needs: tasks whose files it
    reads, which are done before it; whoever gives tasks to an engine sees to that.
    in_process: done in the very process that asks, which alone has what it needs; a limit of time
    does not end it there.
    """

    name: str
    function: str
    description: dict[str, Any]
    folder: Path
    workspace: Path
    context: dict[str, Any] = field(default_factory=dict)
    cores: int = 1
    time_limit: float = _TIME_LIMIT
    group: str = ""
    reads: Mapping[str, Path] = field(default_factory=dict)
    here: str = ""
    gpus: float = 0.0
    needs: tuple["Task", ...] = ()
    in_process: bool = False

    @classmethod
    def of(
        cls,
        run: RunFolder,
        name: str,
        function: str,
        description: dict[str, Any],
        context: dict[str, Any],
        cores: int = 1,
        time_limit: float = _TIME_LIMIT,
        group: str = "",
    ) -> "Task":
        """The task whose place in `run` its description names."""
        key = digest(description)
        return cls(
            name,
            function,
            description,
            folder=run.task(key),
            workspace=run.workspace(key),
            context=context,
            cores=cores,
            time_limit=time_limit,
            group=group,
        )

    @property
    def is_done(self) -> bool:
        """Whether its folder is whole: the manifest is written last."""
        return (self.folder / MANIFEST).is_file()

    @cached_property
    def message(self) -> str:
        """The task on one line, as a worker process reads it."""
        return json.dumps(
            {
                "function": self.function,
                "description": self.description,
                "context": self.context | {name: str(path) for name, path in self.reads.items()},
                "folder": str(self.folder),
                "workspace": str(self.workspace),
            }
        )


@dataclass(frozen=True)
class Outcome:
    """How a task ended: `reason` is None where it is done. is_late: its time limit ended it."""

    task: Task
    reason: str | None = None
    details: str = ""
    is_late: bool = False


class Growing:
    """A list of tasks that may grow while it is worked on."""

    def __init__(self, tasks: list[Task]) -> None:
        self.tasks = tasks
        self.taken = 0

    def new(self) -> list[Task]:
        """Those that nobody has taken yet."""
        found = self.tasks[self.taken :]
        self.taken = len(self.tasks)
        return found


Turns = Generator[Outcome | None, None, None]
"""Outcomes as they come, and None where a moment has passed without one."""


def digest(description: dict[str, Any]) -> str:
    """20 hexadecimal digits that stand for `description`, whatever the order of its keys."""
    text = json.dumps(description, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:20]
