"""The vault: test labels are opened here and nowhere else, and every look is written down.

Whoever looks at a test set, changes something and looks again is choosing by it, and its figures
become a little too good each time. So looks are counted for the test rows themselves, across runs,
in a register; the run keeps its own list beside it. The register keeps which rows a set has, as
hashes: another order, a row less, or another pixel make no new set.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from vestry.data.image_set import ImageSet
from vestry.data.row_hashes import RowHashes, load_hashes, row_hashes
from vestry.data.sealed import SealedLabels, SealedSet
from vestry.errors import RunError
from vestry.evaluation.comparison import best_of
from vestry.predictions.table import Labels
from vestry.schema.environment import TestSetUses, UsedRows
from vestry.storage.lock import held
from vestry.system.platform_calls import open_to_append

Look = dict[str, Any]
_LONGEST_REGISTER = 16_000_000
"""Bytes that are read of a register; some 50,000 looks."""


@dataclass(frozen=True)
class Vault:
    """Where looks are written down.

    register: the folder that keeps a file of looks for every test set that was ever looked at here.
    record: the run's own `test_looks.jsonl`; None where the looks are no run's.
    """

    register: Path
    record: Path | None = None

    @overload
    def open(self, test: SealedSet, study: str, models: Sequence[str], why: str) -> ImageSet: ...

    @overload
    def open(self, test: SealedLabels, study: str, models: Sequence[str], why: str) -> Labels: ...

    def open(
        self, test: SealedSet | SealedLabels, study: str, models: Sequence[str], why: str
    ) -> ImageSet | Labels:
        """What was sealed, with the labels; the look is written down before they are handed out.

        study: the study's hash, or another name for who is asking. models: what is about to be
        compared. Raises RunError where the look cannot be written down.
        """
        look = {
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "study": study,
            "models": list(models),
            "why": why,
            "test": test.fingerprint,
        }
        for path in filter(None, (self.file(test.fingerprint), self.record)):
            append(path, look)
        if models and not self.rows_of(test.fingerprint).exists():
            self.keep(test.fingerprint, row_hashes(test))
        return test.unsealed()

    def file(self, fingerprint: str) -> Path:
        """The register's file for the test rows of this fingerprint."""
        return self.register / f"{fingerprint}.jsonl"

    def looks(self, fingerprint: str) -> list[Look]:
        """Every look at these test rows that the register knows of, the first one first."""
        return list(_read_looks(self.file(fingerprint)))

    def uses(self, test: SealedSet | SealedLabels, study: str, accuracy: float) -> TestSetUses:
        """How often these rows were looked at, in this set or in another that shares rows with it,
        and what that does to the leader's figure.

        study: as `open` has it. accuracy: the leader's, on these rows.
        """
        own = row_hashes(test)
        self.keep(test.fingerprint, own)
        found = [_Overlap(self.looks(test.fingerprint), np.ones(len(test), dtype=bool))]
        others = self._others(test.fingerprint)
        known = [(looks, load_hashes(path)) for path, looks in others]
        found += [_Overlap(looks, own.seen_in(each)) for looks, each in known if each is not None]
        looks = [look for each in found if each.share >= _SAME_SET for look in each.looks]
        compared = [look for look in looks if look.get("models")]
        moments = sorted(str(look["when"]) for look in looks if look.get("when"))
        luck = best_of(len(compared), accuracy, len(test))
        return TestSetUses(
            test=test.fingerprint,
            count=len(looks),
            comparisons=len(compared),
            studies=len({look.get("study") for look in compared}),
            of_this_study=sum(look.get("study") == study for look in compared),
            first=moments[0] if moments else None,
            last=moments[-1] if moments else None,
            accuracy=accuracy,
            luck=luck.mean,
            luck_deviation=luck.deviation,
            rows=len(test),
            used=_used(found, len(test)),
            sets=sum(each.share > 0 and bool(each.comparisons) for each in found),
            unmatched_sets=sum(each is None for _, each in known),
        )

    def rows_of(self, fingerprint: str) -> Path:
        """Where the register keeps hashes of the set's rows."""
        return self.register / f"{fingerprint}.npz"

    def keep(self, fingerprint: str, rows: RowHashes) -> None:
        """Write down which rows the set has, once; RunError where that cannot be."""
        path = self.rows_of(fingerprint)
        try:
            if not path.exists():
                rows.save(path)
        except OSError as error:
            raise RunError(_unwritten(path, error)) from error

    def _others(self, fingerprint: str) -> list[tuple[Path, list[Look]]]:
        """Other sets that models were compared on, the latest first: where their rows are kept, and
        their looks."""
        files = [path for path in self.register.glob("*.jsonl") if path.stem != fingerprint]
        files.sort(key=lambda path: (-path.stat().st_mtime, path.name))
        every = [(path.with_suffix(".npz"), list(_read_looks(path))) for path in files[:_MOST_SETS]]
        return [(path, looks) for path, looks in every if any(map(_is_comparison, looks))]


_MOST_SETS = 500
"""That these rows are looked for in: of 10,000 rows each some 200 megabytes."""
_SAME_SET = 0.5
"""Share of the rows from which on looks at another set are looks at this one."""


@dataclass(frozen=True, eq=False)
class _Overlap:
    """A set's looks, and which of the rows in question it holds."""

    looks: list[Look]
    seen: NDArray[np.bool_]

    @property
    def share(self) -> float:
        return float(self.seen.mean())

    @property
    def comparisons(self) -> int:
        return sum(map(_is_comparison, self.looks))


def _is_comparison(look: Look) -> bool:
    return bool(look.get("models"))


def _used(found: Sequence[_Overlap], rows: int) -> list[UsedRows]:
    """How many rows were compared on how often, the most often first."""
    times = np.zeros(rows, dtype=np.int64)
    for each in found:
        times += each.comparisons * each.seen
    counts, of = np.unique(times, return_counts=True)
    return [
        UsedRows(comparisons=int(count), rows=int(number))
        for count, number in zip(counts[::-1], of[::-1], strict=True)
    ]


def _unwritten(path: Path, error: OSError) -> str:
    return (
        f"a look at the test labels could not be written down in {path} "
        f"({error.strerror or error}); make the place writable, or set VESTRY_LOOKS to another "
        "folder"
    )


def append(path: Path, look: Look) -> None:
    """Add a line, whole or not at all, whoever else is writing; a link is not followed."""
    line = json.dumps(look, ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with held(path.with_name(f".{path.name}.lock")):
            handle = open_to_append(path)
            try:
                os.write(handle, line.encode(errors="backslashreplace"))
            finally:
                os.close(handle)
    except OSError as error:
        raise RunError(_unwritten(path, error)) from error


def _read_looks(path: Path) -> Iterable[Look]:
    """Looks of one file. A line that is no longer readable counts as a look all the same."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        lines = file.read(_LONGEST_REGISTER).splitlines()
    for line in lines:
        try:
            look = json.loads(line)
        except ValueError:
            look = None
        if line.strip():
            yield look if isinstance(look, dict) else {}
