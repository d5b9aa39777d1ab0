"""`vestry export` as a user runs it: the file, its card, its certificate, and what is refused."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import yaml
from sklearn.calibration import CalibratedClassifierCV
from sklearn.naive_bayes import GaussianNB

from studies_at_hand import SMALL_STUDY
from vestry import __version__
from vestry.data.sources import digits
from vestry.export.bundle import read_bundle
from vestry.members.estimators.estimator_onnx import converted, whole_graph
from vestry.members.estimators.fitted_estimator import EstimatorMember
from vestry.members.estimators.kind import EstimatorSettings, fit_scaling
from vestry.predictions.table import load_table
from vestry.serve.predictor import READY, Predictor
from vestry.study.reader import read_study

ROOT = Path(__file__).parent.parent
NAMES = ["Net", "Linear", "Both"]


@pytest.fixture
def run(finished_run, tmp_path):
    """A copy of the finished run, for tests that change it."""
    copy = tmp_path / "runs" / "small"
    shutil.copytree(finished_run, copy, ignore=shutil.ignore_patterns("tasks"))
    return copy


def looks():
    folder = Path(os.environ["VESTRY_LOOKS"])
    return sum(len(path.read_text().splitlines()) for path in folder.glob("*.jsonl"))


@pytest.fixture(scope="module")
def exported(finished_run, vestry, tmp_path_factory):
    """Every model of the run, without a temperature, by its name; and what the command printed."""
    folder, files = tmp_path_factory.mktemp("exported"), {}
    before = looks()
    for name in NAMES:
        path = folder / f"{name}.onnx"
        done = vestry(
            "export", finished_run, "--model", name, "-o", path, "--no-temperature", "--json"
        )
        assert done.returncode == 0, done.stderr
        files[name] = (path, json.loads(done.stdout)[0])
    assert looks() == before, "exporting needs no test label"
    return files


def images_of(ids):
    every = digits.load().train
    places = {name: row for row, name in enumerate(every.ids.tolist())}
    return every.images[[places[name] for name in ids]]


@pytest.mark.parametrize("name", NAMES)
def test_the_file_answers_as_the_run_did(finished_run, exported, name):
    path, said = exported[name]
    kind = "committees" if name == "Both" else "members"
    table = load_table(finished_run / kind / name / "test.npz")
    given = Predictor(path)(images_of(table.ids))
    np.testing.assert_allclose(given, table.probabilities, atol=1e-5)
    assert np.array_equal(given.argmax(axis=1), table.labels)
    assert said["certificate"]["rows"] == said["certificate"]["labels_equal"]
    assert said["bytes"] == path.stat().st_size and said["file"] == str(path)


def test_a_member_without_a_seat_is_neither_counted_nor_exported(tmp_path, vestry):
    """With one seat to give, a committee is the linear model alone."""
    text = SMALL_STUDY + 'rule = "greedy"\nrounds = 1\n'
    (tmp_path / "small.toml").write_text(text)
    done = vestry("run", "small.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    run = tmp_path / "runs/small"
    results = json.loads((run / "results.json").read_text())
    both, linear = results["committees"]["Both"], results["members"]["Linear"]
    assert both["members"] == ["Net", "Linear"] and both["asked"] == ["Linear"]
    assert both["learnt"]["chosen"]["Net"] == 0
    assert both["cost"]["bytes"] == linear["cost"]["bytes"]
    made = vestry("export", run, "--model", "Both", "-o", "both.onnx", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    _, bundle = read_bundle(tmp_path / "both.onnx")
    assert bundle.members == ("Linear",) and bundle.parameters == linear["parameters"]
    table = load_table(run / "committees/Both/test.npz")
    given = Predictor(tmp_path / "both.onnx")(images_of(table.ids))
    assert np.array_equal(given.argmax(axis=1), table.labels)
    (run / "members/Net/weights.safetensors").unlink()
    again = vestry("export", run, "--model", "Both", "-o", "again.onnx", cwd=tmp_path)
    assert again.returncode == 0, again.stderr


def test_few_test_rows_are_helped_out_by_other_rows(exported):
    for name in NAMES:
        found = exported[name][1]["certificate"]
        assert found["of"] == "359 test, 288 validation, 353 training rows"
        assert found["rows"] == 1000


def test_what_the_file_says_of_itself(finished_run, exported):
    results = json.loads((finished_run / "results.json").read_text())
    path, _ = exported["Both"]
    _, bundle = read_bundle(path)
    entry = results["committees"]["Both"]
    assert bundle.members == ("Net", "Linear") and bundle.rule == "mean"
    assert bundle.classes == tuple(results["data"]["classes"]) and bundle.image_shape == (8, 8)
    assert bundle.scores["test"]["accuracy"] == {
        "value": entry["scores"]["test"]["accuracy"],
        "interval": entry["intervals"]["test"]["accuracy"],
        "rows": 359,
    }
    assert bundle.threshold == entry["abstention"]["threshold"]["threshold"]
    assert bundle.sets["thresholds"] == entry["conformal"]["marginal"]["thresholds"]
    assert bundle.sets["by_class"] == entry["conformal"]["by_class"]["thresholds"]
    assert bundle.study["hash"] == results["study"]["hash"]
    assert results["decision"]["recommended"] in bundle.study["answer"]
    assert bundle.data["licence"] == results["data"]["licence"]
    assert bundle.versions["vestry"] == __version__ and bundle.quantized is None
    assert len(bundle.known.labels) == 400 and len(bundle.samples.labels) == 20
    onnx.checker.check_model(onnx.load(path), full_check=True)


def test_the_card_has_the_hubs_header_and_the_figures(exported):
    path, said = exported["Both"]
    text = Path(said["card"]).read_text()
    header = yaml.safe_load(text.split("---")[1])
    assert header["pipeline_tag"] == "image-classification" and header["library_name"] == "onnx"
    metrics = header["model-index"][0]["results"][0]["metrics"]
    accuracy = read_bundle(path)[1].scores["test"]["accuracy"]["value"]
    assert {m["type"]: m["value"] for m in metrics}["accuracy"] == pytest.approx(accuracy, abs=1e-6)
    for part in (
        "## Certificate",
        "1,000 of 1,000 answers equal",
        "licence of the data",
        "**Net**",
    ):
        assert part in text


def test_the_recommended_model_is_exported_at_its_temperature(run, vestry):
    done = vestry("export", run)
    assert done.returncode == 0, done.stderr
    results = json.loads((run / "results.json").read_text())
    name = results["decision"]["recommended"]
    path = run / "exports" / f"{name}.onnx"
    assert done.stdout.splitlines()[-1] == str(path)
    _, bundle = read_bundle(path)
    entry = (results["members"] | results["committees"])[name]
    assert bundle.temperature == entry["calibration"]["temperature"]
    assert bundle.scores["test"]["ece"]["value"] == entry["calibration"]["after"]["ece"]
    assert bundle.scores["test"]["ece"]["interval"] is None


def test_predict_keeps_the_promises_of_the_file(run, vestry, tmp_path):
    """At the file's own temperature: what `predict` answers on the test images, by their labels."""
    path = tmp_path / "both.onnx"
    assert vestry("export", run, "--model", "Both", "-o", path).returncode == 0
    _, bundle = read_bundle(path)
    assert bundle.temperature != 1 and bundle.abstention["confidence_asked"] == 0.95
    table = load_table(run / "committees" / "Both" / "test.npz")
    np.savez(tmp_path / "test.npz", images=images_of(table.ids))
    done = vestry("predict", path, "test.npz", "--json", cwd=tmp_path)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    every = digits.load().train
    truth = dict(zip(every.ids.tolist(), every.labels.tolist(), strict=True))
    classes = [bundle.classes[truth[name]] for name in table.ids.tolist()]
    for key in ("set", "set_by_class"):
        held = [name in answer[key] for name, answer in zip(classes, answers, strict=True)]
        assert np.mean(held) > 0.92
    sure = [a["class"] == c for a, c in zip(answers, classes, strict=True) if a["sure"]]
    if bundle.threshold is not None:
        assert np.mean(sure) > 0.96
    away = sum(answer["unlike"] for answer in answers)
    assert away == bundle.novelty["test"]["unlike"] and away < 0.12 * len(answers)
    noise = np.random.default_rng(0).integers(0, 256, (50, 8, 8), np.uint8)
    np.savez(tmp_path / "noise.npz", images=noise)
    done = vestry("predict", path, "noise.npz", "--json", cwd=tmp_path)
    strange = [json.loads(line)["unlike"] for line in done.stdout.splitlines()]
    assert np.mean(strange) > 0.9
    card = path.with_suffix(".md").read_text()
    assert "the set of classes from a probability of" in card and "called unlike" in card


def test_int8_stands_beside_the_float_file_with_a_certificate_of_its_own(run, vestry, tmp_path):
    before = looks()
    path = tmp_path / "net.onnx"
    done = vestry(
        "export", run, "--model", "Net", "-o", path, "--quantize", "--no-images", "--json"
    )
    assert done.returncode == 0, done.stderr
    float_file, int8_file = json.loads(done.stdout)
    assert float_file["file"] == str(path) and int8_file["file"] == str(tmp_path / "net.int8.onnx")
    found = int8_file["quantized"]
    assert found["before"]["bytes"] == path.stat().st_size and found["rows"] == 359
    low, high = found["difference"]["interval"]
    gap = found["after"]["accuracy"] - found["before"]["accuracy"]
    assert low <= gap <= high and found["difference"]["value"] == pytest.approx(gap)
    assert looks() > before, "measuring accuracy is a look, and is counted"
    assert read_bundle(path)[1].quantized is None and read_bundle(path)[1].known is None
    assert "int8" in Path(int8_file["card"]).read_text()


def test_a_model_without_matrix_products_is_not_quantised(run, vestry, tmp_path):
    path = tmp_path / "linear.onnx"
    done = vestry("export", run, "--model", "Linear", "-o", path, "--quantize")
    assert done.returncode == 1 and "there is nothing to quantise" in done.stderr
    assert path.is_file() and not (tmp_path / "linear.int8.onnx").exists()


def swap_classes(folder):
    """Plant a stored model that exchanges two classes."""
    model = onnx.load(folder / "model.onnx")
    last = next(node for node in model.graph.node if "probabilities" in node.output)
    last.output[0] = "straight"
    order = onnx.numpy_helper.from_array(np.array([1, 0, *range(2, 10)]), "order")
    model.graph.initializer.append(order)
    model.graph.node.append(
        onnx.helper.make_node("Gather", ["straight", "order"], ["probabilities"], axis=1)
    )
    (folder / "model.onnx").unlink()
    onnx.save(model, folder / "model.onnx")


@pytest.mark.parametrize("name", ["Linear", "Both"])
def test_a_graph_with_swapped_classes_is_refused(run, vestry, tmp_path, name):
    swap_classes(run / "members" / "Linear")
    done = vestry("export", run, "--model", name, "-o", tmp_path / "wrong.onnx")
    assert done.returncode == 1 and "does not answer as its source does" in done.stderr
    assert not list(tmp_path.glob("*.onnx")) and not list(tmp_path.glob("*.md"))


def plant_isotonic(run):
    """A calibrated estimator in the place of `Linear`: its own tables, and what its converter,
    which is known to be wrong for isotonic calibration, makes of it."""
    rows = digits.load().train
    places = {name: row for row, name in enumerate(rows.ids.tolist())}
    folder = run / "members" / "Linear"
    tables = {split: load_table(folder / f"{split}.npz") for split in ("validation", "test")}
    known = {name for table in tables.values() for name in table.ids.tolist()}
    training = rows.rows(np.array([r for n, r in places.items() if n not in known]))
    estimator = CalibratedClassifierCV(GaussianNB(), method="isotonic", cv=3)
    scaling = fit_scaling(training.images, "unit")
    estimator.fit(scaling.apply(training.images), training.labels)
    settings = EstimatorSettings(estimator="sklearn.calibration.CalibratedClassifierCV")
    member = EstimatorMember(settings, estimator, scaling, (8, 8), 10)
    for split, table in tables.items():
        values = member.predict_proba(images_of(table.ids))
        replace(table, probabilities=values).save(folder / f"{split}.npz")
    (folder / "model.onnx").unlink()
    onnx.save(
        whole_graph(member, converted(estimator, estimator.n_features_in_)), folder / "model.onnx"
    )
    return member


def test_isotonic_calibration_is_refused_when_it_is_stored_and_when_it_is_exported(
    run, vestry, tmp_path
):
    member = plant_isotonic(run)
    done = vestry("export", run, "--model", "Linear", "-o", tmp_path / "wrong.onnx")
    assert done.returncode == 1 and "does not answer as its source does" in done.stderr
    assert not list(tmp_path.glob("*.onnx"))
    member.check_images = digits.load().train.images
    member.save(tmp_path / "stored")
    assert member.card()["stored"] is None and "differs" in member.card()["stored_note"]


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["--model", "Nett"], 2, "did you mean `Net`?"),
        (["-o", "model.bin"], 2, "must end in .onnx"),
        (["-o", "taken.onnx"], 2, "was not exported by vestry"),
    ],
)
def test_what_cannot_be_done_is_said_before_any_work(
    finished_run, vestry, tmp_path, arguments, code, reason
):
    (tmp_path / "taken.onnx").write_text("somebody's notes")
    done = vestry("export", finished_run, *arguments, cwd=tmp_path)
    assert done.returncode == code and reason in done.stderr
    assert (tmp_path / "taken.onnx").read_text() == "somebody's notes"


def test_a_run_that_is_not_there(vestry, tmp_path):
    done = vestry("export", tmp_path / "nothing")
    assert done.returncode == 2 and "is not the folder of a finished run" in done.stderr


def test_the_committee_that_ships_is_of_the_study_that_is_here():
    _, bundle = read_bundle(READY)
    study = read_study(ROOT / "studies" / "ready.toml").study
    assert bundle.study["hash"] == study.digest
    assert READY.stat().st_size + READY.with_suffix(".md").stat().st_size < 2_000_000
    assert bundle.certificate["rows"] == bundle.certificate["labels_equal"] == 10_000
    assert "MIT" in bundle.licence and "Zalando" in bundle.licence


def test_the_committee_that_ships_is_as_good_as_it_says(fashion_mnist):
    """On its validation images: the test set is not for tests."""
    from vestry.data.dataset import load_dataset
    from vestry.data.paths import DataPaths
    from vestry.data.settings import DataSettings

    _, bundle = read_bundle(READY)
    study = read_study(ROOT / "studies" / "ready.toml").study
    rows = load_dataset(
        DataSettings(**study.data.model_dump()), DataPaths.of(fashion_mnist)
    ).validation
    some = slice(0, 2000)
    right = Predictor()(rows.images[some]).argmax(axis=1) == rows.labels[some]
    assert abs(right.mean() - bundle.scores["validation"]["accuracy"]["value"]) < 0.02
