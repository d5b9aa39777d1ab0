"""What a killed fit and a killed search leave, and what goes on from it: for `mutations.py`."""

import json
import random
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from mutated_bytes import FIELDS
from vestry.members.kind import FitJob
from vestry.members.networks import checkpoint, network_member, trainer
from vestry.members.networks.settings import NetworkSettings
from vestry.predictions.scores import SCORES
from vestry.search.space import Between, Choose, SearchSettings
from vestry.search.trials import JOURNAL, Search

_SPACE = {"x": Between(between=(0.0, 1.0)), "kind": Choose(choose=["a", [1, 2], 3])}
_SETTINGS = NetworkSettings.model_validate(
    {
        "layers": [{"flatten": True}, {"dense": 4}, {"batch_norm": True}],
        "epochs": 4, "batch_size": 16, "precision": "fp32", "early_stopping": {"patience": 3},
    }
)  # fmt: skip


def _heard_by_nobody(_: object) -> None:
    """What a fit or a search tells meanwhile."""


class _Killed(BaseException):
    """As a kill would end it: nothing may catch it."""


def _job(workspace: Path) -> FitJob:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (40, 4, 4)).astype(np.uint8)
    labels = np.arange(40) % 3
    return FitJob(
        images=images[:30], labels=labels[:30], validation_images=images[30:],
        validation_labels=labels[30:], classes=3, workspace=workspace, seed=0, threads=1,
        on_event=_heard_by_nobody,
    )  # fmt: skip


def checkpoint_left() -> bytes:
    """The checkpoint of a fit that was killed after its second epoch."""

    def killed(workspace: Path, tensors: dict[str, torch.Tensor], state: dict[str, object]) -> None:
        kept(workspace, tensors, state)
        if state["epoch"] == 2:
            raise _Killed

    kept, trainer.CHECKPOINT_SECONDS = checkpoint.write, 0.0
    with TemporaryDirectory() as folder:
        checkpoint.write = killed
        try:
            network_member.fit(_SETTINGS, _job(Path(folder)))
        except _Killed:
            return (Path(folder) / checkpoint.NAME).read_bytes()
        finally:
            checkpoint.write = kept
    raise AssertionError("the fit ended before it was killed")


def go_on_with_fit(content: bytes, workspace: Path) -> None:
    shutil.rmtree(workspace, ignore_errors=True)
    workspace.mkdir()
    (workspace / checkpoint.NAME).write_bytes(content)
    network_member.fit(_SETTINGS, _job(workspace))


def with_its_sum(content: bytes, draw: random.Random) -> bytes:
    """A checkpoint with another state or other tensors, and the sum that goes with them."""
    try:
        tensors = load(content)
        size = int.from_bytes(content[:8], "little")
        state = json.loads(content[8 : 8 + size])["__metadata__"]["state"]
    except (SafetensorError, ValueError, KeyError, TypeError):
        return content
    name = draw.choice([*tensors])
    match draw.randrange(4):
        case 0:
            del tensors[name]
        case 1:
            tensors[name] = tensors[draw.choice([*tensors])].clone()
        case 2:
            tensors[name] = tensors[name].to(draw.choice([torch.int64, torch.float64, torch.bool]))
        case _:
            state = FIELDS["json"](state.encode(), draw).decode("utf-8", "replace")
    return save(tensors, {"state": state, "sum": checkpoint._sum_of(tensors, state)})


def journal_left() -> bytes:
    """The journal of a search whose last trial has not ended."""
    with TemporaryDirectory() as folder:
        try:
            _search(Path(folder), 6, kill_at=4)
        except _Killed:
            return (Path(folder) / JOURNAL).read_bytes()
    raise AssertionError("the search ended before it was killed")


def go_on_with_search(content: bytes, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / JOURNAL).write_bytes(content)
    _search(folder, 6)


def _search(folder: Path, trials: int, kill_at: int | None = None) -> None:
    def objective(number: int, values: dict[str, float], watch: object) -> dict[str, float]:
        if number == kill_at:
            raise _Killed
        for epoch in (1, 2):
            watch(epoch, 1 / epoch + values["x"])  # type: ignore[operator]
        return {"accuracy": 1 - values["x"], "log_loss": values["x"]}

    settings = SearchSettings(trials=trials, sampler="random")
    search = Search(_SPACE, settings, folder, SCORES["accuracy"].sign)
    found = search.run(objective, _heard_by_nobody)
    assert len(found) == trials
