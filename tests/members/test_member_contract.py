"""What every kind of model promises; a new kind joins the list of CASES, and one of another package
is there."""

import json

import numpy as np
import pytest

from brought_package import brought_here  # noqa: F401 - a fixture
from made_jobs import fit_job
from made_onnx_models import sklearn_model
from vestry.data.sources import digits
from vestry.members.kind import FitJob
from vestry.members.kinds import KINDS, kind_named

CASES = {
    "estimator": {"estimator": "sklearn.ensemble.RandomForestClassifier"},
    "layers": {
        "layers": [{"conv": 8, "kernel": 3}, {"pool": 2}, {"flatten": True}, {"dense": 32}],
        "epochs": 12,
        "batch_size": 32,
    },
    "backbone": {
        "backbone": "resnet50",
        "weights": "random",
        "layers": [{"flatten": True}, {"batch_norm": True, "momentum": 0.9}, {"dense": 64}],
        "epochs": 15,
        "batch_size": 32,
    },
    "onnx": {"onnx": "theirs.onnx"},
    "sharpness": {"sharpness": 2.0},
}


pytestmark = pytest.mark.usefixtures("brought_here")


@pytest.fixture(scope="module", autouse=True)
def model_file(tmp_path_factory, rows):
    """What was trained elsewhere, on the rows that the other kinds get."""
    path = tmp_path_factory.mktemp("elsewhere") / "theirs.onnx"
    sklearn_model(path, rows.images[:1200], rows.labels[:1200])
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(CASES["onnx"], "onnx", str(path))
        yield


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """Trials and features are kept for these tests, and not for the user."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def test_every_kind_has_a_case():
    """But for those that are asked by ids, and know no images (given_predictions)."""
    assert set(CASES) == {name for name, kind in KINDS.items() if not kind.is_by_id}


@pytest.fixture(scope="module")
def rows():
    return digits.load().train


@pytest.fixture(params=sorted(CASES))
def kind(request):
    return request.param


def job(rows, workspace, colour=False, seed=0):
    workspace.mkdir(parents=True, exist_ok=True)
    images = np.repeat(rows.images[..., None], 3, axis=3) if colour else rows.images
    more = {"seed": seed, "on_event": json.dumps}
    return fit_job(images, rows.labels, (1200, 1500), 10, workspace, **more)


def fitted(kind, job):
    found = kind_named(kind)
    return found.load_implementation().fit(found.settings(**CASES[kind]), job)


def test_raw_images_go_in_and_probabilities_come_out(kind, rows, tmp_path):
    member = fitted(kind, job(rows, tmp_path / "work"))
    fresh = rows.images[1500:]
    given = member.predict_proba(fresh)
    assert given.dtype == np.float32 and given.shape == (len(fresh), 10)
    assert (given >= 0).all() and np.abs(given.sum(axis=1, dtype=float) - 1).max() < 1e-5
    assert (given.argmax(axis=1) == rows.labels[1500:]).mean() > 0.8  # it has learnt something
    assert member.predict_proba(fresh[:0]).shape == (0, 10)
    assert np.allclose(member.predict_proba(fresh[:7]), given[:7], atol=1e-5)


def test_colour_images_work_as_well(kind, rows, tmp_path):
    member = fitted(kind, job(rows, tmp_path / "work", colour=True))
    colour = np.repeat(rows.images[1500:, ..., None], 3, axis=3)
    assert (member.predict_proba(colour).argmax(axis=1) == rows.labels[1500:]).mean() > 0.8


def test_the_same_job_gives_the_same_member_and_another_seed_another(kind, rows, tmp_path):
    first, again, other = (
        fitted(kind, job(rows, tmp_path / name, seed=seed)).predict_proba(rows.images[1500:])
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert np.array_equal(first, again)
    assert np.array_equal(first, other) == (kind == "onnx")  # which draws nothing


def test_it_is_stored_without_a_pickle_and_comes_back(kind, rows, tmp_path):
    member = fitted(kind, job(rows, tmp_path / "work"))
    member.save(tmp_path / "model")
    card = json.loads(json.dumps(member.card(), allow_nan=False))
    suffixes = {p.suffix for p in (tmp_path / "model").iterdir()}
    assert suffixes <= {".onnx", ".safetensors", ".csv"} and card["stored"]
    assert {"parameters", "definition", "fit_seconds", "notes", "warnings"} <= set(card)
    restored = kind_named(kind).load_implementation().load(tmp_path / "model", card)
    fresh = rows.images[1500:]
    assert np.abs(restored.predict_proba(fresh) - member.predict_proba(fresh)).max() < 1e-4


def test_test_labels_are_nowhere_in_a_job():
    assert not [name for name in FitJob.__dataclass_fields__ if "test" in name]
