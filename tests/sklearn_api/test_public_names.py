"""`import vestry` gives the public classes, and costs next to nothing until one is asked for."""

import json
import subprocess
import sys

import pytest

import vestry

HEAVY = ("torch", "sklearn", "numpy", "scipy", "onnx", "onnxruntime", "pydantic", "vestry.")
PROGRAM = """
import json, sys
import vestry
first = sorted(sys.modules)
from vestry import Predictor
second = sorted(sys.modules)
from vestry import CommitteeClassifier, NetworkClassifier
third = sorted(sys.modules)
print(json.dumps([first, second, third]))
"""


@pytest.fixture(scope="module")
def modules():
    """What is loaded after `import vestry`, after a predictor, after the classifiers."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    return [set(names) for names in json.loads(done.stdout)]


def test_import_brings_nothing_heavy(modules):
    heavy = [name for name in modules[0] if name.startswith(HEAVY)]
    light = ["errors", "system", "system.parts", "system.telemetry", "version"]
    assert sorted(heavy) == [f"vestry.{name}" for name in light]


def test_the_predictor_brings_neither_torch_nor_scikit_learn(modules):
    assert "onnxruntime" in modules[1]
    assert not {"torch", "sklearn"} & modules[1]


def test_torch_waits_until_something_is_fitted(modules):
    assert "sklearn" in modules[2]
    assert "torch" not in modules[2]


def test_every_public_name_is_there_and_listed():
    for name in vestry.__all__:
        assert getattr(vestry, name) is not None
        assert name in dir(vestry)
    with pytest.raises(AttributeError, match="no attribute 'Bundle'"):
        _ = vestry.Bundle
