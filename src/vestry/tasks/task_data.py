"""The data that a task speaks of, as its worker process loads it."""

import functools
import json
from typing import Any

from vestry.data.data_settings import DataSettings
from vestry.data.dataset import Dataset, load_dataset
from vestry.data.places import Places
from vestry.errors import DataError


def task_data(description: dict[str, Any], context: dict[str, Any]) -> Dataset:
    """The study's data; raises DataError where it is no longer what the description speaks of."""
    dataset = loaded(json.dumps(context["data"]), json.dumps(context["places"]))
    if dataset.provenance.fingerprint != description["data"]:
        raise DataError(f"{dataset.provenance.used} has changed since the study began; start again")
    return dataset


@functools.lru_cache(maxsize=1)
def loaded(data: str, places: str) -> Dataset:
    """The study's data; a worker that stays warm loads it once."""
    return load_dataset(DataSettings(**json.loads(data)), Places.from_dict(json.loads(places)))
