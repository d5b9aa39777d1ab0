"""The second waist: what is written and read is what the types of `vestry.schema` say."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import example
import example_search
import pytest
from pydantic import BaseModel, ValidationError
from typer.testing import CliRunner

from documented import ROOT
from vestry.cli.app import app
from vestry.errors import DataError
from vestry.schema import base
from vestry.schema.base import FORMAT, Record
from vestry.schema.exploration import ExplorationResults
from vestry.schema.reading import read_results
from vestry.schema.results import Results
from vestry.schema.run_comparison import RunComparison

KINDS = {"results": Results, "exploration": ExplorationResults, "comparison": RunComparison}


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    return example.build()[0]


def written(folder: Path, results: Any) -> Path:
    path = folder / "results.json"
    path.write_text(json.dumps(results), encoding="utf-8")
    return path


def maker() -> ModuleType:
    place = importlib.util.spec_from_file_location("make_results", ROOT / "docs/make_results.py")
    assert place and place.loader
    module = importlib.util.module_from_spec(place)
    place.loader.exec_module(module)
    return module


def test_what_is_read_is_written_again_to_the_byte(tmp_path: Path, results: dict[str, Any]) -> None:
    found = read_results(written(tmp_path, results))
    again = read_results(written(tmp_path, found.as_json()))
    assert found == again
    assert found.as_json() == json.loads(json.dumps(results))


@pytest.mark.parametrize("kind", ["study", *KINDS])
def test_each_schema_is_printed(kind: str) -> None:
    done = CliRunner().invoke(app, ["schema", kind])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["properties"]
    if kind in KINDS:
        assert json.loads(done.stdout) == KINDS[kind].model_json_schema()


def test_a_study_s_schema_is_printed_where_nothing_is_named() -> None:
    plain, named = (CliRunner().invoke(app, ["schema", *kind]).stdout for kind in ([], ["study"]))
    assert plain == named


def records(kind: type[BaseModel]) -> list[type[BaseModel]]:
    own = kind.__subclasses__()
    return [*own, *(below for each in own for below in records(each))]


def test_every_key_has_a_meaning() -> None:
    kinds = [kind for kind in records(Record) if "[" not in kind.__name__]
    assert len(kinds) > 100
    for kind in kinds:
        assert kind.__doc__, kind
        for name, field in kind.model_fields.items():
            assert field.description, f"{kind.__name__}.{name}"


def test_the_document_is_made_from_the_types() -> None:
    assert (ROOT / "docs/results.md").read_text(encoding="utf-8") == maker().reference()


def test_the_document_names_every_module_of_types() -> None:
    folder = Path(base.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__", "outline", "reading"}
    assert modules == set(maker().PARTS)


@pytest.mark.parametrize("given", [FORMAT + 1, 0, None, "1", 1.5, [1]])
def test_another_format_is_refused_in_one_line_that_says_how_to_go_on(
    tmp_path: Path, results: dict[str, Any], given: Any
) -> None:
    with pytest.raises(DataError, match=r"has format .*`vestry run STUDY` makes it anew") as error:
        read_results(written(tmp_path, results | {"format": given}))
    assert "\n" not in str(error.value)


def test_a_key_that_is_missing_or_unknown_is_named(tmp_path: Path, results: dict[str, Any]) -> None:
    lacking = {key: value for key, value in results.items() if key != "ranking"}
    for changed, name in ((lacking, "ranking"), (results | {"tie_groups": []}, "tie_groups")):
        with pytest.raises(DataError, match=rf"\({name}: .*`vestry run STUDY`") as error:
            read_results(written(tmp_path, changed))
        assert "\n" not in str(error.value)


def test_the_made_up_runs_are_whole() -> None:
    """What the report's tests draw is what a run could have written."""
    for results in (example.build(example.study_b())[0], example_search.build()[0]):
        assert Results.model_validate(results).as_json() == json.loads(json.dumps(results))


def test_a_number_that_is_none_is_refused(results: dict[str, Any]) -> None:
    seconds = results["seconds"] | {"total": float("nan")}
    with pytest.raises(ValidationError, match="finite"):
        Results.model_validate(results | {"seconds": seconds})


def test_a_new_score_needs_no_new_type(results: dict[str, Any]) -> None:
    members = {
        name: entry | {"scores": {s: given | {"mcc": 0.5} for s, given in entry["scores"].items()}}
        for name, entry in results["members"].items()
    }
    found = Results.model_validate(results | {"members": members})
    assert all(member.scores.test.number("mcc") == 0.5 for member in found.members.values())


def test_records_do_not_change(results: dict[str, Any]) -> None:
    found = Results.model_validate(results)
    with pytest.raises(ValidationError, match="frozen"):
        found.title = "Another"  # type: ignore[misc]
