"""One finished run of the small project, and copies of the whole project to alter."""

import shutil

import pytest
from planted import project


@pytest.fixture(scope="session")
def made(tmp_path_factory, vestry):
    folder = tmp_path_factory.mktemp("owned") / "project"
    done = vestry("run", project(folder).name, "-q", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def copy(made, tmp_path):
    """A project with a finished run in runs/s, at another place than it was made in; the first one
    is still there."""
    shutil.copytree(made, tmp_path / "copy" / "project")
    return tmp_path / "copy" / "project"
