"""Models of which nothing is known but what they said: from their files to scored members."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vestry.errors import DataError, StudyError
from vestry.evaluation.comparison import evaluate_seeds
from vestry.pipeline.models import EvaluatedModels, Truths
from vestry.predictions.given import (
    GIVEN_KIND,
    MADE_ELSEWHERE,
    UNKNOWN,
    GivenPredictions,
    read_given,
)
from vestry.predictions.given_file import read_csv
from vestry.predictions.matched import MatchedPredictions
from vestry.schema.cost import Cost, Latency
from vestry.schema.models import ScoredMember
from vestry.storage.names import folder_name

_NAMED = re.compile(r"(.+)@([0-9]{1,9})")


@dataclass(frozen=True, eq=False)
class GivenModel:
    """name: of its files' stem. files: by seed, what each says, in the order of the seeds."""

    name: str
    files: Mapping[int, GivenPredictions]


def read_models(paths: Iterable[Path]) -> list[GivenModel]:
    """A model for each stem, in the order given; `NAME@SEED` is one of its seeds.

    Raises StudyError for names that cannot be, DataError for anything wrong in a file.
    """
    found: dict[str, dict[int, Path]] = {}
    for path in paths:
        name, seed = _name_of(path)
        if seed in found.setdefault(name, {}):
            raise StudyError(
                f"{found[name][seed]} and {path} have one name, {name!r}; rename one, or name "
                f"several seeds of a model {name}@0, {name}@1"
            )
        found[name][seed] = path
    return [
        GivenModel(name, {seed: read_given(path) for seed, path in sorted(files.items())})
        for name, files in found.items()
    ]


def _name_of(path: Path) -> tuple[str, int]:
    match = _NAMED.fullmatch(path.stem)
    name, seed = (match[1], int(match[2])) if match else (path.stem, 0)
    try:
        return folder_name(name), seed
    except ValueError as error:
        raise StudyError(f"{path}: {error}; rename the file") from None


# What each takes, where somebody has measured that.


@dataclass(frozen=True)
class GivenCost:
    """milliseconds of an image, megabytes of its files, seconds to fit it; None where not given."""

    ms: float | None
    mb: float | None
    fit_seconds: float | None

    def record(self) -> Cost:
        latency = self.ms and Latency(median_ms=self.ms, p99_ms=None, rounds=None)
        return Cost(
            bytes=None if self.mb is None else round(1e6 * self.mb),
            latency=latency or None,
            images_per_second=None,
            threads=None,
            reason=None if self.ms or self.mb is not None else "it was not given",
        )


def summed_cost(costs: Sequence[GivenCost | None]) -> GivenCost | None:
    """What a committee of these takes, its rule for nothing; None where a member's is not given."""
    known = [cost for cost in costs if cost is not None]
    if len(known) < len(costs):
        return None
    return GivenCost(
        _sum([cost.ms for cost in known]),
        _sum([cost.mb for cost in known]),
        _sum([cost.fit_seconds for cost in known]),
    )


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


_COST_COLUMNS = ("ms", "mb", "fit_seconds")
_LARGEST_COST = 1e12


def read_costs(path: Path, names: Sequence[str]) -> dict[str, GivenCost]:
    """A `.csv` of `name` and any of ms, mb, fit_seconds; an empty cell is not known.

    Raises DataError where it says something else, or speaks of a model that there is none of.
    """
    table = read_csv(path)
    unknown = [name for name in table.header if name not in ("name", *_COST_COLUMNS)]
    if "name" not in table.header or unknown or len(table.header) < 2:
        raise DataError(
            f"{path}: its columns are {', '.join(table.header)}; name and any of "
            f"{', '.join(_COST_COLUMNS)} are read"
        )
    costs: dict[str, GivenCost] = {}
    for number, name in enumerate(table.column("name").tolist(), 1):
        if name not in names:
            raise DataError(
                f"{path}: row {number} is of {name!r}, but the models are {', '.join(names)}"
            )
        if name in costs:
            raise DataError(f"{path}: {name!r} stands there twice; give each model once")
        row = dict(zip(table.header, table.rows[number - 1], strict=True))
        costs[name] = GivenCost(*(_cost(path, number, key, row) for key in _COST_COLUMNS))
    return costs


def _cost(path: Path, number: int, key: str, row: Mapping[str, str]) -> float | None:
    text = row.get(key, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= _LARGEST_COST:  # NaN is in no range
        raise DataError(
            f"{path}: row {number} has {text[:40]!r} for {key}; give a number from 0 to 1e12, or "
            "leave the cell empty"
        )
    return value


# As members of a comparison.


def add_given(
    models: EvaluatedModels[ScoredMember],
    model: GivenModel,
    said: Sequence[MatchedPredictions],
    cost: GivenCost | None,
    truths: Truths,
) -> None:
    """said: for each seed its tables and how they were matched."""
    every = [each.tables for each in said]
    found = evaluate_seeds(dict(zip(model.files, every, strict=True)), truths)
    notes = dict.fromkeys(note for each in said for note in each.notes)
    names = ", ".join(given.path.name for given in model.files.values())
    entry = ScoredMember(
        kind=GIVEN_KIND,
        kind_words="predictions",
        definition=[f"predictions of {names}"],
        parameters=None,
        trainable_parameters=None,
        fit_seconds=cost.fit_seconds if cost else None,
        training=None,
        backbone=None,
        fitted_on=MADE_ELSEWHERE,
        warnings=list(notes),
        notes=[UNKNOWN],
        stored=None,
        threads=None,
        reported={},
        history=None,
        note="",
        milliseconds_per_image=cost.ms if cost else None,
        augmentation=None,
        search=None,
        cross_validation=None,
        learning_curve=None,
        **vars(found),
    )
    models.add(model.name, entry, every)
