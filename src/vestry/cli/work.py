"""What a run has to do, by groups of tasks, as its events tell: how far each is, what it came to,
and how long all of it may take yet.

A group is what a reader thinks of as one thing: all fits of a model (folds, seeds), or all models
asked about altered images.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from vestry.pipeline.progress import Event
from vestry.report.formatting import duration, per_cent


@dataclass
class Running:
    """A task at work. part: how much of it is done, 0 to 1; None where it does not say.
    accuracy: of its last epoch, on validation images."""

    started: float
    part: float | None = None
    step: str = "at work"
    place: str = ""
    seconds_left: float | None = None
    speed: float | None = None
    accuracy: float | None = None

    def follow(self, event: Event) -> None:
        self.speed = event.get("images_per_second", self.speed)
        self.seconds_left = event.get("seconds_left")
        match event["event"]:
            case "stage":
                self.step = event["text"]
            case "images":
                self.part = event["done"] / max(event["total"], 1)
                self.step = f"images {self.part:.0%}"
            case "epoch" | "step":
                self.follow_epoch(event)

    def follow_epoch(self, event: Event) -> None:
        done = event["epoch"] - 1 + event.get("part", 1)
        self.part = done / event["epochs"]
        self.step = f"epoch {event['epoch']}/{event['epochs']}"
        self.accuracy = event.get("validation_accuracy", self.accuracy)
        if "trial" in event:  # its epochs are those of one trial, and so is the time that it says
            self.part = (event["trial"] - 1 + self.part) / event["trials"]
            self.place = f"{event['trial']}/{event['trials']}"
            self.seconds_left = None

    def left(self, now: float, usual: float | None) -> float | None:
        """Seconds. usual: what its like took; None where nothing is known of that."""
        spent = now - self.started
        if self.seconds_left is not None:
            return self.seconds_left
        if self.part:
            return spent * (1 - self.part) / self.part
        return None if usual is None else max(0.0, usual - spent)


@dataclass
class Group:
    """Tasks of one kind. waiting: those that have not begun. failures: reasons, one a task.
    took: seconds of each that is done. spared: how many there was no need to begin. right: by part
    of the data, images that were right and all that were asked about."""

    name: str
    waiting: set[str] = field(default_factory=set)
    running: dict[str, Running] = field(default_factory=dict)
    took: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    spared: int = 0
    right: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    began: float | None = None
    ended: float = 0.0

    @property
    def done(self) -> int:
        return len(self.took) + len(self.failures) + self.spared

    @property
    def total(self) -> int:
        return self.done + len(self.running) + len(self.waiting)

    @property
    def is_done(self) -> bool:
        return self.done == self.total

    @property
    def accuracy(self) -> float | None:
        """On validation images: those set aside, by the fits on the most images, or else those of
        folds; None where nothing was held out."""
        for kind in ("whole", "few", "fold"):
            known = [key for key in self.right if key[0] == kind]
            if known:
                right, rows = self.right[max(known)]
                return right / rows
        return None

    def scored(self, event: Event) -> None:
        part = event["part"] or {"kind": "whole"}
        sums = self.right.setdefault((part["kind"], part.get("per_class", 0)), [0, 0])
        sums[0] += event["right"]
        sums[1] += event["rows"]

    @property
    def part(self) -> float | None:
        """How much of it is done; None where its one task does not say."""
        parts = [task.part for task in self.running.values()]
        if self.total == len(parts) and None in parts:
            return None
        return (self.done + sum(part or 0.0 for part in parts)) / max(self.total, 1)

    def left(self, now: float, usual: float | None) -> float | None:
        """Seconds, one task after the other; None where that cannot be told yet."""
        own = sum(self.took) / len(self.took) if self.took else None
        rest = [task.left(now, own or usual) for task in self.running.values()]
        rest += [own or usual or self.expected(now)] * len(self.waiting)
        return None if None in rest else sum(each or 0.0 for each in rest)

    def expected(self, now: float) -> float | None:
        """What a task takes, by the first one that is at work."""
        known = [(now - task.started, task.left(now, None)) for task in self.running.values()]
        return next((spent + left for spent, left in known if left is not None), None)

    def outcome(self, figure: str) -> str:
        """ "done in 12 s, validation accuracy 91.2%". figure: what the accuracy is called."""
        failed = f"{len(self.failures)} of {self.total} failed"
        if not self.took:
            return failed
        text = f"done in {duration(self.ended - (self.began or self.ended))}"
        if self.accuracy is not None:
            text += f", {figure} {per_cent(self.accuracy)}"
        if self.failures:
            text += f"; {failed}"
        return text


class Work:
    """Follows a run's events. clock: seconds. nodes: how many machines there are that the work is
    shared by; None where it is this one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.groups: dict[str, Group] = {}
        self.group_of: dict[str, str] = {}
        self.found = 0
        self.nodes: int | None = None

    def take(self, event: Event) -> Group | None:
        """Follow an event; gives the group that it ends, if it ends one."""
        if event["event"] == "tasks":
            self.announce(event)
        if event["event"] == "nodes":
            self.nodes = event["count"]
        if "task" not in event:
            return None
        group = self.group(event["task"])
        return self.follow(group, event["task"], event)

    def announce(self, event: Event) -> None:
        """Tasks come in rounds: fits, then what is asked of them."""
        self.found += event["found"]
        for name in set(event["groups"].values()):
            if name not in self.groups or self.groups[name].is_done:
                self.groups.pop(name, None)
                self.groups[name] = Group(name)
        self.group_of |= event["groups"]
        for task, name in event["groups"].items():
            self.groups[name].waiting.add(task)

    def group(self, task: str) -> Group:
        """That a task is of; its own, where nothing was said of it before."""
        name = self.group_of.setdefault(task, task)
        return self.groups.setdefault(name, Group(name))

    def follow(self, group: Group, task: str, event: Event) -> Group | None:
        now = self.clock()
        match event["event"]:
            case "started":
                group.waiting.discard(task)
                group.began = now if group.began is None else group.began
                group.running[task] = Running(now)
            case "scored":
                group.scored(event)
            case "done" | "failed" | "spared":
                return self.end(group, task, event, now)
            case _ if task in group.running:
                group.running[task].follow(event)
        return None

    def end(self, group: Group, task: str, event: Event, now: float) -> Group | None:
        group.waiting.discard(task)
        running = group.running.pop(task, None)
        group.ended = now
        if event["event"] == "failed":
            group.failures.append(event["reason"])
        elif event["event"] == "spared":
            group.spared += 1
        else:
            group.took.append(now - running.started if running else 0.0)
        return group if group.is_done else None

    @property
    def at_work(self) -> list[Group]:
        return [group for group in self.groups.values() if group.running]

    @property
    def done(self) -> int:
        return self.found + sum(group.done for group in self.groups.values())

    @property
    def total(self) -> int:
        return self.found + sum(group.total for group in self.groups.values())

    def left(self) -> float | None:
        """About how many seconds the tasks that are known will take, as many at once as now."""
        now, open_ones = self.clock(), [g for g in self.groups.values() if not g.is_done]
        took = [seconds for group in self.groups.values() for seconds in group.took]
        usual = sum(took) / len(took) if took else None
        rest = [group.left(now, usual) for group in open_ones]
        if not rest or None in rest:
            return None
        at_once = sum(len(group.running) for group in open_ones)
        return sum(each or 0.0 for each in rest) / max(at_once, 1)
