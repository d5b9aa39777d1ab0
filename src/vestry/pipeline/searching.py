"""Searches in batches: their trials are tasks of their own, which any engine does, several at once.

What is drawn next is settled here, from trials that are done: so a search that was cut short draws
the same again, and finds what was finished of it.
"""

import shutil
import time
from collections.abc import Iterable
from dataclasses import replace

from vestry.engine.task import OnEvent, Outcome, Task, digest
from vestry.errors import MemberError
from vestry.pipeline.tasks.search import write_search
from vestry.pipeline.tasks.trial import ROWS
from vestry.predictions.choosing import choosing_score
from vestry.search.batches import Asked, Batches
from vestry.search.ending import Ending
from vestry.search.space import SearchSettings, space_of
from vestry.search.trials import JOURNAL
from vestry.storage.file_sums import MANIFEST, forget_damaged
from vestry.storage.run_folder import UNFINISHED, read_json
from vestry.storage.tried import load_tried

_TRIAL = "vestry.pipeline.tasks.trial:run_trial"


class Searches:
    """Several searches. first: trials to begin with. found: how many were done before. groups: what
    trials that may be to do are taken together for, by their names. failed: searches that came to
    nothing, by the task's digest."""

    def __init__(self, tasks: Iterable[Task], report: OnEvent) -> None:
        self.report = report
        self.each = [_Search(task, report) for task in tasks]
        self.first = [trial for search in self.each for trial in search.go_on()]
        self.found = sum(len(search.found) for search in self.each)
        self.groups = {
            name: search.task.group
            for search in self.each
            for number, name in enumerate(search.names)
            if number not in search.settled
        }

    def follow(self, outcome: Outcome) -> list[Task]:
        """The trials that are to be done now that one has ended."""
        for search in self.each:
            if outcome.task.folder.name in search.waiting:
                return search.take(outcome)
        return []

    @property
    def failed(self) -> dict[str, Outcome]:
        return {each.task.folder.name: each.failed for each in self.each if each.failed}


class _Search:
    """The search that `task` is. Its trials lie in the task's workspace until all are done.

    found: the numbers of those that were done before. settled: of all that nobody has to do, such
    as repeats. waiting: the digests of those at work.
    """

    def __init__(self, task: Task, report: OnEvent) -> None:
        self.task = task
        self.report = report
        settings = SearchSettings(**task.description["search"])
        sign = choosing_score(settings.score).sign
        self.batches = Batches(space_of(task.description["member"]), settings, sign)
        self.names = [f"{task.name}, trial {number + 1}" for number in range(settings.trials)]
        self.batch: dict[int, Task] = {}
        self.done: dict[int, Task] = {}
        self.found: set[int] = set()
        self.settled: set[int] = set()
        self.waiting: set[str] = set()
        self.lost: Outcome | None = None
        self.failed: Outcome | None = None
        self.started = time.perf_counter()
        for _ in forget_damaged(task.workspace):
            text = f"{task.name}: a trial's files are damaged; it is done again"
            report({"event": "note", "text": text})

    def go_on(self) -> list[Task]:
        """Draw until there is something to do, and give that; where nothing is left, write down
        what the search came to."""
        while not self.batches.is_over:
            self.batch = {asked.number: self.trial(asked) for asked in self.batches.ask()}
            todo = {number: task for number, task in self.batch.items() if not task.is_done}
            self.found |= self.batch.keys() - todo.keys()
            self.settled |= self.batches.numbers - todo.keys()
            if todo:
                self.waiting = {task.folder.name for task in todo.values()}
                return list(todo.values())
            self.tell()
        self.finish()
        return []

    def take(self, outcome: Outcome) -> list[Task]:
        """A trial has ended; gives the next ones when its whole batch has."""
        self.waiting.remove(outcome.task.folder.name)
        if outcome.reason and self.lost is None:
            self.lost = outcome
        if self.waiting:
            return []
        before = set(self.settled)
        todo = self.next()
        for number in sorted(self.settled - before):
            self.report({"event": "spared", "task": self.names[number]})
        return todo

    def next(self) -> list[Task]:
        """As `go_on`, unless a trial was lost: to go on without it would make the outcome hang on
        what it was lost by."""
        if self.lost is None:
            self.tell()
            return self.go_on()
        lost = self.lost
        trial = lost.task.name.removeprefix(f"{self.task.name}, ")
        self.fail(f"{trial}: {lost.reason}", lost.details)
        self.settled |= set(range(max(self.batches.numbers) + 1, len(self.names)))
        return []

    def trial(self, asked: Asked) -> Task:
        limits = {str(epoch): loss for epoch, loss in asked.limits.items()}
        description = self.task.description | {"values": asked.values, "limits": limits}
        key = digest(description)
        return replace(
            self.task,
            name=self.names[asked.number],
            function=_TRIAL,
            description=description,
            folder=self.task.workspace / key,
            workspace=self.task.workspace / f"{key}{UNFINISHED}",
        )

    def tell(self) -> None:
        self.batches.tell({number: _ending(task) for number, task in self.batch.items()})
        self.done |= self.batch

    def finish(self) -> None:
        workspace = self.task.workspace
        workspace.mkdir(parents=True, exist_ok=True)
        self.batches.save(workspace / JOURNAL)
        found = {n: load_tried(t.folder / ROWS) for n, t in self.done.items() if _scored(t)}
        rows = {number: tried for number, tried in found.items() if tried is not None}
        trials, folder = self.batches.trials(), self.task.folder
        try:
            write_search(
                self.task.description, trials, rows, workspace / JOURNAL, folder, self.started
            )
        except MemberError as error:
            self.fail(str(error))
        else:
            shutil.rmtree(workspace)

    def fail(self, reason: str, details: str = "") -> None:
        self.failed = Outcome(self.task, reason, details)
        self.report({"event": "warning", "text": f"{self.task.name} failed: {reason}"})


def _ending(task: Task) -> Ending:
    return Ending.from_json(read_json(task.folder / MANIFEST))


def _scored(task: Task) -> bool:
    return _ending(task).score is not None
