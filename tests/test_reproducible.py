"""`reproducible = true`: the same bits from a fresh cache, on one core or on two."""

import json

import numpy as np
import pytest

from studies_at_hand import with_everything
from test_run import results_of, without_times

STUDY = """
title = "The same"
reproducible = true
exploration = { skip = true }
robustness = { skip = true }
explanation = { skip = true }
[data]
source = "digits"
training_rows = { count = 200 }
validation = { fraction = 0.1 }
test = { count = 150 }
[[model]]
name = "Net"
layers = [
    { conv = 16, kernel = 3, padding = "same" }, { pool = 2 }, { conv = 32, kernel = 3 },
    { flatten = true }, { dense = 256 },
]
epochs = 2
batch_size = 128
[[model]]
name = "Frozen"
backbone = "resnet50"
weights = "random"
layers = [{ flatten = true }]
epochs = 2
[[model]]
name = "Searched"
layers = [{ flatten = true }, { dense = { choose = [16, 256] } }]
search = { trials = 2, epochs = 1 }
[[model]]
name = "Features"
estimator = "sklearn.svm.SVC"
features = [{ hog = 2, bins = 6 }, { pca = 20 }]
[[committee]]
name = "Stacked"
rule = "stacking"
members = ["Net", "Features"]
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory, vestry):
    """The same study on one core and on two, each time with a cache of its own, a fresh one."""
    folders = []
    for cores in (1, 2):
        folder = tmp_path_factory.mktemp(f"cores-{cores}")
        text = with_everything(STUDY).replace("rows = 100", "rows = 20")
        (folder / "same.toml").write_text(text)
        places = {f"XDG_{kind}_HOME": str(folder / kind) for kind in ("CACHE", "DATA")}
        done = vestry("run", "same.toml", cwd=folder, env=places | {"VESTRY_CORES": str(cores)})
        assert done.returncode == 0, done.stderr
        folders.append(folder)
    return folders


def tables(folder):
    """Every probability of every model and committee, as bytes, by its file's way."""
    run = folder / "runs" / "same"
    return {
        str(path.relative_to(run)): np.load(path)["probabilities"].tobytes()
        for path in sorted(run.glob("*/*/*.npz"))
        if path.parent.parent.name in ("members", "committees")
        and path.stem in ("validation", "test")
    }


def test_every_probability_is_the_same_to_the_bit(runs):
    one, two = map(tables, runs)
    assert len(one) == 10 and one == two


def test_every_figure_that_is_no_time_is_the_same(runs):
    one, two = (without_times(results_of(folder / "runs" / "same")) for folder in runs)
    assert one == two


def test_no_clock_had_a_say(runs):
    for folder in runs:
        assert not list((folder / "CACHE").rglob("precision"))
        cards = [json.loads(p.read_text()) for p in folder.glob("runs/same/tasks/*/card.json")]
        nets = [card["training"] for card in cards if "training" in card]
        assert nets and not any(ways for net in nets for ways in net["trials"].values())
        assert {card["threads"]["count"] for card in cards if "threads" in card} == {1}
