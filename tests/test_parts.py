"""The parts that Vestry is installed in: what works without the others, and what is said."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from PIL import Image

import vestry
from studies_at_hand import SMALL_STUDY
from vestry.system.parts import PARTS, MissingPartError, explained, require

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TRAIN = 'pip install "vestry[train]"'
JUDGE = 'pip install "vestry[judge]"'
BROUGHT_ALONG = ("pandas", "sympy", "networkx")
"""What the parts' packages bring, and nothing of the core's may use."""
ASKED_FOR = ("pandas", "protobuf", "pydantic-core", "markupsafe", "requests")
"""What comes with declared packages, or is asked for where it is used."""
GONE = """
import sys

class Gone:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Gone())
"""
SERVED = """
import sys
from starlette.testclient import TestClient
from vestry.serve.http.context import ServerSettings, check_files
from vestry.serve.http.server import create_app

app = create_app(ServerSettings(check_files([], print), 1))
answer = TestClient(app).post("/predict", content=open(sys.argv[1], "rb").read(),
                              headers={"content-type": "image/png"})
assert answer.status_code == 200, answer.text
print(answer.json()["class"])
"""
EACH = """
import contextlib, io, json, sys
from vestry.cli.entry import main

def said(words):
    sys.argv, code, out, errors = ["vestry", *words], 0, io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    return code, out.getvalue(), errors.getvalue()

print(json.dumps([said(words) for words in json.loads(sys.argv[1])]))
"""


@pytest.fixture
def having(tmp_path):
    """Runs Python, in whatever process, as where these parts alone are installed."""

    def run(parts, *arguments):
        blocked = [m for part in PARTS if part not in parts for m in PARTS[part].values()]
        blocked += [] if parts else BROUGHT_ALONG
        (tmp_path / "sitecustomize.py").write_text(GONE.format(blocked))
        sources = Path(vestry.__file__).parents[1]
        return subprocess.run(
            [sys.executable, *arguments],
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(sources)])},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def names(requirements):
    return {re.split(r"[\s\[<>=;]", each)[0] for each in requirements}


def test_the_parts_are_those_of_the_project():
    extras = PROJECT["optional-dependencies"]
    for part, packages in PARTS.items():
        assert names(extras[part]) - {"vestry"} == set(packages)
    assert "vestry[judge]" in extras["train"], "who trains has the page, too"


_HEAVY = {"mlflow-skinny", "tensorboard"}
"""Not among what tests need: each brings dozens of packages."""


def test_each_package_is_known_by_its_module():
    installed = metadata.packages_distributions()
    for packages in PARTS.values():
        for name, module in packages.items():
            if module in installed or name not in _HEAVY:
                assert name in {each.lower() for each in installed[module]}


def test_what_is_imported_is_declared():
    declared = names(PROJECT["dependencies"]) | {n for part in PARTS.values() for n in part}
    declared = {_normal(name) for name in declared} | {"vestry", *ASKED_FOR}
    installed = metadata.packages_distributions()
    undeclared = {
        f"{path.name}: {module}"
        for path in sorted((ROOT / "src").rglob("*.py"))
        for module in _imported(ast.parse(path.read_text(encoding="utf-8")))
        if module not in sys.stdlib_module_names
        and declared.isdisjoint(map(_normal, installed.get(module, ["nothing"])))
    }
    assert undeclared == set()


def _normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def _imported(tree):
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=found):
                yield from (each.name.partition(".")[0] for each in found)
            case ast.ImportFrom(module=str(name), level=0):
                yield name.partition(".")[0]


def test_predict_works_with_the_core_alone(having, tmp_path):
    Image.new("L", (28, 28), 90).save(tmp_path / "x.png")
    done = having([], "-m", "vestry", "predict", "x.png", "--votes")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("x.png")


def test_the_server_answers_with_the_core_alone(having, tmp_path):
    Image.new("L", (28, 28), 90).save(tmp_path / "x.png")
    done = having([], "-c", SERVED, "x.png")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.fixture
def each_said(having):
    """What commands say, one after the other in one such process: (exit code, stdout, stderr)."""

    def run(parts, *commands):
        done = having(parts, "-c", EACH, json.dumps([command.split() for command in commands]))
        assert done.returncode == 0, done.stderr
        return dict(zip(commands, json.loads(done.stdout), strict=True))

    return run


@pytest.mark.parametrize("parts", [[], ["judge"]])
def test_a_missing_part_is_one_sentence_with_the_line_that_brings_it(each_said, tmp_path, parts):
    (tmp_path / "small.toml").write_text(SMALL_STUDY)
    said = each_said(parts, "run small.toml", "run default", "try digits", "explore digits")
    for command, (code, out, errors) in said.items():
        assert (code, out) == (1, ""), command
        assert len(errors.splitlines()) == 1, errors
        assert "torch" in errors and errors.rstrip().endswith(TRAIN)
    assert not (tmp_path / "runs").exists(), "nothing was begun"


def test_judging_says_what_it_needs(each_said):
    for code, _, errors in each_said([], "judge a.csv b.csv", "compare a b").values():
        assert code == 1
        assert errors.strip().endswith(JUDGE) and "scipy" in errors


def test_what_needs_no_part_works_with_the_core(each_said):
    said = each_said([], "--help", "run --help", "studies", "schema", "data list", "check")
    for command, (code, _, errors) in said.items():
        assert code == 0 and "Traceback" not in errors, (command, errors)


def test_judging_works_without_the_part_that_trains(having, tmp_path):
    truth = ["id,label,split"]
    said = ["id,a,b"]
    for number in range(60):
        split = "validation" if number < 20 else "test"
        truth.append(f"{number},{'ab'[number % 2]},{split}")
        share = 0.1 if (number % 2 == 0) == (number % 7 > 0) else 0.8
        said.append(f"{number},{1 - share},{share}")
    (tmp_path / "truth.csv").write_text("\n".join(truth))
    (tmp_path / "ours.csv").write_text("\n".join(said))
    done = having(["judge"], "-m", "vestry", "judge", "truth.csv", "ours.csv")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "runs").is_dir()


def test_check_says_which_parts_are_missing(having):
    found = json.loads(having(["judge"], "-m", "vestry", "check", "--json").stdout)
    assert found["part judge"] == "here"
    assert found["part train"].startswith("without optuna") and TRAIN in found["part train"]
    assert found["bfloat16"] is None


@pytest.mark.parametrize("name", ["NetworkClassifier", "CommitteeClassifier"])
def test_a_class_that_needs_a_part_says_so_in_python(having, name):
    done = having([], "-c", f"from vestry import {name}")
    assert "scikit-learn" in done.stderr.splitlines()[-1], done.stderr
    assert done.stderr.rstrip().endswith(JUDGE)
    tried = f"import vestry\ntry: vestry.{name}\nexcept ImportError: print('no')"
    assert having([], "-c", tried).stdout.strip() == "no"


def test_an_import_that_no_part_brings_is_nobodys(monkeypatch):
    assert explained(ModuleNotFoundError("x", name="nobodys.module")) is None
    assert TRAIN in str(explained(ModuleNotFoundError("x", name="torch.nn")))
    require("train", "this test")
    monkeypatch.setitem(PARTS, "judge", {"absent": "no_such_module"})
    with pytest.raises(MissingPartError, match=r"this test needs absent, which is not installed"):
        require("train", "this test")
