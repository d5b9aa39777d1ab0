"""What a study asks of whatever does its tasks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, Self

from vestry.engine.task import OnEvent, Outcome, Task


class Engine(Protocol):
    """cores: the most that one task gets. shares_disk: whether tasks see this machine's files.
    shared: where that is not so, files and folders that every task reads, by the name under which
    its context says where they lie.

    Used as a context it keeps what is warm from one list of tasks to the next.
    """

    shared: dict[str, Path]

    @property
    def cores(self) -> int: ...

    @property
    def shares_disk(self) -> bool: ...

    def run(self, tasks: list[Task], on_event: OnEvent) -> Iterator[Outcome]:
        """Do `tasks`, giving each outcome as it comes; events are passed on with the task's name.

        Whoever goes through the outcomes may add tasks to the list, which are begun before those
        that still wait. One that fails, dies or outlasts its limit does not stop the others.
        Leaving the iterator early ends what is at work.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...
