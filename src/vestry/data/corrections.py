"""`[data] corrections`: labels that somebody has put right, and images that are to go.

A CSV file with a line an image: its `id`, and its `label` or a mark in `drop`. It is what a page
gives as the table of corrections, and what a person makes of that.
"""

import csv
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vestry.data.image_set import ImageSet, Source
from vestry.errors import DataError, did_you_mean
from vestry.storage.regular_file import check_regular
from vestry.storage.spreadsheet_text import unguarded

_LARGEST = 2**26
_MOST = 0.5
"""Of a source's rows; a file that changes more is most likely another data set's."""
_YES, _NO = ("1", "true", "yes", "y", "x", "drop"), ("", "0", "false", "no", "n")


@dataclass(frozen=True)
class Applied:
    """What a file of corrections came to.

    file: its name. sha256: of its content. relabelled, dropped: rows by part. left: test rows of
    the file that were left as they are. unused: lines about rows that the study does not use, or
    whose label was right already.
    """

    file: str
    sha256: str
    relabelled: dict[str, int]
    dropped: dict[str, int]
    left: int
    unused: int

    def said(self) -> str:
        """A sentence or two for the page."""
        changed = [_counted(n, f"{part} label") for part, n in self.relabelled.items() if n]
        changed += [
            f"{_counted(n, f'{part} image')} left out" for part, n in self.dropped.items() if n
        ]
        text = (
            f"Corrected by {self.file} (SHA-256 {self.sha256[:12]}...): "
            f"{', '.join(changed) or 'nothing'}."
        )
        if any(self.dropped.values()):
            text += (
                " How rows were split was settled before, and its counts hold these images, too."
            )
        if self.left:
            text += (
                f" Left as they are: {_counted(self.left, 'test image')} of which it speaks; "
                "`correct_test = true` corrects these, too."
            )
        if self.unused:
            text += f" {_counted(self.unused, 'line')} changed nothing."
        return text


@dataclass(frozen=True)
class Corrections:
    """Lines of a file by id: a new label, or None for a row that is to go."""

    path: Path
    sha256: str
    lines: Mapping[str, str | None]

    @classmethod
    def read(cls, path: Path, source: Source) -> "Corrections":
        """Raises DataError where the file cannot be read, or does not belong to `source`: unknown
        ids or classes, two lines for one id, changes to more than half of all rows."""
        try:
            check_regular(path)
            with path.open("rb") as stream:
                content = stream.read(_LARGEST + 1)
        except OSError as error:
            raise DataError(f"corrections {path} cannot be read: {error.strerror}") from None
        if len(content) > _LARGEST:
            raise DataError(f"corrections {path} is longer than {_LARGEST:,} bytes")
        lines = dict(_lines(path, content))
        _check(path, lines, source)
        return cls(path, hashlib.sha256(content).hexdigest(), lines)

    def applied(self, rows: ImageSet) -> tuple[ImageSet, int, int]:
        """The rows with their new labels, without those that go; how many changed, and went."""
        places = {name: number for number, name in enumerate(rows.classes)}
        labels, kept = rows.labels.copy(), np.ones(len(rows), dtype=bool)
        for row, name in enumerate(rows.ids.tolist()):
            if name in self.lines:
                label = self.lines[name]
                if label is None:
                    kept[row] = False
                elif label in places:  # a class that the study leaves out is another's matter
                    labels[row] = places[label]
        changed = int((labels != rows.labels)[kept].sum())
        if not changed and kept.all():
            return rows, 0, 0
        left = rows.relabelled(labels, rows.classes).rows(np.flatnonzero(kept))
        return left, changed, int((~kept).sum())

    def applied_to(
        self, splits: Mapping[str, ImageSet], correct_test: bool
    ) -> tuple[dict[str, ImageSet], Applied]:
        """The splits corrected, test rows only where that is asked for. Rows that are in two splits
        (folds) stay the same in both, and are counted once."""
        done: dict[int, ImageSet] = {}
        relabelled, dropped, corrected = dict[str, int](), dict[str, int](), dict[str, ImageSet]()
        for name, rows in splits.items():
            if name == "test" and not correct_test:
                corrected[name] = rows
                continue
            if id(rows) not in done:
                done[id(rows)], relabelled[name], dropped[name] = self.applied(rows)
            corrected[name] = done[id(rows)]
        left = 0 if correct_test else self._about(splits.get("test"))
        changed = sum(relabelled.values()) + sum(dropped.values())
        unused = len(self.lines) - left - changed
        return corrected, Applied(
            self.path.name, self.sha256, relabelled, dropped, left, max(unused, 0)
        )

    def _about(self, rows: ImageSet | None) -> int:
        return 0 if rows is None else sum(name in self.lines for name in rows.ids.tolist())


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'s' if count != 1 else ''}"


def _lines(path: Path, content: bytes) -> Iterator[tuple[str, str | None]]:
    try:
        rows = csv.DictReader(content.decode("utf-8-sig").splitlines(), strict=True)
        columns = rows.fieldnames or []
        if "id" not in columns or not {"label", "drop"} & set(columns):
            raise DataError(
                f"corrections {path}: its first line is to name the columns `id` and `label` or "
                f"`drop`; it has {', '.join(columns) or 'nothing'}"
            )
        if twice := next((each for each in columns if list(columns).count(each) > 1), None):
            raise DataError(f"corrections {path}: two columns are called {twice!r}; keep one")
        seen: set[str] = set()
        for row in rows:
            name = row["id"] or ""
            if name in seen:
                raise DataError(f"corrections {path}, line {rows.line_num}: {name} stands twice")
            seen.add(name)
            yield unguarded(name), _what(row, f"corrections {path}, line {rows.line_num}")
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"corrections {path} is no CSV file in UTF-8: {error}") from None


def _what(row: Mapping[str, str | None], where: str) -> str | None:
    """The label of a line; None where its row is to go."""
    label, mark = unguarded(row.get("label") or ""), (row.get("drop") or "").strip().lower()
    if mark not in (*_YES, *_NO):
        raise DataError(f"{where}: `drop` is {mark!r}; write yes, or leave it empty")
    if mark in _YES:
        return None
    if not label:
        raise DataError(f"{where}: neither a label nor a mark in `drop`")
    return label


def _check(path: Path, lines: Mapping[str, str | None], source: Source) -> None:
    known = {name for rows in source.parts.values() for name in rows.ids.tolist()}
    unknown = [name for name in lines if name not in known]
    if unknown:
        raise DataError(
            f"corrections {path}: {len(unknown):,} of {len(lines):,} ids are not those of "
            f"{source.name}, {unknown[0]!r} for one; ids are as the page and its tables give them"
        )
    classes = source.train.classes
    wrong = next((label for label in lines.values() if label not in (*classes, None)), None)
    if wrong is not None:
        raise DataError(
            f"corrections {path}: there is no class {wrong!r}{did_you_mean(wrong, classes)}"
        )
    if len(lines) > _MOST * len(known):
        raise DataError(
            f"corrections {path} is about {len(lines):,} of {len(known):,} images; more than half "
            "is no correction: is it this data's file? Change the labels at their source then"
        )
