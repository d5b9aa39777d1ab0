"""`vestry compare` as a user runs it: two small runs, one page; and what it refuses, and why."""

import json
import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest

from studies_at_hand import SMALL_STUDY, with_everything
from vestry.data.paths import DataPaths
from vestry.errors import DataError, StudyError, VestryError
from vestry.pipeline.compare import compare_runs
from vestry.pipeline.progress import Silence
from vestry.predictions.table import load_table
from vestry.schema.base import FORMAT

OTHER_STUDY = with_everything(SMALL_STUDY).replace("epochs = 2", "epochs = 6")
OTHER_STUDY = OTHER_STUDY.split("[[committee]]")[0] + (
    '[[member]]\nname = "Tree"\nestimator = "sklearn.tree.DecisionTreeClassifier"\n'
)

NAMES = ("small", "other")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, vestry, finished_run):
    """`runs/small` and `runs/other`: a network trained longer, a tree more, a committee less."""
    made = tmp_path_factory.mktemp("compared")
    (made / "other.toml").write_text(OTHER_STUDY)
    done = vestry("run", "other.toml", "--quiet", cwd=made, env=looks(made))
    assert done.returncode == 0, done.stderr
    shutil.copytree(finished_run, made / "runs" / "small")
    return made


@pytest.fixture
def originals(folder):
    return [folder / "runs" / name for name in NAMES]


@pytest.fixture
def copies(originals, tmp_path):
    """Both runs again, to be altered."""
    for run in originals:
        shutil.copytree(run, tmp_path / "runs" / run.name)
    return [tmp_path / "runs" / name for name in NAMES]


def looks(folder):
    return {"VESTRY_LOOKS": str(folder / "looks")}


def compared(paths, place):
    """What the runs come to; the page is written in the folder `place`, or is that file."""
    page = place / "compare.html" if place.is_dir() else place
    places = replace(DataPaths.of(), looks=page.parent / "looks")
    return compare_runs(paths, places, page, Silence()).results.as_json()


def alter(run, change):
    results = json.loads((run / "results.json").read_text())
    change(results)
    (run / "results.json").write_text(json.dumps(results))


def rewrite_tables(run, change, names=("test",)):
    for name in names:
        for path in run.glob(f"*/*/{name}.npz"):
            change(load_table(path)).save(path)


def accuracies(results):
    return {row["label"]: row["accuracy"] for row in results["ranking"]}


def test_two_runs_on_one_page(folder, vestry):
    done = vestry("compare", "runs/small", "runs/other", cwd=folder, env=looks(folder))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "compare.html"
    assert "small / Net" in done.stdout and "other / Tree" in done.stdout
    results = json.loads((folder / "compare.json").read_text())
    assert results["ordered_by"] == "validation" and results["rows"] == 359
    stored = {
        f"{run} / {name}": entry["scores"]["test"]["accuracy"]
        for run in ("small", "other")
        for kind in ("members", "committees")
        for name, entry in json.loads((folder / "runs" / run / "results.json").read_text())[
            kind
        ].items()
    }
    assert accuracies(results) == pytest.approx(stored)
    page = (folder / "compare.html").read_text()
    for words in (
        "small and other compared",
        "1 setting and 2 models differ between the runs",
        "The same answer to every image: other / Linear and small / Linear.",
        "One ranking of all models, by validation accuracy",
    ):
        assert words in page, words
    tables = json.loads(page.split('id="tables">')[1].split("</script>")[0])
    assert tables["changes"]["rows"] == [
        ["epochs", "Net", "2", "6"],
        ["committee", "Both", "yes", "no"],
        ["member", "Tree", "no", "yes"],
    ]
    assert results["changes"]["settings"] == [{"key": "epochs", "values": [2, 6], "of": ["Net"]}]
    assert results["test_looks"]["comparisons"] == 2, "the other run, and this"
    assert str(folder) not in page


def test_pairs_are_the_best_and_the_namesakes(originals, tmp_path):
    results = compared(originals, tmp_path)
    pairs = {
        (pair["one"]["label"], pair["other"]["label"]): pair for pair in results["tests"]["pairs"]
    }
    assert {("other / Net", "small / Net"), ("other / Linear", "small / Linear")} <= set(pairs)
    assert sum(pair["both_best"] for pair in pairs.values()) == 1
    assert results["tests"]["family"] == 15
    twins = pairs["other / Linear", "small / Linear"]
    assert (twins["alike"], twins["p"], twins["told_apart"]) == (359, 1.0, False)


def test_json_quiet_and_another_page(originals, tmp_path, vestry):
    page, runs = tmp_path / "pages" / "page.html", originals
    done = vestry(
        "compare", *runs, "--out", page, "--json", "-q", cwd=tmp_path, env=looks(tmp_path)
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    said = json.loads(done.stdout)
    assert said["page"] == str(page) and page.is_file() and page.with_suffix(".json").is_file()
    assert len(said["ranking"]) == 6
    compared(runs, page)  # takes the place of its own page


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names of files are text")
def test_a_folder_whose_name_is_no_text_is_compared(copies, tmp_path):
    odd = copies[0].rename(copies[0].with_name("caf\udce9"))
    compared([odd, copies[1]], tmp_path)
    assert "caf\\udce9 / Net" in (tmp_path / "compare.html").read_text()


def test_rows_are_joined_by_id(originals, copies, tmp_path):
    """The same rows in another order: nothing changes, where joining by position would."""
    plain = compared(originals, tmp_path)
    order = np.random.default_rng(0).permutation(359)

    def shuffled(table):
        return replace(table, ids=table.ids[order], probabilities=table.probabilities[order])

    rewrite_tables(copies[1], shuffled)
    found = compared(copies, tmp_path)
    assert found["ranking"] == plain["ranking"]
    assert found["tests"] == plain["tests"]


def test_runs_of_one_name_and_makers_of_one_name(copies, tmp_path):
    moved = tmp_path / "again" / "small"
    shutil.copytree(copies[0], moved)
    results = compared([copies[0], moved], tmp_path)
    assert [run["name"] for run in results["runs"]] == ["runs/small", "again/small"]
    labels = [row["label"] for row in results["ranking"]]
    assert len(set(labels)) == 6 and "again/small / Net" in labels
    assert all(pair["alike"] == 359 for pair in results["tests"]["pairs"] if pair["same_name"])


def test_other_validation_rows_are_ordered_by_test_and_said_so(folder, tmp_path, vestry):
    head, _, linear = SMALL_STUDY.split("[[committee]]")[0].split("[[member]]")
    text = head.replace("fraction = 0.2", "fraction = 0.1") + "[[member]]" + linear
    (tmp_path / "tenth.toml").write_text(text)
    done = vestry("run", "tenth.toml", "-q", cwd=tmp_path, env=looks(tmp_path))
    assert done.returncode == 0, done.stderr
    runs = [folder / "runs" / "small", tmp_path / "runs" / "tenth"]
    results = compared(runs, tmp_path / "x.html")
    assert results["ordered_by"] == "test"
    assert results["ranking"][0]["accuracy"] == max(accuracies(results).values())
    page = (tmp_path / "x.html").read_text()
    assert "validated on different rows" in page and "by test accuracy" in page
    assert "data.validation.fraction" in page


def fewer_rows(run):
    rewrite_tables(run, lambda t: replace(t, ids=t.ids[:300], probabilities=t.probabilities[:300]))


def other_ids(run):
    rewrite_tables(run, lambda t: replace(t, ids=np.char.add("x", t.ids)))


def a_row_twice(run):
    rewrite_tables(run, lambda t: replace(t, ids=np.array([*t.ids[:-1], t.ids[0]])))


def other_classes(run):
    alter(run, lambda results: results["data"].update(classes=[*"abcdefghij"]))


def no_results(run):
    (run / "results.json").unlink()


def other_labels(run):
    """As if the labels had been changed after the run: its accuracy is no longer theirs."""

    def change(results):
        results["members"]["Net"]["scores"]["test"]["accuracy"] -= 0.1

    alter(run, change)


def other_data(run):
    alter(run, lambda results: results["data"].update(fingerprint="0" * 64))


def other_format(run):
    alter(run, lambda results: results.update(format=FORMAT + 1))


def damaged_table(run):
    (run / "members" / "Net" / "test.npz").write_bytes(b"PK")


def one_table_of_other_rows(run):
    path = run / "members" / "Net" / "test.npz"
    table = load_table(path)
    replace(table, ids=np.char.add("x", table.ids)).save(path)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (fewer_rows, "other: 300 test rows of digits, 300 of them with the id of one in small"),
        (other_ids, "other: 359 test rows of digits, 0 of them"),
        (a_row_twice, "not tested on the same rows"),
        (other_classes, "other: a, b, c"),
        (no_results, "has not been finished"),
        (other_labels, "labels or tables have changed"),
        (other_data, "digits is no longer what other was run on"),
        (other_format, f"has format {FORMAT + 1}; this version reads {FORMAT}"),
        (damaged_table, "not a whole probability table"),
        (one_table_of_other_rows, "other / Linear: its test table has other rows|not tested on"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_reason(copies, tmp_path, damage, words):
    damage(copies[1])
    with pytest.raises(VestryError, match=words):
        compared(copies, tmp_path)
    assert not (tmp_path / "compare.html").exists()


def test_a_refusal_on_the_command_line(copies, tmp_path, vestry):
    fewer_rows(copies[1])
    done = vestry("compare", *copies, cwd=tmp_path)
    assert done.returncode == 2 and "Traceback" not in done.stderr and not done.stdout
    assert "vestry:   small: 359 test rows of digits" in done.stderr
    assert not (tmp_path / "compare.html").exists()


def test_wrong_arguments(copies, tmp_path):
    with pytest.raises(StudyError, match="given twice"):
        compared([*copies, copies[0]], tmp_path)
    with pytest.raises(StudyError, match="two run folders or more"):
        compared(copies[:1], tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(StudyError, match=r"empty is not the folder of a finished run: it holds no"):
        compared([copies[0], tmp_path / "empty"], tmp_path)
    with pytest.raises(StudyError, match=r"ends in \.html"):
        compared(copies, tmp_path / "page.pdf")


def test_no_other_file_is_replaced(copies, tmp_path):
    page = tmp_path / "mine.html"
    page.write_text("<title>mine</title>")
    with pytest.raises(StudyError, match="is no comparison of runs"):
        compared(copies, page)
    page.unlink()
    (tmp_path / "mine.json").write_text("{}")
    with pytest.raises(StudyError, match="is no comparison of runs"):
        compared(copies, page)
    with pytest.raises(StudyError, match="lies among the files of the run"):
        compared(copies, copies[0] / "report.html")


def test_a_refused_comparison_does_not_look_at_the_labels(copies, tmp_path):
    fewer_rows(copies[1])
    with pytest.raises(StudyError):
        compared(copies, tmp_path)
    assert not (tmp_path / "looks").exists()


def test_data_that_is_gone_is_said(copies, tmp_path):
    alter(copies[0], lambda results: results["data"].update(used="npz:nowhere.npz"))
    with pytest.raises(DataError, match=r"the data of small is needed again: .*nowhere"):
        compared(copies, tmp_path)


BY_SCORE = """
title = "By score"
[data]
source = "digits"
training_rows = {{ count = 300 }}
validation = {{ fraction = 0.3 }}
[exploration]
skip = true
[explanation]
skip = true
[robustness]
skip = true
[decision]
score = "{score}"
[[model]]
name = "{name}"
estimator = "sklearn.tree.DecisionTreeClassifier"
params = {{ max_depth = {depth} }}
"""


@pytest.fixture(scope="module")
def by_score(tmp_path_factory, vestry):
    """`one` and `two` by balanced accuracy, `loss` by log loss."""
    made = tmp_path_factory.mktemp("by-score")
    for name, score, depth in [
        ("one", "balanced_accuracy", 3),
        ("two", "balanced_accuracy", 8),
        ("loss", "log_loss", 8),
    ]:
        study = BY_SCORE.format(name=f"Tree of {depth}", score=score, depth=depth)
        (made / f"{name}.toml").write_text(study)
        done = vestry("run", f"{name}.toml", "--quiet", cwd=made, env=looks(made))
        assert done.returncode == 0, done.stderr
    return made


def test_runs_that_share_a_score_are_ordered_by_it(by_score, vestry):
    done = vestry("compare", "runs/one", "runs/two", cwd=by_score, env=looks(by_score))
    assert done.returncode == 0, done.stderr
    found = json.loads((by_score / "compare.json").read_text())
    figures = [row["by_score"]["validation"] for row in found["ranking"]]
    assert found["score"]["name"] == "balanced_accuracy"
    assert figures == sorted(figures, reverse=True)
    first, second = found["ranking"]
    assert first["label"] == "two / Tree of 8" and second["on_test"]["mark"] == "behind"
    gap = second["by_score"]["test"] - first["by_score"]["test"]
    assert second["on_test"]["difference"] == pytest.approx(gap)
    assert "by validation balanced accuracy" in done.stdout
    assert f"{first['by_score']['test']:.1%}" in done.stdout
    assert "has the highest balanced accuracy on the validation rows" in done.stdout
    assert "tests of pairs are of accuracy" in done.stdout
    page = (by_score / "compare.html").read_text()
    assert "by validation balanced accuracy" in page and "Balanced accuracy, test" in page


def test_runs_of_different_scores_are_ordered_by_accuracy_and_told_why(by_score, vestry):
    out = ("--out", "differ.html")
    done = vestry("compare", "runs/one", "runs/loss", *out, cwd=by_score, env=looks(by_score))
    assert done.returncode == 0, done.stderr
    assert json.loads((by_score / "differ.json").read_text())["score"] is None
    assert "by validation accuracy" in done.stdout
    said = "(one by balanced accuracy; loss by log loss), so the order here is by accuracy"
    assert said in done.stdout and said in (by_score / "differ.html").read_text()
