"""Doing what is not done yet: members whose settings are known, searches, and what they find."""

from vestry.engine.local import LocalEngine
from vestry.engine.task import OnEvent, Outcome, Task
from vestry.run.planner import PlannedModel, Planner


def fit_members(
    planner: Planner, exploration: Task | None, engine: LocalEngine, report: OnEvent
) -> tuple[list[PlannedModel], dict[str, Outcome]]:
    """Fit everything that is not fitted yet: first what is known, and what must be searched for.

    Beside that, the look at the data is taken.

    Returns the members whose settings are known at last, and what failed by the task's digest.
    """
    searches = planner.searches()
    known = planner.models({})
    first = [task for member in known for task in member.fits] + list(searches.values())
    # Last, because it needs one core only: it fills in where a network does not need them all.
    first += [exploration] if exploration else []
    failed = do(first, engine, report)
    planned = planner.models(searches)
    found = [task for member in planned if member.search for task in member.fits]
    return planned, failed | (do(found, engine, report) if found else {})


def do(tasks: list[Task], engine: LocalEngine, report: OnEvent) -> dict[str, Outcome]:
    """Do what is not done yet; returns what failed by the task's digest."""
    waiting = {task.folder.name: task for task in tasks if not task.is_done}
    report({"event": "tasks", "total": len(tasks), "found": len(tasks) - len(waiting)})
    outcomes = engine.run(list(waiting.values()), report) if waiting else ()
    return {outcome.task.folder.name: outcome for outcome in outcomes if outcome.reason}
