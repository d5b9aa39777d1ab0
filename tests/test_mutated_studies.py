"""No study file, whatever is wrong in it, ends in a traceback."""

import random
from pathlib import Path

from mutated_studies import faults, mutated, originals, outcome

COUNT = 120


def test_studies_that_are_mutated_are_explained_and_never_a_traceback() -> None:
    first = random.SystemRandom().randrange(10**6)
    found = list(faults(COUNT, first))
    assert not found, "\n".join(f"{name}, seed {seed}\n{said}" for name, seed, said in found)


def test_what_is_mutated_was_right_and_most_of_it_no_longer_is(tmp_path: Path) -> None:
    studies = originals()
    assert len(studies) >= 20
    assert {outcome(text.encode(), tmp_path) for text in studies.values()} == {None}
    drawn = [(text, seed) for seed, text in enumerate([*studies.values()] * 5)]
    changed = [mutated(text, seed) != text.encode() for text, seed in drawn]
    assert sum(changed) > 0.8 * len(changed)


def test_a_traceback_would_be_told(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("mutated_studies.read_study", lambda path: 1 // 0)
    assert "ZeroDivisionError" in (outcome(b"", tmp_path) or "")
