"""A few of the files with something wrong in them; `benchmarks/mutations.py` reads 100,000."""

import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("files are read in forked processes with bounds", allow_module_level=True)

from mutated_files import subjects
from mutations import Fault, content_of, in_batches
from vestry.storage.run_folder import TEMPORARY, is_new

COUNT = 12
SLOW = {"results.json", "checkpoints", "journals of trials", "TOML"}
"""Of these a third; studies have a test of their own."""


@pytest.fixture(scope="module")
def kinds(finished_run, tmp_path_factory):
    return subjects(finished_run, tmp_path_factory.mktemp("mutated"))


def test_files_that_are_mutated_are_read_or_refused_in_words(kinds, tmp_path: Path) -> None:
    first = random.SystemRandom().randrange(10**6)
    faults = {
        f"{kind.name} {found.number}, seed {first}": (found.what, found.said)
        for kind in kinds
        for found in in_batches(
            kind, first, range(COUNT // 3 if kind.name in SLOW else COUNT), tmp_path
        )
        if isinstance(found, Fault)
    }
    assert faults == {}


def test_each_kind_is_read_whole_and_mostly_not_when_mutated(kinds, tmp_path: Path) -> None:
    for kind in kinds:
        path = tmp_path / f"whole{kind.suffix}"
        path.write_bytes(kind.originals[0])
        kind.read(path)
    assert len({kind.name for kind in kinds}) == len(kinds) >= 24
    drawn = [content_of(kind, 0, number) for kind in kinds for number in range(20)]
    whole = [content for kind in kinds for content in kind.originals]
    assert sum(content in whole for content in drawn) < len(drawn) / 4


def _recurse(path: Path) -> None:
    _recurse(path)


def _loop(path: Path) -> None:
    while path:
        pass


@pytest.mark.parametrize(
    ("read", "what"),
    [
        (lambda path: 1 // 0, "ZeroDivisionError"),
        (lambda path: bytearray(2**30), "MemoryError"),
        (_recurse, "RecursionError"),
        (_loop, "over 2 s"),
        (lambda path: sys.exit(3), "SystemExit"),
    ],
)
def test_what_ends_badly_is_told(kinds, tmp_path: Path, read, what: str) -> None:
    kind = replace(kinds[0], read=read)
    (found,) = in_batches(kind, 0, range(1), tmp_path)
    assert isinstance(found, Fault) and found.what == what


def test_a_process_that_ends_is_a_fault_and_the_next_file_is_read(kinds, tmp_path: Path) -> None:
    import os
    import signal

    kind = replace(kinds[0], read=lambda path: os.kill(os.getpid(), signal.SIGKILL))
    found = list(in_batches(kind, 0, range(2), tmp_path))
    assert [fault.what for fault in found] == ["its process ended (-9)"] * 2


def test_a_folder_with_the_beginning_of_a_first_file_alone_is_new(tmp_path: Path) -> None:
    """A run that is killed while it writes its marker could not be started again."""
    (tmp_path / ".part-0123abcd.json").write_text("{")
    assert TEMPORARY.fullmatch(".part-0123abcd.json") and is_new(tmp_path)
    (tmp_path / "letter.txt").write_text("mine")
    assert not is_new(tmp_path)
