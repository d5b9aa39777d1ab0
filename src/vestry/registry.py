"""One registry a concept: a rule, a score or a corruption is found here by its name, and nowhere
else does a list of names stand."""

import importlib
import pkgutil
from collections.abc import Iterator, MutableMapping
from typing import Any, Protocol, TypeVar


class _Named(Protocol):
    @property
    def name(self) -> str: ...


Thing = TypeVar("Thing", bound=_Named)


class Registry(MutableMapping[str, Thing]):
    """Things of one concept by name, in the order in which they were registered.

    home: the module, or the package all of whose modules, register what comes with Vestry when they
    are imported, which the first look does: a further file in a package needs to be named nowhere.
    """

    def __init__(self, concept: str, home: str) -> None:
        self.concept, self._home = concept, home
        self._things: dict[str, Thing] = {}
        self._is_whole = False

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
                home = importlib.import_module(self._home)
                for found in pkgutil.iter_modules(getattr(home, "__path__", ())):
                    importlib.import_module(f"{self._home}.{found.name}")
            except BaseException:
                self._is_whole = False  # or the next look would find some of them and say nothing
                raise
        return self._things


class OneOf:
    """The pydantic type of a name in a registry: `Annotated[str, OneOf(SCORES)]`.

    It asks anew each time, so that what was registered later is taken, too. more: further names.
    """

    def __init__(self, registry: "Registry[Any]", *more: str) -> None:
        self._registry, self._more = registry, more

    @property
    def names(self) -> list[str]:
        return [*self._registry, *self._more]

    def _checked(self, name: str) -> str:
        from pydantic_core import PydanticCustomError  # noqa: PLC0415 - serving does without

        if name in self.names:
            return name
        *first, last = map(repr, self.names)
        expected = {"expected": f"{', '.join(first)} or {last}"}
        raise PydanticCustomError("literal_error", "Input should be {expected}", expected)

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema  # noqa: PLC0415 - serving does without

        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> Any:
        return handler(schema) | {"enum": self.names}
