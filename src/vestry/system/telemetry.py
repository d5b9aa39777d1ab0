"""Vestry sends nothing, and what it computes with must not either.

Some libraries report to their makers unless they are told otherwise before they are loaded.
onnxruntime (from 1.29 on) reports its machine: loading it starts the upload, and writes an id into
the user's cache folder. MLflow (from 3.2 on) reports what is called of it; it is loaded where
somebody asks to log there, and not before. Ray is told where it is loaded, by
engine/ray_cluster.py.
tests/test_sends_nothing.py holds all others to silence.
"""

import os
import sys

_SWITCH = "ORT_DISABLE_TELEMETRY"
_MLFLOW_SWITCH = "MLFLOW_DISABLE_TELEMETRY"


def switch_off() -> None:
    """In this process and in those that it starts, whatever was set: 0 would switch it on.

    A program that has loaded onnxruntime before has let it begin; it is told to record no more.
    """
    os.environ[_SWITCH] = "1"
    loaded = sys.modules.get("onnxruntime")
    if stop := getattr(loaded, "disable_telemetry_events", None):
        stop()


def switch_off_mlflow() -> None:
    """Before MLflow is loaded, whatever was set."""
    os.environ[_MLFLOW_SWITCH] = "true"
