"""What a run says at its end fits the terminal that it is said in."""

from pathlib import Path

import example
import pytest

from vestry.cli.summary import summary

NAMES = ("A dense network with a long name, 1", "A dense network with a long name, 2", "Forest")
PAGE = Path("runs/a/report.html")


@pytest.mark.parametrize("columns", [60, 80, 100, 120])
def test_no_line_but_the_pages_path_is_longer_than_the_terminal(columns: int) -> None:
    plan = example.Plan(
        strengths=dict(zip(NAMES, (2.6, 2.55, 2.0), strict=True)),
        networks=NAMES[:2],
        committee=NAMES[:2],
    )
    results = example.typed(example.build(plan)[0])
    lines = summary(results, PAGE, False, columns).splitlines()
    assert [line for line in lines if len(line) > columns] == []
    assert lines[-1] == f"Report: {PAGE}"
    # Every name is told from the others, whatever was left out of it, and every standing is said.
    starts = [line for line in lines if line.lstrip()[:2] in ("1.", "2.", "3.", "4.")]
    assert len({start.split("  ")[1] for start in starts}) == 4
    whole = summary(results, PAGE, False)
    assert " ".join(" ".join(lines).split()).count("significantly") == whole.count("significantly")


def test_where_no_terminal_is_nothing_is_broken_or_shortened() -> None:
    plan = example.Plan(strengths=dict.fromkeys(NAMES, 2.0), networks=(), committee=())
    text = summary(example.typed(example.build(plan)[0]), PAGE, False)
    assert all(name in text for name in NAMES)
