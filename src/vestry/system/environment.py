"""Where a study ran: machine and versions."""

import os
import platform
from importlib import metadata
from typing import Any

from vestry.system.installed import version_of
from vestry.system.platform_calls import memory_bytes, processor

_LIBRARIES = ("vestry", "numpy", "torch", "scikit-learn", "onnxruntime", "skl2onnx")


def environment(cores: int) -> dict[str, Any]:
    """JSON-able; nothing in it names the user, the host or a path."""
    return {
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in _LIBRARIES},
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "cores": os.cpu_count(),
        "cores_used": cores,
        "memory_bytes": memory_bytes(),
    }


def _version(name: str) -> str | None:
    try:
        return version_of(name)
    except metadata.PackageNotFoundError:
        return None
