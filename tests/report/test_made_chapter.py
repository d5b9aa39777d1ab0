"""How a run was made: nothing that was noted is lost, and its commands work where a reader is."""

import json
import re
from typing import Any

import example
import pytest
from example import typed
from test_page import Reader

from vestry.report.contents import openings, page_data
from vestry.report.page import render
from vestry.report.sections.notices import notices_data
from vestry.report.sections.reproduce import reproduce
from vestry.report.table import as_csv


def page(results: dict[str, Any], run: str = "runs/x") -> str:
    _, images = example.build()
    return render(typed(results), images["ids"].tolist(), images["images"], run)


def opening(results: dict[str, Any]) -> Any:
    whole = typed(results)
    found = openings(whole, page_data(whole))
    return next(opened for chapter, opened in found if chapter.key == "made")


@pytest.fixture
def noted(results: dict[str, Any]) -> dict[str, Any]:
    results["notices"] = [
        {"level": "note", "text": "A note of <some> length."},
        {"level": "warning", "text": "A warning."},
    ]
    results["failures"] = [
        {"name": "Broken", "seed": 3, "reason": "no memory", "details": "Trace\nback"}
    ]
    return results


def test_the_heading_tells_the_time_and_the_uses_of_the_test_set(results: dict[str, Any]) -> None:
    results["seconds"]["total"] = 111.0
    results["environment"]["cores_used"] = 2
    results["test_looks"] |= {"comparisons": 3}
    heading = opening(results).heading
    assert heading == "Made in 1 min 51 s on 2 cores; the test set was used 3 times"
    results["test_looks"] |= {"comparisons": 1}
    assert opening(results).heading.endswith("; the test set was used once")


def test_every_note_warning_and_failure_is_listed_with_its_details(noted: dict[str, Any]) -> None:
    assert opening(noted).sentences[-1] == (
        "1 failure, 1 warning and 1 note of the run are listed below."
    )
    words = Reader(page(noted)).words
    for text in ("A note of <some> length.", "A warning.", "Broken", "no memory", "Trace back"):
        assert text in words
    notices, failures = notices_data(typed(noted)).tables
    assert as_csv(notices).splitlines()[1:] == [
        "warning,A warning.",
        "note,A note of <some> length.",
    ]
    assert failures.rows == (("Broken", 3, "no memory", "Trace\nback"),)
    noted["notices"] = noted["failures"] = []
    assert notices_data(typed(noted)) is None and 'id="notices"' not in page(noted)


def test_the_study_stands_on_the_page_to_be_copied(results: dict[str, Any]) -> None:
    text = page(results)
    (shown,) = re.findall(r'<pre id="study-text">(.*?)</pre>', text, re.DOTALL)
    assert 'data-copy-from="study-text"' in text
    assert Reader(f"<pre>{shown}</pre>").text == [results["study"]["text"]]


def test_commands_name_nobodys_folders(results: dict[str, Any]) -> None:
    results["study"]["file"] = "/home/someone/my study.toml"
    assert reproduce(typed(results)).file == "'my study.toml'"
    text = page(results, "x")
    assert "someone" not in text
    assert "vestry run &#39;my study.toml&#39;" in text and "vestry report x" in text
    results["study"]["file"] = "studies/a.toml"
    assert "vestry run studies/a.toml" in page(results)


def test_each_model_has_its_recipe_and_each_time_its_bar(results: dict[str, Any]) -> None:
    text = page(results)
    found = page_data(typed(results)).recipes
    assert [recipe.model.name for recipe in found.recipes] == [
        *results["members"],
        *results["committees"],
    ]
    for recipe in found.recipes:
        assert f'id="recipe-{recipe.model.anchor}"' in text
    times = {name: entry["fit_seconds"] for name, entry in results["members"].items()}
    drawn = dict(found.times.data.rows)
    assert {name: drawn[name] for name in times} == times
    stored = json.loads(text.split('id="tables">')[1].split("</script>")[0])
    assert stored["fit-times"]["rows"] == [list(row) for row in found.times.data.rows]
