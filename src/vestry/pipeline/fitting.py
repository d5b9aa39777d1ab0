"""Doing what is not done yet: members are fitted, then asked what else is to be known of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vestry.data.summary import Pictures, read_pictures
from vestry.engine.engine import Engine
from vestry.engine.task import OnEvent, Outcome, Task
from vestry.pipeline.planned_model import PlannedModel, with_needs
from vestry.pipeline.planner import SEARCH, Planner
from vestry.pipeline.tasks.attribution import explanation_tasks
from vestry.pipeline.tasks.corruption import PICTURES, corruption_tasks
from vestry.pipeline.tasks.cost import cost_task
from vestry.schema.results import ComparisonResults

if TYPE_CHECKING:
    from vestry.pipeline.searching import Searches


def fit_members(
    planner: Planner, exploration: Task | None, engine: Engine, report: OnEvent
) -> tuple[list[PlannedModel], dict[str, Outcome]]:
    """Fit everything that is not fitted yet: first what is known, and what must be searched for.

    Beside that, the look at the data is taken. What waits for a search, for folds that find for
    how many epochs a network is trained, or for a teacher follows in turns.

    Returns the members whose settings are known at last, and what failed by the task's digest.
    """
    searches = planner.searches()
    planned = planner.models({})
    failed: dict[str, Outcome] = {}
    asked: set[str] = set()
    waiting = _next_fits(planned, asked, failed)
    waiting += [task for tasks in searches.values() for task in tasks]
    # Last, because it needs one core only: it fills in where a network does not need them all.
    waiting += [exploration] if exploration else []
    while waiting:
        failed |= do(waiting, engine, report)
        asked |= {task.folder.name for task in waiting}
        planned = planner.models(searches)
        waiting = _next_fits(planned, asked, failed)
    return planned, failed


def _next_fits(
    planned: Sequence[PlannedModel], asked: set[str], failed: dict[str, Outcome]
) -> list[Task]:
    """Fits that nobody was asked for and whose needs, such as a student's teacher, are done. Those
    whose needs have failed are put into `failed`."""
    wanted = with_needs(planned)
    for key, task in wanted.items():  # what is needed stands before what needs it
        lost = next((need for need in task.needs if need.folder.name in failed), None)
        if lost and not task.is_done:
            reason = failed[lost.folder.name].reason
            failed[key] = Outcome(task, f"its teacher could not be fitted: {lost.name}: {reason}")
    return [
        task
        for key, task in wanted.items()
        if key not in asked and key not in failed and all(need.is_done for need in task.needs)
    ]


def do(tasks: list[Task], engine: Engine, report: OnEvent) -> dict[str, Outcome]:
    """Do what is not done yet; returns what failed by the task's digest."""
    todo = {task.folder.name: task for task in tasks if not task.is_done}
    searches = _searches([task for task in todo.values() if _is_in_batches(task)], report)
    waiting = [task for task in todo.values() if not _is_in_batches(task)]
    groups = {task.name: task.group or task.name for task in waiting}
    found = len(tasks) - len(todo)
    if searches:
        waiting = searches.first + waiting
        groups, found = groups | searches.groups, found + searches.found
    report({"event": "tasks", "total": found + len(groups), "found": found, "groups": groups})
    failed = {}
    for outcome in engine.run(waiting, report) if waiting else ():
        if outcome.reason:
            failed[outcome.task.folder.name] = outcome
        if searches:
            waiting.extend(searches.follow(outcome))
    return failed | (searches.failed if searches else {})


def _is_in_batches(task: Task) -> bool:
    """Whether it is a search whose trials are tasks of their own, instead of one task."""
    return task.function == SEARCH and "batch" in task.description["search"]


def _searches(tasks: list[Task], report: OnEvent) -> "Searches | None":
    if not tasks:
        return None
    from vestry.pipeline.searching import Searches  # noqa: PLC0415 - optuna takes a second

    return Searches(tasks, report)


# Fitted members asked again: about corrupted images, what an answer costs, what they look at.


@dataclass(frozen=True)
class PostFit:
    """corruption: tasks by the member's name. skipped: why there is none for the others. cost: one
    task for all. failed: outcomes by the task's digest."""

    corruption: dict[str, Task] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    cost: Task | None = None
    failed: Mapping[str, Outcome] = field(default_factory=dict)

    @property
    def pictures(self) -> Pictures:
        """One test image at every severity, by its id; the same for every member."""
        done = [task for task in self.corruption.values() if task.is_done]
        return read_pictures(done[0].folder / PICTURES) if done else {}

    @property
    def tasks(self) -> list[Task]:
        return [*self.corruption.values(), *filter(None, [self.cost])]


def measure_models(
    planner: Planner, planned: Sequence[PlannedModel], engine: Engine, report: OnEvent
) -> PostFit:
    """Ask every fitted member about corrupted test images, and measure what all of them cost."""
    study, fitted = planner.study, _first_fits(planned)
    if not fitted:
        return PostFit()
    data = (planner.dataset, fitted)
    corruption, skipped = corruption_tasks(study.robustness, *data, planner.context, planner.run)
    cost = cost_task(*data, study.committee, planner.context, planner.run, engine.cores)
    # The cost last and alone, so that nothing else is at work while it is measured.
    failed = do([*corruption.values(), cost], engine, report)
    return PostFit(corruption, skipped, cost, failed)


def attribute_models(
    planner: Planner,
    planned: Sequence[PlannedModel],
    results: ComparisonResults,
    engine: Engine,
    report: OnEvent,
) -> tuple[dict[str, Task], dict[str, Outcome]]:
    """Tasks that explain members on some images, their worst mistakes among them; what failed."""
    folds = planner.dataset.folds
    if folds and folds.tests:  # the models that stay have learnt from every image
        return {}, {}
    tasks = explanation_tasks(
        planner.study.explanation,
        results,
        planner.dataset,
        _first_fits(planned),
        planner.context,
        planner.run,
    )
    return tasks, do(list(tasks.values()), engine, report) if tasks else {}


def _first_fits(planned: Sequence[PlannedModel]) -> dict[str, Task]:
    """The fit that each member's tables are of: the first seed's that came to something."""
    done = {
        member.name: [task for task in member.tasks.values() if task.is_done] for member in planned
    }
    return {name: tasks[0] for name, tasks in done.items() if tasks}
