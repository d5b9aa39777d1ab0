"""The member of the kind `module`: a torch module of the user's own, trained here."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import nn

from vestry.errors import MemberError, one_line
from vestry.members.estimators.onnx_member import OnnxMember
from vestry.members.kind import WHOLE_MODEL, FitJob, FittedModel
from vestry.members.modules.given_here import NOTE, is_here
from vestry.members.modules.kind import ModuleSettings
from vestry.members.modules.module_onnx import save_onnx
from vestry.members.modules.user_module import UserModule, user_module
from vestry.members.networks.autograd_network import AutogradNetwork
from vestry.members.networks.device import device_of
from vestry.members.networks.network_card import Untrained
from vestry.members.networks.network_member import NetworkMember, fit_made

_GATE_ROWS = 1000
_MOST_PARTS = 40
"""Lines about parts of a module, at most."""


class ModuleMember:
    """A trained module; `fit` and `load` make it. check_images: its ONNX form is held against."""

    def __init__(
        self, trained: NetworkMember, network: AutogradNetwork, check_images: NDArray[np.uint8]
    ) -> None:
        self.trained = trained
        self.network = network
        self.check_images = check_images
        self.predict_proba = trained.predict_proba
        self.tried = trained.tried

    def held_out_proba(self) -> None:
        """Training does not learn from validation rows, so `predict_proba` serves for them."""

    def save(self, folder: Path) -> None:
        """Weights as its `state_dict` has them; and, where torch can export it and the file agrees
        with it, all of it as ONNX, which then needs its source no more."""
        self.trained.save(folder)
        facts = self.trained.facts
        try:
            expected = self.predict_proba(self.check_images)
            parity = save_onnx(
                self.network,
                tuple(facts["image_shape"]),
                self.trained.mirrored,
                (self.check_images, expected),
                folder / WHOLE_MODEL,
            )
        except MemberError as error:
            facts["stored_note"] = one_line(error)
            facts["warnings"] = [*facts["warnings"], one_line(error)]
        else:
            facts |= {"stored": WHOLE_MODEL, "stored_note": "", "parity": parity}

    def card(self) -> dict[str, Any]:
        return self.trained.facts


def fit(settings: ModuleSettings, job: FitJob) -> ModuleMember:
    """Train it on the job's rows, going on from a checkpoint if there is one.

    Raises MemberError where it cannot be imported or made, where what it gives are no scores of
    the classes, and with its own words where it raises something itself.
    """
    checked = job.validation_images if len(job.validation_images) else job.images
    trained = fit_made(settings, job, _network, _untrained)
    if is_here(settings.module):
        trained.facts["notes"].append(NOTE)
    network = trained.network
    assert isinstance(network, AutogradNetwork)  # noqa: S101 - for the type checker
    return ModuleMember(trained, network, checked[:_GATE_ROWS])


def load(folder: Path, card: dict[str, Any]) -> FittedModel:
    """The member that `save` wrote: by its ONNX form, or by its class where it has none.

    Raises MemberError where the source of that is no longer there, or another.
    """
    if card["stored"] == WHOLE_MODEL:
        return OnnxMember(folder / WHOLE_MODEL, card)
    settings = ModuleSettings(**card["settings"])
    shape, classes = tuple(card["image_shape"]), card["classes"]
    made = user_module(settings, shape, classes, 0)
    network = AutogradNetwork(made.module, shape, classes, settings.module)
    network.restore(load_file(folder / card["stored"]))
    mirrored = card.get("mirrored_answers", {}).get("used", False)
    threads = torch.get_num_threads()
    trained = NetworkMember(network, settings, card, [], threads, mirrored=mirrored)
    return ModuleMember(trained, network, np.zeros((0, *shape), np.uint8))


def _network(settings: ModuleSettings, job: FitJob) -> AutogradNetwork:
    return _made(settings, job)[1]


def _untrained(settings: ModuleSettings, job: FitJob) -> Untrained:
    made, network = _made(settings, job)
    device = network.device
    return Untrained(
        network,
        {
            "kind": "module",
            "parameters": sum(each.numel() for each in made.module.parameters()),
            "trainable_parameters": sum(each.numel() for each in network.trained),
            "definition": list(_definition(settings, made)),
        },
        {"all": f"{device.precision} on {device.place}"},
    )


def _made(settings: ModuleSettings, job: FitJob) -> tuple[UserModule, AutogradNetwork]:
    shape = job.images.shape[1:]
    made = user_module(settings, shape, job.classes, job.seed)
    device = device_of(settings)
    return made, AutogradNetwork(made.module, shape, job.classes, settings.module, device)


def _definition(settings: ModuleSettings, made: UserModule) -> Iterator[str]:
    """What it was made with, its source, and a line for each of its parts."""
    given = ", ".join(f"{key} = {value}" for key, value in made.given.items())
    yield f"{settings.module}({given})"
    yield f"source: {made.source.words}, SHA-256 {made.source.sha256}"
    parts = [(name, part) for name, part in made.module.named_modules() if _is_leaf(part)]
    for name, part in parts[:_MOST_PARTS]:
        count = sum(each.numel() for each in part.parameters())
        words = f"{name}: {type(part).__name__}({part.extra_repr()})"
        yield words + (f", {count:,} parameters" if count else "")
    if len(parts) > _MOST_PARTS:
        yield f"and {len(parts) - _MOST_PARTS} more parts"


def _is_leaf(part: nn.Module) -> bool:
    return not list(part.children())
