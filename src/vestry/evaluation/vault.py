"""The vault: test labels are opened here and nowhere else, and every look is written down.

Whoever looks at a test set, changes something and looks again is choosing by it, and its figures
become a little too good each time. So looks are counted for the test rows themselves, across runs,
in a register of this machine's user; the run keeps its own list beside it.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from vestry.data.sealed import SealedLabels, SealedSet
from vestry.errors import RunError
from vestry.evaluation.comparison import best_of
from vestry.schema.environment import TestSetUses

Look = dict[str, Any]
_Rows_co = TypeVar("_Rows_co", covariant=True)


class _Sealed(Protocol[_Rows_co]):
    @property
    def fingerprint(self) -> str: ...

    def unsealed(self) -> _Rows_co: ...


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

    def open(
        self, test: _Sealed[_Rows_co], study: str, makers: Sequence[str], why: str
    ) -> _Rows_co:
        """What was sealed, with the labels; the look is written down before they are handed out.

        study: the study's hash, or another name for who is asking. makers: what is about to be
        compared. Raises RunError where the look cannot be written down.
        """
        look = {
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "study": study,
            "models": list(makers),
            "why": why,
            "test": test.fingerprint,
        }
        for path in filter(None, (self.file(test.fingerprint), self.record)):
            append(path, look)
        return test.unsealed()

    def file(self, fingerprint: str) -> Path:
        """The register's file for the test rows of this fingerprint."""
        return self.register / f"{fingerprint}.jsonl"

    def looks(self, fingerprint: str) -> list[Look]:
        """Every look at these test rows that this machine knows of, the first one first."""
        return list(_read_looks(self.file(fingerprint)))

    def uses(self, test: SealedSet | SealedLabels, study: str, accuracy: float) -> TestSetUses:
        """How often these rows were looked at, and what that does to the leader's figure.

        study: as `open` has it. accuracy: the leader's, on these rows.
        """
        looks = self.looks(test.fingerprint)
        compared = [look for look in looks if look.get("models")]
        return TestSetUses(
            test=test.fingerprint,
            count=len(looks),
            comparisons=len(compared),
            studies=len({look.get("study") for look in compared}),
            of_this_study=sum(look.get("study") == study for look in compared),
            first=looks[0].get("when") if looks else None,
            last=looks[-1].get("when") if looks else None,
            accuracy=accuracy,
            luck=best_of(len(compared), accuracy, len(test)),
        )


def append(path: Path, look: Look) -> None:
    """Add a line, whole or not at all, whoever else is writing; a link is not followed."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    line = json.dumps(look, ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, flags, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            os.write(handle, line.encode())
        finally:
            os.close(handle)
    except OSError as error:
        raise RunError(
            f"a look at the test labels could not be written down in {path} "
            f"({error.strerror or error}); make the place writable, or set VESTRY_LOOKS to another "
            "folder"
        ) from error


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
