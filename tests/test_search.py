"""Search, cross-validation and learning curves as a user runs them."""

import contextlib
import json
import random
import shutil
import subprocess

import numpy as np
import pytest

from studies_at_hand import SEARCH_STUDY
from test_run import results_of, true_labels, without_times
from vestry.predictions.table import load_table
from vestry.storage.tried import TRIALS, load_tried_trials


@pytest.fixture(scope="module")
def searched(tmp_path_factory, vestry):
    folder = tmp_path_factory.mktemp("searched")
    (folder / "searched.toml").write_text(SEARCH_STUDY)
    done = vestry("run", "searched.toml", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "runs" / "searched"


def test_trials_are_scored_on_validation_and_the_best_is_fitted_in_full(searched):
    entry = results_of(searched)["members"]["Tuned"]
    search = entry["search"]
    assert len(search["trials"]) == 8 and search["score"] == "accuracy"
    scores = [trial["score"] for trial in search["trials"] if trial["score"] is not None]
    assert search["best"]["score"] == max(scores)
    values = search["trials"][search["best"]["number"]]["values"]
    assert values == search["best"]["values"]
    assert [each["seed"] for each in entry["seeds"]] == [0, 1] and entry["over_seeds"]["test"][
        "accuracy"
    ]["deviation"] >= 0
    assert entry["training"]["epochs"] == 4  # the trials' budget of 3 was theirs alone
    assert entry["training"]["learning_rate"] == values["learning_rate"]
    assert f"conv {values['layers #1.conv']}" in entry["definition"][0]


def test_a_trial_can_be_fitted_again_and_gives_its_score(searched, vestry):
    """The trial's score is what a study of its own gives that member on validation rows."""
    entry = results_of(searched)["members"]["Neighbours"]
    trial = entry["search"]["trials"][0]
    study = searched.parent.parent / "again.toml"
    study.write_text(
        SEARCH_STUDY.split("[[member]]")[0]
        + '[[member]]\nname = "K"\nestimator = "sklearn.neighbors.KNeighborsClassifier"\n'
        + f"params = {{ n_neighbors = {trial['values']['params.n_neighbors']} }}\n"
    )
    assert vestry("run", study, cwd=study.parent).returncode == 0
    again = results_of(study.parent / "runs" / "again")["members"]["K"]
    assert again["scores"]["validation"]["accuracy"] == trial["score"]


def test_what_the_search_adds_to_the_validation_figure_is_said(searched):
    """Trials are kept with the rows they are right on, and the figure is quoted without their luck;
    the network is fitted with all rows and other seeds, the neighbours are the trial itself."""
    for name in ("Tuned", "Neighbours"):
        entry = results_of(searched)["members"][name]
        tried = load_tried_trials(searched / "members" / name / "search" / TRIALS)
        scored = {t["number"]: t["score"] for t in entry["search"]["trials"] if not t["reason"]}
        scored = {number: score for number, score in scored.items() if score is not None}
        shares = [trial.right[:, trial.taken].mean() for trial in tried.each]
        assert shares == pytest.approx(list(scored.values()))
        assert list(scored)[tried.taken] == entry["search"]["best"]["number"]
        found = entry["optimism"]
        assert found["early_stopping"] is None and 0 <= found["search"] < 0.1
        over = entry["over_seeds"]
        seen = (over or {"validation": {}})["validation"].get("accuracy", {}).get("mean")
        seen = entry["scores"]["validation"]["accuracy"] if seen is None else seen
        assert found["corrected"] == pytest.approx(seen - found["search"])
        row = next(row for row in results_of(searched)["ranking"] if row["name"] == name)
        assert row["validation_accuracy"] == found["corrected"]
    assert results_of(searched)["members"]["Tree"]["optimism"] is None


def test_edges_are_named(searched):
    search = results_of(searched)["members"]["Neighbours"]["search"]
    best = search["best"]["values"]["params.n_neighbors"]
    sides = {1: "low", 30: "high"}
    expected = (
        [{"parameter": "params.n_neighbors", "value": best, "side": sides[best]}]
        if best in sides
        else []
    )
    assert search["edges"] == expected


def test_every_fold_is_scored_on_its_own_held_out_rows(searched):
    entry = results_of(searched)["members"]["Net"]
    crossed = entry["cross_validation"]
    assert crossed["folds"] == 3 and crossed["reported_on"] == "test"
    split = json.loads((searched / "split.json").read_text())
    folder = searched / "members" / "Net"
    accuracies, seen = [], []
    for fold in (1, 2, 3):
        table = load_table(folder / f"fold-{fold}" / "held_out.npz")
        assert table.split == "training" and not (folder / f"fold-{fold}" / "test.npz").exists()
        accuracies.append(np.mean(table.labels == true_labels(table.ids)))
        seen += table.ids.tolist()
    assert crossed["scores"]["accuracy"]["values"] == pytest.approx(accuracies)
    assert len(seen) == len(set(seen)) == split["rows"]["training"] == crossed["rows"]
    whole = load_table(folder / "out_of_fold.npz")
    assert sorted(whole.ids.tolist()) == sorted(seen)
    accuracy = np.mean(whole.labels == true_labels(whole.ids))
    assert crossed["out_of_fold"]["scores"]["accuracy"] == pytest.approx(accuracy)
    assert entry["scores"]["test"]["accuracy"] > 0  # the ordinary fit is there, too


def test_a_committee_can_be_fitted_on_out_of_fold_tables(searched):
    entry = results_of(searched)["committees"]["Stacked"]
    assert entry["fitted_on"] == "out_of_fold"
    assert entry["scores"]["test"]["accuracy"] > 0.8


def test_a_learning_curve_has_every_size_and_seed(searched):
    entry = results_of(searched)["members"]["Tree"]
    curve = entry["learning_curve"]
    assert curve["images_per_class"] == [5, 20, 60] and curve["training_rows"] == [50, 200, 600]
    points = curve["test"]["accuracy"]
    assert [len(point["values"]) for point in points] == [2, 2, 2]
    assert points[0]["mean"] < points[2]["mean"]
    assert points[2]["values"][0] == entry["seeds"][0]["scores"]["test"]["accuracy"]
    assert points[2]["mean"] == pytest.approx(entry["scores"]["test"]["accuracy"])
    assert (searched / "members/Tree/images-5/seed-1/test.npz").is_file()


def test_the_whole_is_found_again_and_nothing_is_tried_twice(searched, vestry):
    before = results_of(searched)
    cards = {p: p.stat().st_mtime_ns for p in searched.glob("tasks/*/card.json")}
    done = vestry("run", "searched.toml", cwd=searched.parent.parent)
    assert done.returncode == 0, done.stderr
    assert {p: p.stat().st_mtime_ns for p in searched.glob("tasks/*/card.json")} == cards
    assert without_times(results_of(searched)) == without_times(before)


def test_a_search_that_is_killed_goes_on_and_ends_the_same(searched, tmp_path, vestry):
    (tmp_path / "searched.toml").write_text(SEARCH_STUDY)
    moments = random.Random(1)  # noqa: S311
    for _ in range(4):
        with contextlib.suppress(subprocess.TimeoutExpired):  # it is killed then
            vestry("run", "searched.toml", cwd=tmp_path, timeout=moments.uniform(0.5, 2))
    done = vestry("run", "searched.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    ended, calm = (
        without_times(results_of(run)) for run in (tmp_path / "runs" / "searched", searched)
    )
    assert ended == calm
    left = [p.name for p in tmp_path.rglob("*")]
    assert not [name for name in left if name.startswith(".part-") or "unfinished" in name]


def test_what_a_kill_between_end_and_cleaning_leaves_is_removed_by_the_next_run(
    searched, tmp_path, vestry
):
    run = shutil.copytree(searched, tmp_path / "searched", symlinks=True)
    done, asked = (
        run / "tasks" / name for name in (next((run / "tasks").iterdir()).name, "0" * 20)
    )
    for task in (done, asked):
        (task.parent / f"{task.name}.unfinished").mkdir()
    study = searched.parent.parent / "searched.toml"
    again = vestry("run", study, "--out", run, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    left = [path.name for path in (run / "tasks").glob("*.unfinished")]
    assert left == [f"{'0' * 20}.unfinished"]  # of what is not done, it is what to go on from


def test_a_search_in_which_nothing_works_fails_its_member_alone(tmp_path, vestry):
    study = tmp_path / "bad.toml"
    study.write_text(
        SEARCH_STUDY.split("[[member]]")[0]
        + '[[member]]\nname = "Tree"\nestimator = "sklearn.tree.DecisionTreeClassifier"\n'
        + '[[member]]\nname = "Lost"\nestimator = "sklearn.tree.DecisionTreeClassifier"\n'
        + "params = { max_depth = { choose = [-1, -2] } }\nsearch = { trials = 2 }\n"
    )
    done = vestry("run", study, cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    failures = results_of(tmp_path / "runs" / "bad")["failures"]
    assert [entry["name"] for entry in failures] == ["Lost"]
    assert "none of 2 trials came to a score" in failures[0]["reason"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("params = { max_depth = { choose = [1, 2] } }", "add search = { trials = 20 }"),
        ("search = { trials = 3 }", "nothing to search for"),
        (
            "params = { max_depth = { between = [5, 2] } }\nsearch = { trials = 3 }",
            "between takes a lower and a higher number",
        ),
        ("scale = { choose = ['unit', 'units'] }\nsearch = { trials = 3 }", "did you mean `unit`"),
        ("search = { trails = 3 }", "did you mean `trials`"),
        ("cross_validation = { folds = 1 }", "greater than or equal to 2"),
        ("images_per_class = [20, 5]", "rising numbers"),
        (
            "images_per_class = [5, 20]\ncross_validation = { folds = 3 }",
            "do not go together",
        ),
    ],
)
def test_what_is_wrong_is_said_before_any_work(tmp_path, vestry, line, said):
    study = tmp_path / "wrong.toml"
    study.write_text(
        SEARCH_STUDY.split("[[member]]")[0]
        + '[[member]]\nname = "Tree"\nestimator = "sklearn.tree.DecisionTreeClassifier"\n'
        + line
    )
    done = vestry("run", study, cwd=tmp_path)
    assert done.returncode == 2 and said in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "runs").exists()


def test_rows_that_lack_a_class_are_no_trial(tmp_path, vestry):
    text = SEARCH_STUDY.split("[[member]]")[0] + '[[member]]\nname = "Tree"\n'
    text += 'estimator = "sklearn.tree.DecisionTreeClassifier"\n'
    text += "params = { max_depth = { choose = [2, 3] } }\nsearch = { trials = 2, rows = 8 }\n"
    (tmp_path / "few.toml").write_text(text)
    done = vestry("run", "few.toml", cwd=tmp_path)
    assert done.returncode == 1
    assert "its 8 rows hold none of 0, 8; give search.rows a larger number" in done.stderr


def test_studies_that_come_before_are_run_first_and_found_again(tmp_path, vestry):
    plain = SEARCH_STUDY.split("[[member]]")[0]
    tree = '[[member]]\nname = "Tree"\nestimator = "sklearn.tree.DecisionTreeClassifier"\n'
    (tmp_path / "first.toml").write_text(plain + tree)
    second = plain.replace("[data]", 'after = ["first.toml"]\n[data]')
    (tmp_path / "second.toml").write_text(second + tree)
    done = vestry("run", "second.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "builds on first.toml" in done.stderr
    assert (tmp_path / "runs/first/results.json").is_file()
    assert (tmp_path / "runs/second/results.json").is_file()


def test_a_study_cannot_come_before_itself(tmp_path, vestry):
    plain = SEARCH_STUDY.split("[[member]]")[0]
    tree = '[[member]]\nname = "Tree"\nestimator = "sklearn.tree.DecisionTreeClassifier"\n'
    for name, before in (("a", "b"), ("b", "a")):
        text = plain.replace("[data]", f'after = ["{before}.toml"]\n[data]') + tree
        (tmp_path / f"{name}.toml").write_text(text)
    done = vestry("run", "a.toml", cwd=tmp_path)
    assert done.returncode == 2 and "leads back" in done.stderr
