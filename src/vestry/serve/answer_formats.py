"""Answers written down: lines for people, JSON, CSV, and the probability table."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vestry.errors import printable
from vestry.export.bundle import Bundle
from vestry.predictions.table import ProbabilityTable
from vestry.serve.answer import DIGITS, NamedAnswer
from vestry.storage.run_folder import write_text
from vestry.storage.spreadsheet_text import guarded

_SUFFIXES = (".csv", ".json", ".npz")
_WIDEST_NAME = 40
_NOT_SURE, _UNLIKE = "not sure", "unlike"
_YES_OR_NO = {None: "", True: "yes", False: "no"}
_BETWEEN = " | "
"""Between the classes of a set in a cell of CSV."""


class Lines:
    """A line an image, in columns as wide as names and classes need.

    The most probable class and its probability, `unlike` where the image is unlike the training
    images and `not sure` under the abstention threshold, the next two, and the set of classes that
    may be meant where it holds more than one. votes: below it, a line for each member.
    """

    def __init__(self, bundle: Bundle, names: Sequence[str], votes: bool) -> None:
        self.bundle, self.votes = bundle, votes
        self.name_width = min(max(map(len, names), default=0), _WIDEST_NAME)
        self.class_width = max(len(printable(name)) for name in bundle.classes)
        self.member_width = max((len(printable(name)) for name in bundle.members), default=0)

    def text(self, one: NamedAnswer) -> str:
        answer = one.answer
        (name, probability), *others = answer.top()
        doubt = _UNLIKE if answer.unlike else _NOT_SURE if answer.sure is False else ""
        rest = ", ".join(f"{printable(other)} {share:.1%}" for other, share in others)
        meant = answer.set_by("thresholds") if self.bundle.sets else []
        if len(meant) > 1:
            rest += f"; may be {', '.join(map(printable, meant))}"
        line = f"{one.name:<{self.name_width}}  {self._column(name, probability)}"
        lines = [f"{line}  {doubt:<{len(_NOT_SURE)}}  then {rest}" if self._may_doubt else
                 f"{line}  then {rest}"]  # fmt: skip
        lines += [f"    {warning}" for warning in one.prepared.warnings]
        if self.votes and self.bundle.is_committee:
            lines += self._vote_lines(one)
        return "\n".join(lines)

    @property
    def _may_doubt(self) -> bool:
        return self.bundle.threshold is not None or bool(self.bundle.novelty)

    def _column(self, name: str, probability: float) -> str:
        return f"{printable(name):<{self.class_width}} {probability:>6.1%}"

    def _vote_lines(self, one: NamedAnswer) -> list[str]:
        classes = self.bundle.classes
        return [
            f"    {printable(member):<{self.member_width}}  "
            f"{self._column(classes[int(row.argmax())], float(row.max()))}"
            for member, row in zip(self.bundle.members, one.answer.votes, strict=True)
        ]


def _facts(one: NamedAnswer, votes: bool) -> dict[str, Any]:
    """One answer for JSON."""
    return {
        "image": one.name,
        **one.answer.as_dict(votes),
        "prepared": one.prepared.words,
        "warnings": one.prepared.warnings,
    }


def json_line(one: NamedAnswer, votes: bool) -> str:
    return json.dumps(_facts(one, votes), ensure_ascii=False, allow_nan=False)


class Rows:
    """CSV: one row an image, one column of probabilities a class; with votes one a member, too.

    Columns of sets and of likeness are there where the file has thresholds for them.
    """

    def __init__(self, bundle: Bundle, votes: bool) -> None:
        self.bundle = bundle
        self.votes = votes and bundle.is_committee

    def header(self) -> str:
        names = ["image", "class", "confidence", "sure"]
        names += ["set", "set_by_class"] if self.bundle.sets else []
        names += ["unlike", "likeness"] if self.bundle.novelty else []
        names += [f"p({name})" for name in self.bundle.classes]
        return _row_text(
            names + ([f"vote({m})" for m in self.bundle.members] if self.votes else [])
        )

    def text(self, one: NamedAnswer) -> str:
        answer = one.answer
        cells = [one.name, answer.name, _rounded(answer.confidence), _YES_OR_NO[answer.sure]]
        if self.bundle.sets:
            cells += [_BETWEEN.join(answer.set_by(rule)) for rule in ("thresholds", "by_class")]
        if self.bundle.novelty:
            likeness = "" if answer.likeness is None else _rounded(answer.likeness)
            cells += [_YES_OR_NO[answer.unlike], likeness]
        cells += [_rounded(float(value)) for value in answer.probabilities]
        if self.votes:
            cells += [self.bundle.classes[int(row.argmax())] for row in answer.votes]
        return _row_text(cells)


def _rounded(value: float) -> str:
    return f"{value:.{DIGITS}f}"


def _row_text(cells: Sequence[str]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="").writerow([guarded(cell) for cell in cells])
    return stream.getvalue()


def write_answers(path: Path, bundle: Bundle, answers: Sequence[NamedAnswer], votes: bool) -> None:
    """Write all answers in the format that `path`'s suffix names, whole or not at all.

    `.json`: a list. `.csv`: see `Rows`. `.npz`: a probability table of the split `fresh`, the
    images' names for ids, which does not hold votes.
    """
    match path.suffix.lower():
        case ".json":
            found = [_facts(one, votes) for one in answers]
            write_text(
                path, json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
            )
        case ".csv":
            rows = Rows(bundle, votes)
            write_text(path, "\n".join([rows.header(), *map(rows.text, answers), ""]))
        case ".npz":
            _table(bundle, answers).save(path)
        case suffix:
            raise ValueError(f"answers are not written as {suffix}")


def _table(bundle: Bundle, answers: Sequence[NamedAnswer]) -> ProbabilityTable:
    return ProbabilityTable(
        ids=np.array([one.name for one in answers], dtype=str),
        classes=bundle.classes,
        probabilities=np.stack([one.answer.probabilities for one in answers]),
        maker=bundle.name,
        split="fresh",
    )
