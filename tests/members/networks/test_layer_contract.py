"""A layer that another package brings goes all the way that ours go, by the command: read, planned,
trained in a worker process, stored, compared, shown, exported. Nothing of Vestry is changed for it.
"""

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from studies_at_hand import head
from vestry.data.sources import digits
from vestry.members.networks.layer import LAYERS, Layer, register
from vestry.predictions.table import load_table
from vestry.serve.predictor import Predictor

OWN = Path(__file__).with_name("own_layers.py")
LAYERS_OF_IT = """[
    { conv = 8, kernel = 3, padding = "same", activation = "softsign", name = "early" },
    { conv = 8, kernel = 3, padding = "same" },
    { pool = 1, gain = 0.5 },
    { summed = "early" },
    { pool = 2 },
    { flatten = true },
    { twice = [{ dense = 16, activation = "softsign" }] },
]"""
STUDY = re.sub(r"layers = .*", lambda _: f"layers = {LAYERS_OF_IT}", head("Own", "last", 6, 32))


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Where the package lies, and the environment of processes that find it there."""
    place = tmp_path_factory.mktemp("site")
    shutil.copy(OWN, place)
    facts = place / "own_layers-1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: own-layers\nVersion: 1\n")
    (facts / "entry_points.txt").write_text("[vestry.layers]\nown = own_layers\n")
    paths = [str(place), *filter(None, [os.environ.get("PYTHONPATH")])]
    return place, {"PYTHONPATH": os.pathsep.join(paths)}


@pytest.fixture(scope="module")
def run(installed, vestry, tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    (folder / "own.toml").write_text(STUDY)
    done = vestry("run", "own.toml", cwd=folder, env=installed[1])
    assert done.returncode == 0, done.stderr
    return folder / "runs" / "own"


def test_it_is_trained_and_shown(run):
    results = json.loads((run / "results.json").read_text())
    member = results["members"]["Net"]
    assert member["parameters"] == 80 + 584 + 8 + 2064 + 272 + 170
    assert "gain 0.5 -> 8 x 8 x 8, 8 parameters" in member["definition"]
    table = load_table(run / "members" / "Net" / "test.npz")
    assert (table.labels == labels_of(table.ids)).mean() > 0.8
    page = (run / "report.html").read_text()
    assert "gain 0.5" in page and "activation softsign" in page


def test_it_is_exported_with_parity_and_served_without_its_package(run, installed, vestry):
    path = run / "net.onnx"
    done = vestry("export", run, "--model", "Net", "-o", path, "--json", env=installed[1])
    assert done.returncode == 0, done.stderr
    certificate = json.loads(done.stdout)[0]["certificate"]
    assert certificate["rows"] == certificate["labels_equal"] > 100
    table = load_table(run / "members" / "Net" / "test.npz")
    given = Predictor(path)(images_of(table.ids))
    assert np.array_equal(given.argmax(1), table.labels)


def test_another_number_in_its_file_fits_anew(installed, vestry, run):
    place, env = installed
    key = code_of_fit(run)
    text = (place / OWN.name).read_text()
    try:
        (place / OWN.name).write_text(text.replace("start=start", "start=2 * start"))
        shorter = ("--out", run.with_name("other"), "--set", "training.epochs=1")
        done = vestry("run", run.parents[1] / "own.toml", *shorter, env=env)
        assert done.returncode == 0, done.stderr
        other = run.with_name("other")
        again = code_of_fit(other)
    finally:
        (place / OWN.name).write_text(text)
    assert again != key


def test_without_the_package_the_study_says_what_is_unknown(run, vestry):
    done = vestry("run", run.parents[1] / "own.toml", "--out", run.with_name("without"))
    assert done.returncode != 0
    assert "layer 4: found 'summed', but a layer is one of activation" in done.stderr


def test_a_package_that_cannot_be_loaded_is_named(installed, vestry, run):
    place, env = installed
    text = (place / OWN.name).read_text()
    try:
        (place / OWN.name).write_text("import nothing_of_that_name\n")
        done = vestry("run", run.parents[1] / "own.toml", "--out", run.with_name("bad"), env=env)
    finally:
        (place / OWN.name).write_text(text)
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert "module own_layers" in done.stderr and "nothing_of_that_name" in done.stderr


class Half(Layer):
    half: float


def test_a_layer_is_whole_or_refused():
    with pytest.raises(TypeError, match="Half has no blocks, nodes"):
        register("half")(Half)
    with pytest.raises(TypeError, match="has no field 'third'"):
        register("third")(LAYERS["flatten"])
    with pytest.raises(ValueError, match="two layers are called 'conv'"):
        register("conv")(LAYERS["conv"])


def code_of_fit(run):
    tasks = [json.loads(path.read_text())["task"] for path in run.glob("tasks/*/card.json")]
    return next(task["code"] for task in tasks if "member" in task)


def images_of(ids):
    every = digits.load().train
    places = {name: row for row, name in enumerate(every.ids.tolist())}
    return every.images[[places[name] for name in ids]]


def labels_of(ids):
    every = digits.load().train
    places = {name: row for row, name in enumerate(every.ids.tolist())}
    return every.labels[[places[name] for name in ids]]
