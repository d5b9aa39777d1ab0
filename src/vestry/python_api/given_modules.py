"""A torch module, a class or an object, as the table that a study file has for it."""

import copy
import hashlib
import inspect
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vestry.errors import StudyError
from vestry.members.estimators.importable import is_installed, module_file
from vestry.members.modules.given_here import Given, give

if TYPE_CHECKING:
    from torch import nn

_PLAIN = (bool, int, float, str)


def is_module(model: Any) -> bool:
    """Whether it is a torch module or a class of such; torch is not loaded for it."""
    torch = sys.modules.get("torch")
    if torch is None:
        return False
    kind = torch.nn.Module
    return issubclass(model, kind) if isinstance(model, type) else isinstance(model, kind)


def module_keys(model: "nn.Module | type[nn.Module]") -> dict[str, Any]:
    """`module` and `params`. An object is taken by its class and what that was made with, not as it
    was trained, where both can be told and the processes that fit models can import it; else it
    stays in this process, which then trains it.
    """
    kind = model if isinstance(model, type) else type(model)
    params = {} if isinstance(model, type) else _parameters(model)
    if params is None:
        return {"module": give(kind.__name__, _copied(model))}
    if not _is_found(kind):
        digest = _digest([kind], f"{sorted(params.items())}")
        made = Given(_with(kind, params), digest, f"{kind.__name__}, made anew")
        return {"module": give(kind.__name__, made)}
    path = f"{kind.__module__}.{kind.__qualname__}"
    return {"module": path} | ({"params": params} if params else {})


def _is_found(kind: type) -> bool:
    """Whether other processes find the class: they look into installed packages, into the working
    folder and where PYTHONPATH says, whatever this session has added."""
    if kind.__module__ == "__main__" or "<locals>" in kind.__qualname__:
        return False
    if is_installed(kind.__module__):
        return True
    try:
        file = module_file(f"{kind.__module__}.{kind.__qualname__}")
    except StudyError:
        return False
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    inside = Path(*kind.__module__.split("."))
    wanted = [Path(place).absolute() / inside for place in ("", *named)]
    return any(file in (each.with_suffix(".py"), each / "__init__.py") for each in wanted)


def _parameters(model: "nn.Module") -> dict[str, Any] | None:
    """What its class was called with: attributes of the names of its parameters, where the class
    makes the same module of them; None where it does not."""
    takes = inspect.signature(type(model)).parameters
    found = {name: vars(model)[name] for name in takes if _is_plain(vars(model).get(name))}
    try:
        again = type(model)(**found)
    except Exception:  # whatever it is, it is not made so
        return None
    again.train(model.training)
    is_same = repr(again) == repr(model) and _shapes(again) == _shapes(model)
    is_same = is_same and _plain(again) == _plain(model)
    # A parameter that left no trace may be in values that no layer draws.
    is_told = found.keys() == takes.keys() or _kept(again) == _kept(model)
    return found if is_same and is_told else None


def _kept(model: "nn.Module") -> dict[str, bytes]:
    """Values of parameters and buffers that no layer starts anew, by name."""
    return {
        name: value.detach().cpu().numpy().tobytes()
        for path, part in model.named_modules()
        if not hasattr(part, "reset_parameters")
        for named in (part.named_parameters, part.named_buffers)
        for name, value in named(path, recurse=False)
    }


def _plain(model: "nn.Module") -> dict[str, Any]:
    return {name: value for name, value in vars(model).items() if _is_plain(value)}


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return isinstance(value, _PLAIN)


def _shapes(model: "nn.Module") -> dict[str, tuple[int, ...]]:
    return {name: tuple(getattr(v, "shape", ())) for name, v in model.state_dict().items()}


def _with(kind: Callable[..., Any], params: Mapping[str, Any]) -> Callable[..., Any]:
    """The class with these parameters; it says what else it takes."""
    takes = inspect.signature(kind)
    others = [each for name, each in takes.parameters.items() if name not in params]

    def make(**more: Any) -> Any:
        return kind(**params, **more)

    make.__signature__ = takes.replace(parameters=others)  # type: ignore[attr-defined]
    return make


def _copied(model: Any) -> Given:
    """Copies of the object, whose layers start anew where they know how to."""

    def make() -> Any:
        fresh = copy.deepcopy(model)
        for part in fresh.modules():
            if hasattr(part, "reset_parameters"):
                part.reset_parameters()
        return fresh

    kept, parts = _kept(model), list(model.modules())
    weights = hashlib.sha256(b"".join(kept.values())).hexdigest()
    kinds = [kind for kind in dict.fromkeys(map(type, parts)) if not is_installed(kind.__module__)]
    text = f"{model!r} {[_plain(part) for part in parts]} {weights}"
    words = f"a copy of the {type(model).__name__} that was given, its layers started anew"
    if kept:
        words += f", but for {', '.join(kept)}, which keep the values that they had"
    return Given(make, _digest(kinds, text), words)


def _digest(kinds: Sequence[type], more: str) -> str:
    """Of the source of the classes and of whatever beside it that it uses; where that is not known,
    of nothing that comes again."""
    digest, seen = hashlib.sha256(more.encode()), set[int]()
    try:
        for text in (text for kind in kinds for text in _sources(kind, seen)):
            digest.update(text.encode())
    except (OSError, TypeError):
        digest.update(secrets.token_bytes(16))
    return digest.hexdigest()


def _sources(thing: Any, seen: set[int]) -> Iterator[str]:
    """Of a class or function of the user's, and of those that it builds on or names."""
    if id(thing) in seen or is_installed(thing.__module__):
        return
    seen.add(id(thing))
    yield inspect.getsource(thing)
    for base in getattr(thing, "__bases__", ()):
        yield from _sources(base, seen)
    parts = [thing] if inspect.isfunction(thing) else vars(thing).values()
    for function in filter(inspect.isfunction, parts):
        names = inspect.getclosurevars(function)
        for name, used in sorted({**names.globals, **names.nonlocals}.items()):
            if inspect.isclass(used) or inspect.isfunction(used):
                yield from _sources(used, seen)
            elif _is_plain(used):
                yield f"{name} = {used!r}"
