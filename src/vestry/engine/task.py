"""A task: a JSON-able description in, a folder of files out.

Its digest names the folder, so that a task that was finished once is found again and never done
twice, in this process, in a worker process or on another machine.
"""

import hashlib
import json
from collections.abc import Callable
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
    for, such as the model that it is one fit of; by itself where that is empty. here: done in this
    process, which alone has what it needs; a limit of time does not end it there.
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
    here: bool = False

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
            context=context,
            cores=cores,
            time_limit=time_limit,
            group=group,
            folder=run.task(key),
            workspace=run.workspace(key),
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
                "context": self.context,
                "folder": str(self.folder),
                "workspace": str(self.workspace),
            }
        )


@dataclass(frozen=True)
class Outcome:
    """How a task ended: `reason` is None where it is done."""

    task: Task
    reason: str | None = None
    details: str = ""


def digest(description: dict[str, Any]) -> str:
    """20 hexadecimal digits that stand for `description`, whatever the order of its keys."""
    text = json.dumps(description, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:20]
