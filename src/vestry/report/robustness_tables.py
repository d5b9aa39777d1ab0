"""The section on worse images in numbers: its tables, and who changes places."""

from dataclasses import dataclass
from typing import Any

from vestry.report.models import Model
from vestry.report.numbers import per_cent, whole, with_interval
from vestry.report.sentences import robustness as sentences


@dataclass(frozen=True)
class Table:
    """Rows are models; the first cell is the name."""

    title: str
    heads: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Change:
    """Two models that change places. altered: by kind, the differences of the first."""

    ahead: str
    behind: str
    rows: str
    clean: str
    altered: list[str]


def means(asked: list[Model], found: dict[str, Any]) -> Table:
    kinds = [kind["kind"] for kind in found["kinds"]]
    heads = ["Model", "Images", "As they are", "All kinds"]
    rows = []
    for model in asked:
        entry = found["makers"][model.name]
        cells = [model.name, whole(entry["rows"]), per_cent(entry["clean"])]
        cells.append(with_interval(entry["mean_area"], *entry["mean_area_interval"]))
        rows.append([*cells, *(per_cent(entry["area"][kind]) for kind in kinds)])
    title = "Mean accuracy over the five strengths"
    return Table(title, [*heads, *(sentences.TITLES[kind] for kind in kinds)], rows)


def strengths(asked: list[Model], found: dict[str, Any], kind: dict[str, Any]) -> Table:
    name = kind["kind"]
    heads = ["Model", "None", *(sentences.strength(name, value) for value in kind["strengths"])]
    rows = []
    for model in asked:
        entry = found["makers"][model.name]
        cells = zip(entry["accuracy"][name], entry["intervals"][name], strict=True)
        clean = with_interval(entry["clean"], *entry["clean_interval"])
        rows.append([model.name, clean, *(with_interval(v, *ends) for v, ends in cells)])
    return Table(sentences.TITLES[name], heads, rows)


def changes(found: dict[str, Any]) -> list[Change]:
    """One entry a pair; kinds in their order, all of them together last."""
    by_pair: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for change in found["changes"]:
        by_pair.setdefault((change["ahead"], change["behind"]), []).append(change)
    return [
        Change(
            ahead,
            behind,
            whole(each[0]["rows"]),
            sentences.clean_difference(each[0]),
            [f"{sentences.TITLES[c['kind']]} {sentences.difference(c['altered'])}" for c in each],
        )
        for (ahead, behind), each in by_pair.items()
    ]
