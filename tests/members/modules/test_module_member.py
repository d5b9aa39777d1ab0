"""A user's own torch module: trained as torch would, stored, exported, and told what is wrong."""

import copy
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import own_modules
from vestry.data.sources import digits
from vestry.errors import MemberError, ModelError, StudyError
from vestry.export.onnx_export import member_model
from vestry.members.kind import FitJob, PlanContext
from vestry.members.model_paths import ModelPaths
from vestry.members.modules.kind import MODULE, ModuleSettings
from vestry.members.modules.module_member import fit, load
from vestry.members.networks import trainer
from vestry.members.networks.autograd_network import AutogradNetwork
from vestry.members.networks.optimizers import OPTIMIZERS
from vestry.members.networks.settings import TrainingSettings

ROWS = digits.load().train


@pytest.fixture
def job(tmp_path):
    def made(colour=False, **more):
        images = np.repeat(ROWS.images[..., None], 3, axis=3) if colour else ROWS.images
        given = {
            "images": images[:301],  # the last batch of 50 is one image
            "labels": ROWS.labels[:301],
            "validation_images": images[301:400],
            "validation_labels": ROWS.labels[301:400],
            "classes": 10,
            "seed": 3,
            "threads": 1,
            "workspace": tmp_path,
            "on_event": json.dumps,
        }
        return FitJob(**given | more)

    return made


def settings(name="Small", **more):
    own = {"epochs": 3, "batch_size": 50, "learning_rate": 0.01}
    return ModuleSettings(module=f"own_modules.{name}", **own | more)


def test_steps_are_those_that_torch_takes():
    torch.manual_seed(1)  # with 0, two pixels of a pool are as good as equal, on one thread
    given = own_modules.Small(1, 10, drop=0.0)
    given(torch.zeros(2, 1, 8, 8))
    theirs = copy.deepcopy(given).train()
    ours = AutogradNetwork(given, (8, 8), 10, "Small")
    optimizer = OPTIMIZERS["sgd"](
        TrainingSettings(optimizer="sgd", momentum=0.9), ours.vector.values, ours.vector.gradients
    )
    reference = torch.optim.SGD(theirs.parameters(), 0.05, momentum=0.9)
    images, labels = torch.rand(40, 8, 8, 1), torch.arange(40) % 10
    for _ in range(5):
        reference.zero_grad()
        nn.functional.cross_entropy(theirs(images.permute(0, 3, 1, 2)), labels).backward()
        reference.step()
        with torch.inference_mode():
            shares = ours.forward(images, training=True).softmax(1)
            ours.backward((shares - torch.eye(10)[labels]) / 40)
            optimizer.step(0.05)
    for name, tensor in theirs.state_dict().items():
        torch.testing.assert_close(ours.tensors()[name], tensor, msg=name)


@pytest.mark.parametrize("more", [{"optimizer": "muon"}, {"ema": 0.9, "precision": "bf16"}])
def test_a_killed_fit_ends_with_the_same_bits(job, monkeypatch, more):
    monkeypatch.setattr(trainer, "CHECKPOINT_SECONDS", 0.0)
    whole = settings(early_stopping={"patience": 9, "restore_best": True}, **more)

    def kill(event):
        if event["event"] == "epoch" and event["epoch"] == 2:
            raise KeyboardInterrupt

    undisturbed = fit(whole, job())
    with pytest.raises(KeyboardInterrupt):
        fit(whole, job(on_event=kill))
    resumed = fit(whole, job())
    for name, tensor in undisturbed.network.tensors().items():
        assert torch.equal(tensor, resumed.network.tensors()[name]), name


def test_another_seed_starts_and_goes_otherwise(job):
    one, other = (fit(settings(), job(seed=seed)).network.tensors() for seed in (0, 1))
    assert not torch.equal(one["body.0.weight"], other["body.0.weight"])
    assert not torch.equal(one["frozen.weight"], other["frozen.weight"])


@pytest.mark.parametrize("colour", [False, True])
def test_the_file_holds_all_of_it_and_needs_no_source(job, tmp_path, colour):
    member = fit(settings(mirrored_at_test=True, params={"width": 5}), job(colour=colour))
    member.save(tmp_path / "model")
    card = member.card()
    assert card["stored"] == "model.onnx" and card["parity"]["rows"] == 99
    assert "own_modules.Small(width = 5, " in card["definition"][0]
    assert "own_modules.py, SHA-256" in card["definition"][1] and not card["warnings"]
    assert {p.name for p in (tmp_path / "model").iterdir()} == {
        *("model.onnx", "weights.safetensors", "history.csv")
    }
    loaded = load(tmp_path / "model", card | {"settings": {}})
    images = job(colour=colour).validation_images
    np.testing.assert_allclose(
        loaded.predict_proba(images), member.predict_proba(images), atol=1e-5
    )
    (tmp_path / "model" / "card.json").write_text(json.dumps(card))
    assert member_model(tmp_path / "model").graph.node


@pytest.mark.parametrize(("name", "why"), [("NoGraph", "fft"), ("OtherGraph", "labels equal on")])
def test_what_torch_cannot_export_is_fitted_and_says_so(job, tmp_path, name, why):
    member = fit(settings(name), job())
    folder = tmp_path / "model"
    member.save(folder)
    card = json.loads(json.dumps(member.card()))
    assert card["stored"] == "weights.safetensors" and why in card["warnings"][0]
    images = job().validation_images
    again = load(folder, card).predict_proba(images)
    np.testing.assert_allclose(again, member.predict_proba(images), atol=1e-6)
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match=f"(?s)model cannot be exported: .*{why}"):
        member_model(folder)
    other = card | {"settings": card["settings"] | {"sha256": "0" * 64}}
    with pytest.raises(MemberError, match="has changed"):
        load(folder, other)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("not_a_module", "is no torch module"),
        ("Absent", "there is no own_modules.Absent"),
        ("Cut", r"gave a tensor of shape \(2, 3\).*\(n, 10\)"),
        ("Pair", "gave no tensor but tuple"),
        ("Raises", r"raised KeyError: 'nothing here' \(own_modules.py, line \d+\)"),
        ("RaisesLater", r"raised ValueError: only in training \(own_modules.py, line \d+\)"),
        ("Detached", "cannot be traced back"),
        ("Nothing", "has nothing to train"),
        ("Refuses", "cannot be made with classes = 10: ValueError: not today"),
    ],
)
def test_what_is_wrong_is_said(job, name, said):
    with pytest.raises(MemberError, match=said):
        fit(settings(name), job())


def test_parameters_that_it_does_not_take_are_named(job):
    with pytest.raises(MemberError, match="cannot be made with wide = 3"):
        fit(settings(params={"wide": 3}), job())


def test_a_function_of_the_users_makes_one_but_not_any_of_a_library(job):
    assert fit(settings("made"), job()).card()["parameters"] == 650
    with pytest.raises(MemberError, match="no torch module"):
        fit(ModuleSettings(module="subprocess.run"), job())


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """A user's files: a module in a package, what it imports, and one that it does not."""
    package = tmp_path / "their_nets"
    package.mkdir()
    shutil.copy(own_modules.__file__, package / "parts.py")
    (package / "__init__.py").touch()
    (package / "net.py").write_text("from .parts import Small\nimport deep\nNet = Small\n")
    for name in ("deep", "other"):
        (tmp_path / f"{name}.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def planned(**more):
    context = PlanContext((8, 8), tuple("0123456789"), ModelPaths.of())
    return MODULE.plan(context).settled(ModuleSettings(module="their_nets.net.Net", **more))


@pytest.mark.parametrize("file", ["their_nets/net.py", "their_nets/parts.py", "deep.py"])
def test_editing_what_it_is_made_of_makes_another_fit(beside, file):
    before = planned().sha256
    (beside / "other.py").write_text("VALUE = 2\n")
    assert planned().sha256 == before
    with (beside / file).open("a") as opened:
        opened.write("# edited\n")
    assert planned().sha256 != before
    with pytest.raises(StudyError, match="has the SHA-256"):
        planned(sha256=before)
    inputs = MODULE.inputs({"module": "their_nets.net.Net"}, ModelPaths.of())
    assert (beside / file) in set(map(Path, inputs))
