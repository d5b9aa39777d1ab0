"""Vestry sends nothing, and what it computes with must not either.

onnxruntime (from 1.29 on) reports its machine to its maker unless it is told otherwise before it
is loaded: that alone starts the upload, and writes an id into the user's cache folder. No other
library that Vestry loads does the like; tests/test_sends_nothing.py holds them all to it.
"""

import os
import sys

_SWITCH = "ORT_DISABLE_TELEMETRY"


def switch_off() -> None:
    """In this process and in those that it starts, whatever was set: 0 would switch it on.

    A program that has loaded onnxruntime before has let it begin; it is told to record no more.
    """
    os.environ[_SWITCH] = "1"
    loaded = sys.modules.get("onnxruntime")
    if stop := getattr(loaded, "disable_telemetry_events", None):
        stop()
