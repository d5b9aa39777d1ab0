"""Systems without POSIX's modules: every module can be imported, and a study runs."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import vestry
from studies_at_hand import SMALL_STUDY

POSIX = ("fcntl", "resource", "pwd", "grp", "termios")
IMPORT_ALL = """
import importlib, pkgutil, vestry
for module in pkgutil.walk_packages(vestry.__path__, "vestry."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""
ELSEWHERE = {"fork", "getuid", "geteuid", "getgid", "killpg", "setsid", "sysconf", "umask"}
ELSEWHERE |= {"sched_getaffinity", "sched_setaffinity", "nice", "statvfs", "getloadavg", "uname"}
ELSEWHERE |= {"O_NOFOLLOW", "O_DIRECTORY", "SIGKILL", "SIGHUP", "SIGALRM", "SIGUSR1", "setitimer"}
ELSEWHERE |= {"set_blocking", "mkfifo", "chown", "wait4", "waitpid", "AF_UNIX", "O_BINARY"}
OPTIONS = {"preexec_fn", "pass_fds", "process_group", "start_new_session", "creationflags"}


@pytest.fixture
def without(tmp_path):
    """An environment in which Python, in whatever process, has none of these modules."""
    folder = tmp_path / "blocked"
    folder.mkdir()
    lines = ["import sys", *(f"sys.modules[{name!r}] = None" for name in POSIX)]
    (folder / "sitecustomize.py").write_text("\n".join(lines))
    sources = Path(vestry.__file__).parents[1]
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(sources)])}


def python(environment, *arguments, cwd=None):
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_modules_are_gone(without):
    for name in POSIX:
        assert "ModuleNotFoundError" in python(without, "-c", f"import {name}").stderr


def test_every_module_is_imported_without_them(without):
    done = python(without, "-c", IMPORT_ALL)
    assert done.returncode == 0, done.stderr


def test_a_study_runs_without_them_in_its_workers_too(without, tmp_path):
    (tmp_path / "small.toml").write_text(SMALL_STUDY)
    done = python(without, "-m", "vestry", "run", "small.toml", "--quiet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    run = tmp_path / "runs/small"
    assert len(json.loads((run / "results.json").read_text())["ranking"]) == 3
    assert not [path for path in run.iterdir() if path.name.endswith(".lock")]
    again = python(without, "-m", "vestry", "run", "small.toml", "--quiet", cwd=tmp_path)
    assert again.returncode == 0, again.stderr


def test_calls_that_not_every_system_has_stand_in_one_module():
    package = Path(vestry.__file__).parent
    found = {
        f"{path.relative_to(package)}: {name}"
        for path in sorted(package.rglob("*.py"))
        if path.name != "platform_calls.py"
        for name in _named(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found == set()


def _named(tree):
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from {each.name for each in names} & {*POSIX}
            case ast.ImportFrom(module=module) if module in POSIX:
                yield module
            case ast.Attribute(value=ast.Name(id="os" | "signal" | "socket"), attr=name):
                yield from {name} & ELSEWHERE
            case ast.keyword(arg=name) if name in OPTIONS:
                yield name
            case ast.Constant(value=str(text)) if text.startswith(("/proc/", "/sys/", "/dev/")):
                yield text
