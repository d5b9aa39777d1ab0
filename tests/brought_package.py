"""A package beside Vestry that brings a kind of model and a data source: `tests/brought`."""

import os
from pathlib import Path

import pytest

from vestry.data.source import source_kinds
from vestry.members.kinds import model_kinds

FOLDER = Path(__file__).with_name("brought")


@pytest.fixture(scope="session")
def brought():
    """An environment in which the package is there, as it is once it has been installed."""
    paths = filter(None, [str(FOLDER), os.environ.get("PYTHONPATH")])
    return {"PYTHONPATH": os.pathsep.join(paths)}


@pytest.fixture(scope="module")
def brought_here():
    """The package in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        forget()
        yield
    forget()


def forget():
    model_kinds.cache_clear()
    source_kinds.cache_clear()
