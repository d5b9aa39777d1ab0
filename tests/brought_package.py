"""A package beside Vestry that brings a kind of model, a step of features and a data source:
`tests/brought`."""

import os
from importlib import import_module
from pathlib import Path

import pytest

from vestry.members.kinds import KINDS

FOLDER = Path(__file__).with_name("brought")


@pytest.fixture(scope="session")
def brought():
    """An environment in which the package is there, as it is once it has been installed."""
    paths = filter(None, [str(FOLDER), os.environ.get("PYTHONPATH")])
    return {"PYTHONPATH": os.pathsep.join(paths)}


@pytest.fixture(scope="module")
def brought_here():
    """Its kind of model in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        KINDS.register(import_module("nearest_mean.kind").NEAREST_MEAN)
        yield
        del KINDS["sharpness"]
