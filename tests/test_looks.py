"""How often a test set was looked at, as a user sees it: over runs, reruns and deleted files."""

import json

from studies_at_hand import SMALL_STUDY


def run(vestry, folder, *options):
    done = vestry("run", "small.toml", *options, cwd=folder, env=register(folder))
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "runs/small/results.json").read_text())["test_looks"]


def register(folder):
    return {"VESTRY_LOOKS": str(folder / "looks")}


def test_looks_are_counted_where_something_new_is_compared_and_nothing_resets_them(
    tmp_path, vestry
):
    (tmp_path / "small.toml").write_text(SMALL_STUDY)
    record, page = tmp_path / "runs/small/test_looks.jsonl", tmp_path / "runs/small/report.html"
    assert run(vestry, tmp_path)["comparisons"] == 1
    assert "once in this register" in page.read_text()
    assert run(vestry, tmp_path)["comparisons"] == 1, "nothing new was compared"
    (look,) = map(json.loads, record.read_text().splitlines())
    assert {"Net", "Linear", "Both"} == set(look["models"])

    record.unlink()
    changed = run(vestry, tmp_path, "--set", "votes.seed=7")
    assert (changed["comparisons"], changed["studies"], changed["of_this_study"]) == (2, 2, 1)
    assert "2 times in this register" in page.read_text()
    assert len(record.read_text().splitlines()) == 1
