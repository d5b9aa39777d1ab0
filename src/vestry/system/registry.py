"""One registry a concept: a rule, a score or a corruption is found here by its name, and nowhere
else does a list of names stand.

Other installed packages may bring some, by entry points, Python's own door for that. A worker
process sees the same packages as the command, so both find the same things.
"""

import functools
import importlib
import pkgutil
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, MutableMapping
from importlib import metadata
from typing import Any, ClassVar, Protocol, TypeVar, cast

from vestry.errors import StudyError, did_you_mean, one_line

_PREFIX = "vestry."
"""Of the groups of entry points."""


class _Named(Protocol):
    @property
    def name(self) -> str: ...


Thing = TypeVar("Thing", bound=_Named)


_EVERY: "list[Registry[Any]]" = []


class Registry(MutableMapping[str, Thing]):
    """Things of one concept by name: those of one module in its order, those of a package by name,
    then those of other packages.

    concept: what one of them is called; the entry points of other packages stand under that, in
    plural: `vestry.scores`. home: the module, or the package all of whose modules, register what
    comes with Vestry when they are imported, which the first look does: a further file in a package
    needs to be named nowhere. is_one: whether something can be one of them. The first look raises
    StudyError, naming the package, where another package's thing cannot.
    """

    def __init__(self, concept: str, home: str, is_one: Callable[[Any], bool]) -> None:
        self.concept, self.home, self.is_one = concept, home, is_one
        self._things: dict[str, Thing] = {}
        self._is_whole = False
        _EVERY.append(self)

    def register(self, thing: Thing) -> Thing:
        """Usable as a decorator. Raises ValueError where the name is another's already."""
        if self._things.get(thing.name, thing) is not thing:
            raise ValueError(f"there is a {self.concept} {thing.name!r} already")
        self._things[thing.name] = thing
        return thing

    def __getitem__(self, name: str) -> Thing:
        return self._whole()[name]

    def __setitem__(self, name: str, thing: Thing) -> None:
        self._whole()[name] = thing

    def __delitem__(self, name: str) -> None:
        del self._whole()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._whole())

    def _whole(self) -> dict[str, Thing]:
        if not self._is_whole:
            self._is_whole = True  # first: what is imported may look, too
            try:
                self._load()
            except BaseException:
                self._is_whole = False  # or the next look would find some of them and say nothing
                raise
        return self._things

    def _load(self) -> None:
        home = importlib.import_module(self.home)
        for found in pkgutil.iter_modules(getattr(home, "__path__", ())):
            importlib.import_module(f"{self.home}.{found.name}")
        if hasattr(home, "__path__"):  # else the order would hang on which file was imported first
            self._things = dict(sorted(self._things.items()))
        for entry in entry_points(f"{self.concept}s"):
            try:
                thing = entry.load()
                if not self.is_one(thing):
                    raise TypeError(f"it is no {self.concept}")
                self.register(thing)
            except Exception as error:  # whatever another package raises when it is imported
                package = entry.dist.name if entry.dist else "a package"
                raise StudyError(
                    f"{package} brings the {self.concept} {entry.name!r} ({entry.value}), which "
                    f"cannot be used: {one_line(error)}; mend or remove that package"
                ) from error


def check_brought() -> None:
    """Raise StudyError where a package brings something unusable, before it would come to light."""
    for registry in _EVERY:
        len(registry)


def check_packages_trusted(trusted: Collection[str]) -> None:
    """Raise StudyError where an installed package that brings things of any concept is not among
    these top-level names. Nothing of it is imported here; a study is read with all of them."""
    points = _all_entry_points(tuple(sys.path))
    brought = {
        point.module.partition(".")[0]: point
        for group in points.groups
        if group.startswith(_PREFIX)
        for point in points.select(group=group)
    }
    for top, point in sorted(brought.items()):
        if top not in trusted:
            named = point.dist.name if point.dist else top
            raise StudyError(
                f"the installed package {named} brings {point.group.removeprefix(_PREFIX)} "
                f"({point.value}) and would be imported, and {top} is not among --trusted-modules: "
                "add it there if you trust it, or uninstall the package"
            )


def brought_packages(concepts: str) -> set[str]:
    """Importable names of other packages that bring some; concepts: in plural, such as "scores"."""
    return {point.module.partition(".")[0] for point in entry_points(concepts)}


def entry_points(concepts: str) -> metadata.EntryPoints:
    """Where other packages say that they bring some; concepts: as `brought_packages`."""
    found = _all_entry_points(tuple(sys.path)).select(group=f"{_PREFIX}{concepts}")
    return cast(metadata.EntryPoints, found)


@functools.cache  # it reads a file of every installed package, and a study asks many times
def _all_entry_points(path: tuple[str, ...]) -> Any:  # noqa: ARG001 - the key
    return metadata.entry_points()


class OneOf:
    """The pydantic type of a name in a registry: `Annotated[str, OneOf(SCORES)]`.

    It asks anew each time, so that what was registered later is taken, too. more: further names. In
    a context of `WRITTEN` any name is: a run's page is drawn without the packages that it had, too.
    """

    WRITTEN: ClassVar = "written"

    def __init__(self, registry: "Registry[Any]", *more: str) -> None:
        self._registry, self._more = registry, more

    @property
    def names(self) -> list[str]:
        return [*self._registry, *self._more]

    def _checked(self, name: str, info: Any) -> str:
        from pydantic_core import PydanticCustomError  # noqa: PLC0415 - serving does without

        if name in self.names or (info.context or {}).get(self.WRITTEN):
            return name
        *first, last = map(repr, self.names)
        expected = {"expected": f"{', '.join(first)} or {last}"}
        raise PydanticCustomError("literal_error", "Input should be {expected}", expected)

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema  # noqa: PLC0415 - serving does without

        return core_schema.with_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> Any:
        return handler(schema) | {"enum": self.names}


def unknown_key(word: str, keys: Iterable[Any], known: Collection[str]) -> str:
    """What to say where none of a table's `keys` names one of the `known`: the nearest, or all."""
    for key in map(str, keys):
        if "mean" in (near := did_you_mean(key, known)):
            return f"unknown {word} `{key}`{near}"
    shown = ", ".join(map(repr, keys)) or "nothing"
    return f"found {shown}, but a {word} is one of {', '.join(known)}"
