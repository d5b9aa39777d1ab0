"""What a section of the page is: its data, its words, its pictures and its template."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vestry.report.plot.figure import Figure
from vestry.report.table import Table
from vestry.schema.results import Results

FOLDER = Path(__file__).parent / "sections"


def _none(_: Any) -> Iterable[Any]:
    return ()


@dataclass(frozen=True)
class Section:
    """One subject of the page.

    key: templates read its data as `page.<key>`.
    data: from `results.json`.
    is_shown: whether there is something to show, of `data`.
    template: a file of `folder`; None for what the template of another section includes.
    style: a file of `folder`.
    title, anchor: what is folded under its chapter; no title, no line of its own.
    chapter: the key of the chapter under which it is folded; see `chapter.py`.
    otherwise: of the chapter that folds it where that one has nothing to show.
    tables, figures: all that can be taken home of `data`, whatever is folded.
    images: ids of the pictures that it shows, of `data`; of all sections, those with the lowest
        `dispensable` get their place first. `more_images` come after all others.
    """

    key: str
    data: Callable[[Results], Any]
    is_shown: Callable[[Any], bool] = bool
    template: str | None = None
    style: str | None = None
    title: str | None = None
    anchor: str = ""
    chapter: str = "made"
    otherwise: str = "made"
    tables: Callable[[Any], Iterable[Table]] = _none
    figures: Callable[[Any], Iterable[Figure]] = _none
    images: Callable[[Any], Iterable[str]] = _none
    more_images: Callable[[Any], Iterable[str]] = _none
    dispensable: int = 0
    folder: Path = FOLDER


class PageData:
    """All that the page shows, as plain data: `title`, `classes`, and each section's by its key."""

    def __init__(self, title: str, classes: list[str], sections: dict[str, Any]) -> None:
        self.title = title
        self.classes = classes
        self._sections = sections

    def __getattr__(self, key: str) -> Any:
        try:
            return self.__dict__["_sections"][key]
        except KeyError:
            raise AttributeError(key) from None
