"""What a notebook does: arrays and estimators to a run, and a run to frames, figures and files."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import vestry
from vestry.errors import StudyError, VestryError
from vestry.predictions.table import load_table
from vestry.python_api.model_tables import model_table
from vestry.schema.reading import read_results
from vestry.study.reader import read_study

pytestmark = pytest.mark.usefixtures("forked_workers")

IMAGES, LABELS = load_digits().images[:600].astype(np.uint8) * 15, load_digits().target[:600]
MODELS = {
    "Linear": LogisticRegression(C=0.5, max_iter=50),
    "Bayes": GaussianNB(),
    "Net": vestry.Network(layers=[{"flatten": True}, {"dense": 16}], epochs=2),
}
FOLDED = {"validation": {"fraction": 0.25}}


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> vestry.Run:
    return vestry.choose(
        IMAGES[:400],
        LABELS[:400],
        MODELS,
        IMAGES[400:],
        LABELS[400:],
        out=tmp_path_factory.mktemp("door") / "runs" / "digits",
        committees=[vestry.Committee(name="All", members=list(MODELS))],
        data=FOLDED,
        cores=1,
        quiet=True,
    )


def test_a_run_from_arrays_is_the_run_of_the_study_that_it_wrote(
    chosen: vestry.Run,
) -> None:
    study = chosen.folder.parent / "digits.study" / "digits.toml"
    again = vestry.run(study, chosen.folder.parent / "again", cores=1, quiet=True)
    columns = ["validation_accuracy", "test_accuracy", "test_accuracy_low"]
    assert chosen.ranking[columns].equals(again.ranking[columns])
    assert chosen.recommended == again.recommended


def test_an_estimator_is_taken_by_its_class_and_what_was_changed(chosen: vestry.Run) -> None:
    path = chosen.folder.parent / "digits.study" / "digits.toml"
    linear = tomllib.loads(path.read_text())["model"][0]
    assert linear == {
        "name": "Linear",
        "estimator": "sklearn.linear_model.LogisticRegression",
        "params": {"C": 0.5, "max_iter": 50},
    }


def test_frames_hold_the_results_figures(chosen: vestry.Run) -> None:
    results = read_results(chosen.folder / "results.json")
    predictions = chosen.predictions
    for row in results.ranking:
        assert chosen.ranking.loc[row.name, "test_accuracy"] == row.test_accuracy
        own = predictions[predictions["model"] == row.name]
        truth = [str(label) for label in LABELS[400:]]
        assert np.mean(own["predicted"].to_numpy() == truth) == pytest.approx(row.test_accuracy)
        probabilities = own[[str(label) for label in range(10)]].to_numpy()
        assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert set(chosen.history["model"]) == {"Net"} and len(chosen.history) == 2
    assert set(chosen.per_class["model"]) == {row.name for row in results.ranking}


def test_every_table_and_figure_can_be_had_by_its_key(chosen: vestry.Run, tmp_path: Path) -> None:
    for key in chosen.tables:
        assert not chosen.table(key).columns.empty
    drawing = chosen.figure(chosen.figures[0])
    assert drawing._repr_svg_().startswith("<svg") or "<svg" in drawing.svg
    assert drawing.save(tmp_path / "a.svg").read_text() == drawing.svg
    (tmp_path / "mine.svg").write_text("mine")
    with pytest.raises(StudyError, match="there already"):
        drawing.save(tmp_path / "mine.svg")
    with pytest.raises(StudyError, match="did you mean"):
        chosen.table("compared")


def test_a_notebook_shows_the_answer_the_ranking_and_the_way_to_the_page(
    chosen: vestry.Run,
) -> None:
    html = chosen._repr_html_()
    assert "<svg" in html and str(chosen.page) in html and chosen.page.is_file()
    way = re.findall('href="([^"]+)"', html)[-1]
    assert Path(unquote(way)).resolve() == chosen.page.resolve()
    assert all(name in html for name in MODELS)
    assert (chosen.recommended or "nothing") in repr(chosen)


def test_the_recommended_model_predicts_as_the_run_did(chosen: vestry.Run) -> None:
    name = chosen.ranking.index[0]
    predictor = chosen.predictor(name)
    own = chosen.predictions.query("model == @name")["predicted"].to_list()
    assert [predictor.classes[n] for n in predictor(IMAGES[400:]).argmax(axis=1)] == own


def test_a_study_survives_being_written_and_read(chosen: vestry.Run, tmp_path: Path) -> None:
    study = read_study(chosen.folder.parent / "digits.study" / "digits.toml").study
    (tmp_path / "again.toml").write_text(study.to_toml())
    assert read_study(tmp_path / "again.toml").study == study


def test_a_study_object_is_run_from_where_the_caller_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("mine.npz", images=IMAGES[:200], labels=LABELS[:200])
    Path("a.toml").write_text(
        'title = "A"\n[data]\nsource = "npz:mine.npz"\nvalidation = { fraction = 0.2 }\n'
        '[[model]]\nname = "Bayes"\nestimator = "sklearn.naive_bayes.GaussianNB"\n'
    )
    study = read_study(Path("a.toml")).study
    done = vestry.run(study, "runs/own", cores=1, quiet=True)
    assert vestry.open("runs/own").ranking.equals(done.ranking)
    with pytest.raises(StudyError, match="give out="):
        vestry.run(study)


def test_what_the_user_changed_is_not_written_over(tmp_path: Path) -> None:
    out = tmp_path / "runs" / "one"
    study = tmp_path / "runs" / "one.study" / "one.toml"
    study.parent.mkdir(parents=True)
    study.write_text("# mine")
    with pytest.raises(StudyError, match=r"one\.toml"):
        vestry.choose(IMAGES, LABELS, MODELS, out=out, cores=1, quiet=True)
    assert study.read_text() == "# mine"


class Here:
    """Something that is no estimator."""


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (make_pipeline(StandardScaler(), GaussianNB()), "a study file cannot hold"),
        (LogisticRegression, "no estimator with parameters"),
        (Here(), "no estimator with parameters"),
    ],
)
def test_what_cannot_be_written_down_is_refused(model: object, said: str) -> None:
    with pytest.raises(StudyError, match=said):
        model_table("X", model)


@pytest.mark.parametrize(
    ("images", "labels", "more", "said"),
    [
        (IMAGES.reshape(600, -1), LABELS, {}, "reshape"),
        (IMAGES, None, {}, "need their labels"),
        (IMAGES, LABELS, {"X_test": IMAGES}, "X_test and y_test"),
        ("digits", LABELS, {}, "labels of its own"),
        (IMAGES, LABELS[1:], {}, "images has 600 rows, labels has 599"),
        (IMAGES, [None, *LABELS[1:]], {}, "none may be missing"),
        (IMAGES.astype(object), LABELS, {}, "images are object"),
        ([[[1]], [[1, 2]]], [0, 1], {}, "cannot become one array"),
        (IMAGES, LABELS, {"committees": [{"name": "Two", "members": ["Net", "No"]}]}, "nobody"),
        (IMAGES, LABELS, {"cores": 0}, "cores: 0"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_at_once(
    images: object, labels: object, more: dict[str, object], said: str, tmp_path: Path
) -> None:
    with pytest.raises(StudyError, match=said):
        vestry.choose(images, labels, MODELS, out=tmp_path / "x", quiet=True, **more)
    assert not list(tmp_path.iterdir())


def test_import_is_light_and_types_are_seen(tmp_path: Path) -> None:
    heavy = "import sys, vestry; print(bool({'torch', 'sklearn', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    script = tmp_path / "user.py"
    script.write_text(
        "import vestry\n"
        "run = vestry.open('runs/default')\n"
        "name: str | None = run.recommended\n"
        "both = vestry.Committee(name='Both', members=['a', 'b'])\n"
        "text: str = vestry.Study.model_validate({}).to_toml()\n"
        "found = vestry.choose([[[0]]], [0], {'svm': 'sklearn.svm.SVC'}).predictor()\n"
        "path: int = run.export('model.onnx')\n"
    )
    (tmp_path / "mypy.ini").write_text(
        "[mypy]\nstrict = True\ncache_dir = c\n"
        # What these are is none of the user's names here, and takes mypy ten seconds.
        "[mypy-torch.*,scipy.*,sklearn.*,pandas.*,onnx.*,onnxruntime.*,PIL.*,jinja2.*,rich.*]\n"
        "follow_imports = skip\n"
    )
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    errors = [line for line in checked.stdout.splitlines() if "error" in line]
    assert any('"Path", variable has type "int"' in line for line in errors), checked.stdout
    assert not any(f"user.py:{n}:" in line for n in range(1, 7) for line in errors)


def test_a_model_is_checked_as_it_is_made() -> None:
    made = vestry.Model("SVM", estimator="sklearn.svm.SVC", params={"C": 2.0})
    table = {"estimator": "sklearn.svm.SVC", "params": {"C": 2.0}}
    assert model_table("Other", made) == {"name": "Other", **table}
    with pytest.raises(StudyError, match="key `epoch` is unknown; did you mean `epochs`"):
        vestry.Model("Net", layers=[{"flatten": True}], epoch=3)


def test_folders_cores_and_minutes_are_the_command_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VESTRY_RUNS", "elsewhere")
    done = vestry.choose(IMAGES[:200], LABELS[:200], {"Bayes": GaussianNB()}, quiet=True)
    assert done.folder == Path("elsewhere/choice") and [*tmp_path.iterdir()] == [
        tmp_path / "elsewhere"
    ]
    monkeypatch.setenv("VESTRY_CORES", "many")
    with pytest.raises(StudyError, match="cores: 'many'"):
        vestry.run("elsewhere/choice.study/choice.toml", "again")
    with pytest.raises(StudyError, match="minutes=0"):
        vestry.try_("digits", minutes=0)


def test_a_model_that_gives_labels_alone_has_no_confidence(
    chosen: vestry.Run, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(chosen.folder, tmp_path / "copy"))
    path = copy / "members" / "Bayes" / "test.npz"
    table = load_table(path)
    replace(table, only_labels=True).save(path)
    found = vestry.open(copy).predictions.groupby("model")["confidence"].count()
    assert found["Bayes"] == 0 and found["Linear"] == len(table)


MLFLOW = """
from contextlib import contextmanager
from types import SimpleNamespace

RUNS = []

def set_experiment(name):
    RUNS.append(("experiment", name))

@contextmanager
def start_run(run_name):
    RUNS.append(SimpleNamespace(name=run_name, metrics={}, steps=[], tags={}, artifacts=[]))
    yield SimpleNamespace(info=SimpleNamespace(run_id=run_name.upper()))

def set_tags(tags):
    RUNS[-1].tags |= tags

def log_metrics(metrics):
    RUNS[-1].metrics |= metrics

def log_metric(key, value, step):
    RUNS[-1].steps.append((key, value, step))

def log_artifact(path):
    RUNS[-1].artifacts.append(path)
"""
"""What is called of MLflow; the library itself brings half a hundred others."""


def test_mlflow_gets_a_run_for_each_model(chosen, tmp_path, monkeypatch):
    (tmp_path / "mlflow.py").write_text(MLFLOW)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("MLFLOW_DISABLE_TELEMETRY", raising=False)
    assert chosen.log_to_mlflow("digits") == ["LINEAR", "BAYES", "NET", "ALL"]
    kept = sys.modules.pop("mlflow").RUNS
    assert kept[0] == ("experiment", "digits")
    net = next(each for each in kept[1:] if each.name == "Net")
    entry = chosen.results.members["Net"]
    assert net.metrics["test/accuracy"] == entry.scores.test.accuracy
    losses = [value for key, value, _ in net.steps if key == "epochs/validation_loss"]
    assert losses == entry.history["validation_loss"] and net.artifacts == [str(chosen.page)]
    recommended = [each.name for each in kept[1:] if each.tags["vestry.recommended"] == "true"]
    assert recommended == ([chosen.recommended] if chosen.recommended else [])
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_tensorboard_gets_a_folder_for_each_model(chosen, tmp_path, monkeypatch):
    told = {}

    class Writer:
        def __init__(self, folder):
            self.values = told[Path(folder).name] = []

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def add_text(self, *_):
            pass

        def add_scalar(self, tag, value, step=None):
            self.values.append((tag, value, step))

    (tmp_path / "tensorboard.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    fake = SimpleNamespace(SummaryWriter=Writer)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", fake)
    places = chosen.write_tensorboard(tmp_path / "events")
    assert [place.name for place in places] == ["1-Linear", "2-Bayes", "3-Net", "4-All"]
    assert ("test/accuracy", chosen.results.members["Net"].scores.test.accuracy, None) in told[
        "3-Net"
    ]
    assert [step for tag, _, step in told["3-Net"] if tag == "epochs/train_loss"] == [1, 2]


def test_a_tracker_that_is_not_there_is_one_sentence(chosen, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(VestryError, match=r'log_to_mlflow needs mlflow-skinny.*"vestry\[mlflow\]"'):
        chosen.log_to_mlflow()
    with pytest.raises(VestryError, match=r'pip install "vestry\[tensorboard\]"'):
        chosen.write_tensorboard("x")
