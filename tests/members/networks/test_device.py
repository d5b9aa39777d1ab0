"""Another device, of which there is none here: how it is chosen, and stand-ins for it at work."""

import numpy as np
import pytest
import torch
from test_plain_module import MORE

from vestry.errors import StudyError
from vestry.members.kind import PlanContext
from vestry.members.model_paths import ModelPaths
from vestry.members.networks import device, network_member
from vestry.members.networks.autograd_network import AutogradNetwork
from vestry.members.networks.device import Device, settled_device
from vestry.members.networks.kind import NETWORK
from vestry.members.networks.network_member import fit
from vestry.members.networks.optimizers import OPTIMIZERS
from vestry.members.networks.plain_module import PlainModule
from vestry.members.networks.rows import Rows
from vestry.members.networks.settings import NetworkSettings
from vestry.members.networks.trainer import Trainer

LAYERS = [
    {"conv": 8, "kernel": 3, "padding": "same", "activation": "none"},
    {"batch_norm": True},
    {"activation": "relu"},
    {"block": "residual", "filters": 12, "stride": 2},
    {"squeeze_excite": 2},
    {"global_pool": "average"},
]


def machine(monkeypatch, driver, *there):
    monkeypatch.setattr(device.shutil, "which", lambda name: "/bin/it" if driver else None)
    monkeypatch.setattr(device, "_is_there", lambda name: name in there)


@pytest.mark.parametrize(
    ("driver", "there", "asked", "taken"),
    [
        (False, ["cuda"], "auto", "auto"),
        (True, [], "auto", "auto"),
        (True, ["cuda"], "auto", "cuda"),
        (True, ["cuda"], "cpu", "auto"),
        (True, ["cuda"], "cuda", "cuda"),
        (False, ["mps"], "mps", "mps"),
        (False, ["mps"], "auto", "auto"),
    ],
)
def test_auto_is_a_card_where_torch_has_it(monkeypatch, driver, there, asked, taken):
    machine(monkeypatch, driver, *there)
    assert settled_device(asked) == taken


@pytest.mark.parametrize("asked", ["cuda", "mps"])
def test_what_is_not_there_is_refused_before_any_fit(monkeypatch, asked):
    machine(monkeypatch, False)
    context = PlanContext((8, 8), tuple("ab"), ModelPaths.of())
    with pytest.raises(StudyError, match=f'device = "{asked}": torch finds no such device here'):
        NETWORK.plan(context).describe(NetworkSettings(layers=LAYERS, device=asked))


def test_a_fit_on_the_processor_is_known_as_it_always_was(monkeypatch):
    machine(monkeypatch, False)
    plan = NETWORK.plan(PlanContext((8, 8), tuple("ab"), ModelPaths.of()))
    stored = [
        plan.settled(NetworkSettings(layers=LAYERS, **more)).model_dump()
        for more in ({}, {"device": "auto"}, {"device": "cpu"})
    ]
    assert stored[0] == stored[1] == stored[2] and "device" not in stored[0]
    assert NetworkSettings(layers=LAYERS, device="cuda").model_dump()["device"] == "cuda"


class StandIn(Device):
    """The processor in a device's place."""

    is_cpu = False


@pytest.fixture
def stand_in(monkeypatch):
    def placed(half):
        given = StandIn("cpu", half, channels_last=True)
        monkeypatch.setattr(network_member, "device_of", lambda settings: given)

    return placed


def test_a_network_is_trained_there_as_here(job, stand_in, held_out):
    own = {"layers": LAYERS, "epochs": 1, "precision": "fp32", "optimizer": "sgd"}
    settings = NetworkSettings(
        **own, augmentation={"shift": 0.1, "mixup": 0.2}, ema=0.9, momentum=0.9
    )
    here = fit(settings, job())
    stand_in(half=False)
    there = fit(settings, job())
    images = held_out.images
    one, other = here.predict_proba(images), there.predict_proba(images)
    assert np.abs(one - other).max() < 0.02 and type(there.network) is type(here.network)
    assert there.card()["training"]["precision"] == {"all": "fp32 on cpu, by autograd"}
    assert {k: v for k, v in here.card().items() if k not in VARIES} == {
        k: v for k, v in there.card().items() if k not in VARIES
    }


VARIES = {"fit_seconds", "training", "threads"}


def test_in_half_precision_it_learns_as_much(job, stand_in, held_out):
    settings = NetworkSettings(layers=LAYERS, epochs=6, learning_rate=0.01)
    here = fit(settings, job())
    stand_in(half=True)
    there = fit(settings, job())
    right = [
        (each.predict_proba(held_out.images).argmax(1) == held_out.labels).mean()
        for each in (here, there)
    ]
    assert min(right) > 0.8 and abs(right[0] - right[1]) < 0.08
    assert there.card()["training"]["precision"] == {"all": "bf16 on cpu, by autograd"}


@pytest.mark.parametrize("layers", [LAYERS, *MORE.values()])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_whole_steps_stay_on_the_device(layers, optimizer, tmp_path):
    """On torch's `meta`, which computes shapes alone and takes no tensor from elsewhere."""
    given = {"layers": layers, "optimizer": optimizer, "ema": 0.9, "balance": "weights"}
    settings = NetworkSettings(**given)
    place = Device("meta", channels_last=True)
    network = AutogradNetwork(PlainModule(settings.layers, (8, 8, 2), 4), (8, 8, 2), 4, "it", place)
    rows = Rows(torch.zeros(6, 8, 8, 2, dtype=torch.uint8), torch.arange(6) % 4)
    network.standardise(torch.arange(256, dtype=torch.uint8).view(2, 8, 8, 2))
    trainer = Trainer(network, settings, rows, rows, 0, tmp_path, lambda _: None)
    images = rows.images.float().to("meta")
    truth = trainer.truths[rows.labels.to("meta")]
    with torch.inference_mode():
        for _ in range(2):
            trainer.step(images, truth, torch.empty_like(truth), 0.1)
        network.measure_statistics([images])
        assert network.forward(images, training=False).device.type == "meta"
    assert all(tensor.device.type == "meta" for tensor in network.tensors().values())
    assert all(tensor.device.type == "meta" for tensor in trainer.optimizer.state.values())
