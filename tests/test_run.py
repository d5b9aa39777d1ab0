"""`vestry run` as a user runs it, on a small study of the embedded digits."""

import json

import numpy as np
import pytest

from studies_at_hand import SMALL_STUDY
from vestry.predictions.scores import score
from vestry.predictions.table import load_table
from vestry.schema.reading import read_results


def results_of(run):
    return json.loads((run / "results.json").read_text())


def without_times(value):
    """Results without what two runs of the same study may differ in; see docs/results.md."""
    if isinstance(value, dict):
        left_out = {"created", "environment", "images_per_second", "milliseconds_per_image"}
        left_out |= {"test_looks"}  # counted across runs
        left_out |= {"cost", "costs", "decision"}  # what predicting took, and what follows from it
        return {
            key: without_times(part)
            for key, part in value.items()
            if key not in left_out and not key.endswith("seconds")
        }
    return [without_times(part) for part in value] if isinstance(value, list) else value


def test_it_leaves_every_file_that_the_design_names(finished_run):
    left = {str(p.relative_to(finished_run)) for p in finished_run.rglob("*") if p.is_file()}
    assert {
        "study.toml",
        "environment.json",
        "split.json",
        "results.json",
        "report.html",
        "figures/images.npz",
        "members/Net/card.json",
        "members/Net/history.csv",
        "members/Net/validation.npz",
        "members/Net/test.npz",
        "members/Net/weights.safetensors",
        "members/Linear/card.json",
        "members/Linear/model.onnx",
        "members/Linear/test.npz",
        "committees/Both/card.json",
        "committees/Both/validation.npz",
        "committees/Both/test.npz",
    } <= left
    assert not [name for name in left if ".part-" in name or ".unfinished" in name]
    assert not [name for name in left if name.endswith((".pkl", ".pickle", ".joblib", ".pt"))]


def test_its_results_are_what_the_schema_says_key_by_key(finished_run):
    path = finished_run / "results.json"
    typed = read_results(path).as_json()
    assert json.dumps(typed, indent=1, ensure_ascii=False) + "\n" == path.read_text()


def test_the_committees_scores_are_those_of_its_own_averaged_table(finished_run):
    results = results_of(finished_run)
    for split in ("validation", "test"):
        tables = {}
        for place in ("members/Net", "members/Linear", "committees/Both"):
            with np.load(finished_run / place / f"{split}.npz", allow_pickle=False) as file:
                tables[place] = dict(file)
        mean = (
            tables["members/Net"]["probabilities"].astype(float)
            + tables["members/Linear"]["probabilities"]
        ) / 2
        own = tables["committees/Both"]["probabilities"]
        assert np.abs(own - mean).max() < 1e-6
        truth = true_labels(tables["committees/Both"]["ids"])
        accuracy = (own.argmax(axis=1) == truth).mean()
        entry = results["committees"]["Both"]
        assert entry["scores"][split]["accuracy"] == pytest.approx(accuracy, abs=1e-12)
        members = [results["members"][name]["scores"][split] for name in ("Net", "Linear")]
        expected = np.mean([scores["accuracy"] for scores in members])
        assert entry["mean_of_members"][split]["accuracy"] == pytest.approx(expected)


def true_labels(ids):
    from vestry.data.sources import digits

    rows = digits.load().train
    known = dict(zip(rows.ids.tolist(), rows.labels.tolist(), strict=True))
    return np.array([known[str(name)] for name in ids])


def without_intervals(scores):
    per_class = {
        name: {key: value for key, value in facts.items() if not key.endswith("_interval")}
        for name, facts in scores["per_class"].items()
    }
    return scores | {"per_class": per_class}


def test_every_score_can_be_computed_again_from_the_tables(finished_run):
    results = results_of(finished_run)
    for name, entry in results["members"].items():
        with np.load(finished_run / "members" / name / "test.npz", allow_pickle=False) as file:
            classes = tuple(map(str, file["classes"]))
            again = score(file["probabilities"], true_labels(file["ids"]), classes)
        assert without_intervals(entry["scores"]["test"]) == again


def test_splits_share_no_row_and_split_json_gives_them_all(finished_run):
    from vestry.data.split_record import ids_of

    record = json.loads((finished_run / "split.json").read_text())
    ids = {name: ids_of(entries) for name, entries in record["ids"].items()}
    everything = [name for part in ids.values() for name in part]
    assert len(everything) == len(set(everything)) == 1797
    assert {name: len(part) for name, part in ids.items()} == record["rows"]


def test_a_second_run_fits_nothing_and_gives_the_same_results(finished_run, vestry):
    before = results_of(finished_run)
    cards = {p: p.stat().st_mtime_ns for p in finished_run.glob("tasks/*/card.json")}
    done = vestry("run", "small.toml", cwd=finished_run.parent.parent)
    assert done.returncode == 0
    assert "3 of 3 tasks found finished" in done.stderr
    assert {p: p.stat().st_mtime_ns for p in finished_run.glob("tasks/*/card.json")} == cards
    assert without_times(results_of(finished_run)) == without_times(before)


def test_the_page_can_be_drawn_again_from_the_run_alone(finished_run, vestry):
    before = (finished_run / "report.html").read_bytes()
    done = vestry("report", "runs/small", cwd=finished_run.parent.parent)
    assert done.returncode == 0 and done.stdout.strip().endswith("report.html")
    assert (finished_run / "report.html").read_bytes() == before


def test_the_page_s_path_is_the_last_line_and_json_is_json(finished_run, vestry):
    folder = finished_run.parent.parent
    plain = vestry("run", "small.toml", cwd=folder)
    assert plain.stdout.splitlines()[-1] == "Report: runs/small/report.html"
    found = json.loads(vestry("run", "small.toml", "--json", "-q", cwd=folder).stdout)
    assert found["report"] == "runs/small/report.html" and len(found["ranking"]) == 3


def test_a_renamed_member_is_not_fitted_again(small_study, vestry):
    folder = small_study.parent
    assert vestry("run", small_study, cwd=folder).returncode == 0
    small_study.write_text(SMALL_STUDY.replace('"Linear"', '"Ridge"'))
    done = vestry("run", small_study, cwd=folder)
    assert "2 of 2 tasks found finished" in done.stderr
    members = {p.name for p in (folder / "runs" / "small" / "members").iterdir()}
    assert members == {"Net", "Ridge"}
    table = load_table(folder / "runs" / "small" / "members" / "Ridge" / "test.npz")
    assert table.maker == "Ridge"
    assert {load_table(p).maker for p in folder.glob("runs/small/tasks/*/test.npz")} == {
        "Net",
        "Linear",
    }


def test_a_changed_setting_fits_only_its_own_member(small_study, vestry):
    folder = small_study.parent
    assert vestry("run", small_study, cwd=folder).returncode == 0
    done = vestry("run", small_study, "--set", "member.Linear.scale=standard", cwd=folder)
    assert "1 of 2 tasks found finished" in done.stderr
    back = vestry("run", small_study, cwd=folder)
    assert "2 of 2 tasks found finished" in back.stderr


def test_several_seeds_give_mean_deviation_and_their_own_folders(small_study, vestry):
    folder = small_study.parent
    done = vestry("run", small_study, "--set", "member.Net.seeds=[3, 5]", cwd=folder)
    assert done.returncode == 0, done.stderr
    results = results_of(folder / "runs" / "small")
    entry, both = results["members"]["Net"], results["committees"]["Both"]
    values = entry["over_seeds"]["test"]["accuracy"]["values"]
    assert [each["seed"] for each in entry["seeds"]] == [3, 5] and len(values) == 2
    assert entry["scores"]["test"]["accuracy"] == pytest.approx(np.mean(values))
    assert entry["over_seeds"]["test"]["accuracy"]["mean"] == pytest.approx(np.mean(values))
    assert (folder / "runs/small/members/Net/seed-5/test.npz").is_file()
    # The committee is made of each seed, with the member that has one in both.
    assert [each["seed"] for each in both["seeds"]] == [3, 5]
    assert (folder / "runs/small/committees/Both/seed-5/test.npz").is_file()
    assert "the committee of the first seeds" in " ".join(both["notes"])
    assert {tuple(pair["seeds"]) for pair in results["comparisons"]["pairs"]} <= {
        (2, 2), (1, 2), (2, 1)
    }  # fmt: skip
    done = vestry("run", small_study, "--set", "member.Net.seeds=[3]", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert not (folder / "runs/small/committees/Both/seed-5").exists()
    assert len(results_of(folder / "runs" / "small")["committees"]["Both"]["seeds"]) == 1


def test_a_member_that_fails_is_listed_and_the_others_go_on(small_study, vestry):
    folder = small_study.parent
    done = vestry(
        "run", small_study, "--set", "member.Linear.estimator=sklearn.svm.SVR", cwd=folder
    )
    assert done.returncode == 3
    assert "Linear failed: sklearn.svm.SVR is no classifier" in done.stdout
    results = results_of(folder / "runs" / "small")
    assert set(results["members"]) == {"Net"} and not results["committees"]
    assert [entry["name"] for entry in results["failures"]] == ["Linear", "Both"]
    assert "SVR is no classifier" in (folder / "runs/small/report.html").read_text()


def test_a_class_that_is_not_there_is_known_before_any_fit(small_study, vestry):
    folder = small_study.parent
    done = vestry(
        "run", small_study, "--set", "member.Linear.estimator=sklearn.svm.SVCC", cwd=folder
    )
    assert done.returncode == 2 and "did you mean `SVC`" in done.stderr
    assert not (folder / "runs" / "small" / "tasks").exists()


def test_a_member_that_outlasts_its_time_limit_is_listed(small_study, vestry):
    done = vestry(
        "run",
        small_study,
        "--set",
        "member.Net.epochs=100000",
        "--set",
        "member.Net.time_limit=4",
        cwd=small_study.parent,
    )
    assert done.returncode == 3 and "time limit of 4 s" in done.stdout


def test_what_was_cut_short_is_said_on_the_console_and_on_the_page(small_study, vestry):
    little = ("robustness.skip=false", "robustness.seconds=0.001", "training.epochs=1")
    settings = [part for setting in little for part in ("--set", setting)]
    done = vestry("run", small_study, *settings, cwd=small_study.parent)
    assert done.returncode == 0, done.stderr
    assert "Net: asked about 200 altered images: at" in done.stderr
    assert "than the 0.001 s that the study allows" in done.stderr
    page = (small_study.parent / "runs/small/report.html").read_text()
    assert "Fewer, the first of these: Net 200, Linear 200 and Both 200." in page


def test_nothing_is_written_over_where_no_member_can_be_fitted(small_study, vestry):
    folder = small_study.parent
    assert vestry("run", small_study, cwd=folder).returncode == 0
    kept = [folder / "runs/small" / name for name in ("results.json", "test_looks.jsonl")]
    before = [path.read_bytes() for path in kept]
    changes = ("member.Linear.estimator=sklearn.svm.SVR", "member.Net.time_limit=0.01")
    wrong = [part for change in changes for part in ("--set", change)]
    done = vestry("run", small_study, *wrong, "--set", "member.Net.epochs=9", cwd=folder)
    assert done.returncode == 1 and "no model could be fitted" in done.stderr
    assert [path.read_bytes() for path in kept] == before, "nothing written, nothing looked at"


def test_a_study_falls_back_loudly_where_the_data_is_missing(small_study, vestry, tmp_path):
    text = SMALL_STUDY.replace('source = "digits"', 'source = "idx:nowhere"\notherwise = "digits"')
    small_study.write_text(text)
    done = vestry("run", small_study, cwd=small_study.parent)
    assert done.returncode == 0, done.stderr
    assert "warning: not on idx:nowhere but on digits" in done.stderr
    results = results_of(small_study.parent / "runs" / "small")
    assert results["data"]["fell_back"] and results["data"]["used"] == "digits"
    assert results["notices"][0]["level"] == "warning"


def test_what_was_skipped_is_said_on_the_console_and_on_the_page(small_study, vestry):
    estimator = "member.Linear.estimator=sklearn.semi_supervised.LabelSpreading"
    done = vestry("run", small_study, "--set", estimator, cwd=small_study.parent)
    assert done.returncode == 0, done.stderr
    assert "Linear: not stored: LabelSpreading" in done.stderr
    run = small_study.parent / "runs" / "small"
    assert results_of(run)["members"]["Linear"]["stored"] is None
    assert "not stored: LabelSpreading" in (run / "report.html").read_text()


def test_a_folder_with_other_files_is_not_used(small_study, vestry, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    done = vestry("run", small_study, "--out", tmp_path / "mine")
    assert done.returncode == 2 and "holds other files" in done.stderr
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_a_reason_that_all_models_share_is_given_once(small_study, vestry):
    models = "".join(
        f'[[model]]\nname = "{name}"\nestimator = "sklearn.svm.SVR"\n' for name in ("One", "Two")
    )
    small_study.write_text(f'title = "T"\n[data]\nsource = "digits"\n{models}')
    done = vestry("run", small_study, "--quiet", cwd=small_study.parent)
    assert done.returncode == 1 and "(One, Two: " in done.stderr
    assert done.stderr.count("is no classifier") == 1
