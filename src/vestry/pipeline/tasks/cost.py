"""What predicting costs, as a worker process measures it: all models of a run in one go."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from vestry.committees.committee_settings import CommitteeSettings
from vestry.data.dataset import Dataset
from vestry.engine.task import OnEvent, Task
from vestry.errors import one_line
from vestry.members.kinds import kind_named
from vestry.pipeline.tasks.code_key import code_key
from vestry.pipeline.tasks.fit import task_data
from vestry.pipeline.tasks.timing import (
    TimedModel,
    Times,
    strides,
    summed,
    timed,
    timed_rule,
    together,
)
from vestry.schema.cost import Cost, Latency
from vestry.storage.file_sums import MANIFEST, finish
from vestry.storage.run_folder import RunFolder, read_json
from vestry.system.installed import version_of
from vestry.system.platform_calls import processor

_CODE = ("pipeline.tasks.cost", "committees")
_MEASURE = "vestry.pipeline.tasks.cost:measure_costs"
_LIBRARIES = ("numpy", "torch", "onnxruntime")
_THREADS = 1
"""Of whatever computes: what one core gives, which the next machine's core can be set beside."""
ROUNDS, LATENCY_SECONDS = 200, 5.0
TURNS, BATCH_SECONDS = 3, 4.0
"""Seconds are for all models together."""

Costs = dict[str, dict[str, Cost]]
"""Of `members` and of `committees`, by name."""


def cost_task(
    dataset: Dataset,
    fitted: Mapping[str, Task],
    committees: Sequence[CommitteeSettings],
    context: dict[str, Any],
    run: RunFolder,
    cores: int,
) -> Task:
    """The task that measures all models of a run.

    fitted: each member's finished task, of its first seed. committees: those with a member that is
    missing there are left out. context: `data` and `places`, as for members. cores: all there are,
    so that nothing runs beside it.
    """
    description = {
        "code": code_key(*_CODE),
        "libraries": {name: version_of(name) for name in _LIBRARIES},
        "processor": processor(),
        "threads": _THREADS,
        "data": dataset.provenance.fingerprint,
        "members": {name: task.folder.name for name, task in fitted.items()},
        "committees": {
            entry.name: {"rule": entry.rule, "options": entry.options, "members": entry.members}
            for entry in committees
            if set(entry.members) <= set(fitted)
        },
    }
    folders = {name: str(task.folder) for name, task in fitted.items()}
    task = Task.of(
        run,
        name="cost",
        function=_MEASURE,
        description=description,
        context=context | {"folders": folders},
        cores=cores,
    )
    return replace(task, here="it times this machine")


def read_costs(folder: Path, asked: Mapping[str, Sequence[str]]) -> Costs:
    """What `measure_costs` left in `folder`. asked: of each committee, the members that have a say
    in it: the others need not be there when it predicts. One that could not be made is not among
    them."""
    found = read_json(folder / MANIFEST)["cost"]
    clock, files, reasons = Clock.restored(found["clock"]), found["files"], found["reasons"]

    def cost(reason: str | None, models: Sequence[str], *rule: str) -> Cost:
        if reason is not None:
            return _cost(reason=reason)
        return _cost(together([files[name] for name in models]), *clock.of([*models, *rule]))

    return {
        "members": {name: cost(reason, [name]) for name, reason in reasons["members"].items()},
        "committees": {
            name: cost(reasons["committees"][name], own, _rule_key(name))
            for name, own in asked.items()
            if name in reasons["committees"]
        },
    }


def measure_costs(
    description: dict[str, Any],
    context: dict[str, Any],
    folder: Path,
    workspace: Path,  # noqa: ARG001 - there is nothing to go on with
    report: OnEvent,
) -> None:
    """Load all models, time them, and write the card into `folder`.

    Raises DataError where the data is no longer what the description speaks of.
    """
    dataset = task_data(description, context)
    folders = {name: Path(place) for name, place in context["folders"].items()}
    with threadpool_limits(limits=_THREADS), _prepared(folders.values()):
        found = _measured(folders, description["committees"], dataset, report)
    folder.mkdir(parents=True, exist_ok=True)
    finish(folder, {"cost": found, "task": description})


def _prepared(folders: Iterable[Path]) -> AbstractContextManager[None]:
    """The process as it trains, where torch fitted one of these models; to load it takes longer
    than to time the others."""
    cards = (read_json(folder / MANIFEST) for folder in folders)
    kinds = {card["kind"] for card in cards if card.get("stored")}
    if not any("torch" in kind_named(kind).libraries for kind in kinds):
        return nullcontext()
    from vestry.members.networks import machine  # noqa: PLC0415 - brings torch

    return machine.prepared(_THREADS)


def _measured(
    folders: Mapping[str, Path],
    committees: Mapping[str, Mapping[str, Any]],
    dataset: Dataset,
    report: OnEvent,
) -> dict[str, Any]:
    """Each model's files and times; one that cannot predict has the reason instead."""
    models: dict[str, TimedModel] = {}
    reasons: dict[str, dict[str, str | None]] = {"members": {}, "committees": {}}
    images = dataset.validation.images
    for name, folder in folders.items():
        report({"event": "stage", "text": f"loading {name}"})
        try:
            models[name] = TimedModel.loaded(
                folder, images, _THREADS, BATCH_SECONDS / (2 * TURNS * len(folders))
            )
            reasons["members"][name] = None
        except Exception as error:  # whatever it is, the page names it
            reasons["members"][name] = one_line(error)
    rules: dict[str, TimedModel] = {}
    for name, entry in committees.items():
        missing = [member for member in entry["members"] if member not in models]
        reasons["committees"][name] = _missing(missing)
        if not missing:
            rules[name] = timed_rule(name, entry, folders, dataset)
    report({"event": "stage", "text": "timing"})
    files = {name: dict(model.files) for name, model in models.items()}
    return {"reasons": reasons, "files": files, "clock": asdict(Clock.started(models, rules))}


def _missing(names: Sequence[str]) -> str | None:
    if not names:
        return None
    return f"its member{'s' * (len(names) > 1)} {', '.join(names)} could not be measured"


def _rule_key(committee: str) -> str:
    """No member can have this name: it has a character that names must not have."""
    return f"rule/{committee}"


@dataclass(frozen=True)
class Clock:
    """one: seconds of one image by round. batch: seconds an image by turn; both by name."""

    one: Mapping[str, Times]
    batch: Mapping[str, Times]

    @classmethod
    def started(cls, models: Mapping[str, TimedModel], rules: Mapping[str, TimedModel]) -> "Clock":
        works = dict(models) | {_rule_key(name): model for name, model in rules.items()}
        every = strides({n: m.seconds for n, m in works.items()}, ROUNDS, LATENCY_SECONDS)
        one = timed({name: model.one for name, model in works.items()}, ROUNDS, every)
        whole = timed({name: model.batch for name, model in works.items()}, TURNS, {})
        batch = {
            name: {turn: seconds / works[name].size for turn, seconds in times.items()}
            for name, times in whole.items()
        }
        return cls(one, batch)

    @classmethod
    def restored(cls, value: Mapping[str, Mapping[str, Mapping[str, float]]]) -> "Clock":
        """As `asdict` left it in a file."""
        return cls(
            **{
                kind: {
                    name: {int(number): seconds for number, seconds in times.items()}
                    for name, times in works.items()
                }
                for kind, works in value.items()
            }
        )

    def of(self, names: Sequence[str]) -> tuple[list[float], list[float]]:
        """Seconds of what `names` do together: of one image by round, an image in batches."""
        one = summed([self.one[name] for name in names])
        batch = summed([self.batch[name] for name in names])
        return list(one.values()), list(batch.values())


def _cost(
    files: Mapping[str, int] | None = None,
    one: Sequence[float] = (),
    batch: Sequence[float] = (),
    reason: str | None = None,
) -> Cost:
    """The p99 is a time that was really measured."""
    latency = None
    if one:
        median, p99 = np.median(one), np.quantile(one, 0.99, method="higher")
        latency = Latency(median_ms=1000 * float(median), p99_ms=1000 * float(p99), rounds=len(one))
    return Cost(
        bytes=None if files is None else sum(files.values()),
        latency=latency,
        images_per_second=1 / float(np.median(batch)) if batch else None,
        threads=_THREADS,
        reason=reason,
    )
