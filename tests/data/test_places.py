import json
from pathlib import Path

import pytest

from vestry.data.paths import DataPaths
from vestry.errors import StudyError


def test_the_flag_goes_over_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VESTRY_DATA", str(tmp_path / "environment"))
    assert DataPaths.of().data == tmp_path / "environment"
    assert DataPaths.of(tmp_path / "flag").data == tmp_path / "flag"
    monkeypatch.setenv("VESTRY_DATA", "")
    assert DataPaths.of().data is None


def test_paths_start_from_the_study(tmp_path: Path) -> None:
    places = DataPaths.of(base=tmp_path)
    assert places.path("images") == tmp_path / "images"
    assert places.path(str(tmp_path.parent / "other")) == tmp_path.parent / "other"
    assert places.path("~/images") == Path.home() / "images"
    with pytest.raises(StudyError, match="no such home folder"):
        places.path("~nobody-of-this-name/images")


@pytest.mark.parametrize("hosts", [None, (), ("http://a/", "http://b/")])
@pytest.mark.parametrize("data", [None, Path("/data")])
def test_places_survive_json(hosts: tuple[str, ...] | None, data: Path | None) -> None:
    places = DataPaths(data=data, cache=Path("/cache"), base=Path("/study"), hosts=hosts)
    assert DataPaths.from_dict(json.loads(json.dumps(places.as_dict()))) == places
