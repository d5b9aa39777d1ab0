"""What all code in a process shares, read before foreign code runs and set again after it.

A model's code may set NumPy's error handling, seed a generator or change the working folder; the
next model in the same process must not differ for it. How many threads libraries use is left alone:
each kind of member sets that for itself.
"""

import contextlib
import decimal
import locale
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np


def _set_environment(values: dict[str, str]) -> None:
    os.environ.update(values)  # what was added stays: libraries set it once, when they are loaded


def _set_path(values: list[str]) -> None:
    sys.path[:] = values


def _set_filters(values: list[Any]) -> None:
    warnings.resetwarnings()  # which also forgets what was said once
    for value in reversed(values):
        warnings.filters.insert(0, value)  # type: ignore[attr-defined]


def _set_streams(values: tuple[Any, ...]) -> None:
    sys.stdin, sys.stdout, sys.stderr = values


def _set_torch_generator(torch: Any, state: Any) -> None:
    if isinstance(state, int):
        torch.manual_seed(state)
    else:
        torch.set_rng_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))


_PYTHON: tuple[tuple[Callable[[], Any], Callable[[Any], Any]], ...] = (
    (os.getcwd, os.chdir),
    (lambda: dict(os.environ), _set_environment),
    (lambda: list(sys.path), _set_path),
    (lambda: (sys.stdin, sys.stdout, sys.stderr), _set_streams),
    (sys.getrecursionlimit, sys.setrecursionlimit),
    (lambda: locale.setlocale(locale.LC_ALL), lambda name: locale.setlocale(locale.LC_ALL, name)),
    (lambda: list(warnings.filters), _set_filters),
    (lambda: warnings.showwarning, lambda function: setattr(warnings, "showwarning", function)),
    (lambda: decimal.getcontext().copy(), decimal.setcontext),
    (random.getstate, random.setstate),
    (np.random.get_state, np.random.set_state),
    (np.geterr, lambda values: np.seterr(**values)),
    (np.geterrcall, np.seterrcall),
    (np.get_printoptions, lambda values: np.set_printoptions(**values)),
)
"""How each is read and set."""


@dataclass(frozen=True)
class Setting:
    """Something that a library which is heavy to load has; `read` and `write` take its module.

    fresh: what it is once the library is loaded; a seed stands for a generator's state.
    """

    library: str
    read: Callable[[Any], Any]
    write: Callable[[Any, Any], Any]
    fresh: Any


_LIBRARIES = (
    Setting(
        "sklearn",
        lambda sklearn: sklearn.get_config(),
        lambda sklearn, values: sklearn.set_config(**values),
        {"assume_finite": False, "transform_output": "default", "skip_parameter_validation": False},
    ),
    Setting(
        "torch",
        lambda torch: torch.get_rng_state().numpy().tobytes(),
        _set_torch_generator,
        0,
    ),
    Setting(
        "torch",
        lambda torch: str(torch.get_default_dtype()).rpartition(".")[2],
        lambda torch, name: torch.set_default_dtype(getattr(torch, name)),
        "float32",
    ),
    Setting(
        "torch",
        lambda torch: str(torch.get_default_device()),
        lambda torch, name: torch.set_default_device(None if name == "cpu" else name),
        "cpu",
    ),
    Setting(
        "torch",
        lambda torch: torch.is_grad_enabled(),
        lambda torch, value: torch.set_grad_enabled(value),
        True,
    ),
    Setting(
        "torch",
        lambda torch: torch.are_deterministic_algorithms_enabled(),
        lambda torch, value: torch.use_deterministic_algorithms(value),
        False,
    ),
    Setting(
        "torch",
        lambda torch: torch.get_float32_matmul_precision(),
        lambda torch, value: torch.set_float32_matmul_precision(value),
        "highest",
    ),
)


@contextlib.contextmanager
def unchanged() -> Iterator[None]:
    """Set back what is changed within. Raises OSError where the working folder was removed."""
    before = ProcessState.read()
    try:
        yield
    finally:
        before.restore()


class ProcessState:
    """The state at one moment."""

    def __init__(self, python: list[Any], libraries: list[Any]) -> None:
        self.python = python
        self.libraries = libraries

    @classmethod
    def read(cls) -> Self:
        return cls([read() for read, _ in _PYTHON], [_value(setting) for setting in _LIBRARIES])

    def restore(self) -> None:
        """Raises OSError where the working folder is gone."""
        for (_, write), value in zip(_PYTHON, self.python, strict=True):
            write(value)
        for setting, value in zip(_LIBRARIES, self.libraries, strict=True):
            module = sys.modules.get(setting.library)
            # Only where it differs: torch loads its compiler to set whether it is deterministic.
            if module is not None and setting.read(module) != value:
                setting.write(module, value)


def _value(setting: Setting) -> Any:
    module = sys.modules.get(setting.library)
    return setting.fresh if module is None else setting.read(module)
