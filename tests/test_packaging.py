"""The files around the package: the workflow does what `make` does, the container what it says."""

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")


@pytest.fixture(scope="module")
def jobs():
    text = (ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["jobs"]


def commands(job):
    return [step["run"] for step in job["steps"] if "run" in step]


def made(target):
    """Commands of a target of the Makefile, as they are without its environment."""
    head = rf"^{target}: \$\(VENV\)/installed\n"
    recipe = re.search(head + r"((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    lines = [line.strip().replace("$(BIN)/", "") for line in recipe[1].splitlines()]
    return [line.removesuffix(" > /dev/null") for line in lines if not line.startswith("rm ")]


def test_the_workflow_lints_and_tests_as_make_does(jobs):
    assert [c for c in commands(jobs["lint"]) if not c.startswith("pip ")] == made("lint")
    assert [c for c in commands(jobs["test"]) if not c.startswith("pip ")] == made("test")
    assert all("[train,dev]" in commands(jobs[job])[0] for job in ("lint", "test"))
    assert "'.[train,dev]'" in MAKEFILE


@pytest.mark.parametrize("job", ["test", "core"])
def test_the_workflow_runs_on_three_systems(jobs, job):
    systems = jobs[job]["strategy"]["matrix"]["system"]
    assert {name.partition("-")[0] for name in systems} == {"ubuntu", "macos", "windows"}


def test_what_the_core_is_tried_with_there_works_here(jobs, vestry):
    tried = [shlex.split(c) for c in commands(jobs["core"]) if c.startswith("vestry ")]
    assert len(tried) == 3
    for command in tried:
        done = vestry(*command[1:], cwd=ROOT)
        assert done.returncode == 0, done.stderr


def test_the_container_serves_as_nobody_in_particular(vestry):
    stages = DOCKERFILE.split("FROM ")[1:]
    assert all(stage.startswith("python:3.12-slim") for stage in stages)
    words = dict(line.split(maxsplit=1) for line in stages[-1].splitlines() if " " in line)
    assert words["USER"] == "vestry" and json.loads(words["ENTRYPOINT"]) == ["vestry"]
    verb, option, _ = json.loads(words["CMD"])
    assert option in vestry(verb, "--help").stdout
    assert words["EXPOSE"] in vestry(verb, "--help").stdout


def test_the_container_is_built_from_what_the_build_reads():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {line[1:] for line in ignored if line.startswith("!")}
    assert kept >= {"pyproject.toml", "setup.py", "constraints.txt", "src", "studies", "README.md"}
    assert all((ROOT / name).exists() for name in kept) and ignored[0] == "*"
