"""`vestry judge`: tables alone, as a user hands them over."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest

from made_tables import Tables, write_csv
from vestry.errors import VestryError
from vestry.pipeline.judge import JudgedFiles, judge
from vestry.schema.reading import read_results
from vestry.storage.run_folder import RunFolder
from vestry.study.judge_settings import read_settings


def judged(folder, truth, predictions, costs=None, committees=(), settings=()):
    run = RunFolder(folder / "out")
    files = JudgedFiles(truth, predictions, costs)
    asked = read_settings("planted", committees, settings)
    results = judge(files, asked, folder / "looks", run, lambda event: None).results
    assert read_results(run.results).as_json() == results.as_json()
    return results, run.report.read_text()


def test_a_page_and_results_are_made_of_tables_alone(tmp_path, vestry):
    tables = Tables(tmp_path, 300, 3)
    tables.truth()
    first = tables.npz("first", tables.probabilities("noisy", 1))
    tables.csv("second", tables.probabilities("noisy", 2))
    for seed in (0, 1):
        tables.npz(f"seeded@{seed}", tables.probabilities("noisy", 10 + seed))
    tables.label_csv("labels", tables.probabilities("noisy", 3))
    write_csv(
        tmp_path / "costs.csv",
        ["name", "ms", "mb", "fit_seconds"],
        [["first", 2.5, 1, 60], ["second", 1, 2, ""]],
    )
    done = vestry(
        *("judge", "truth.csv", first, "second.csv", "seeded@0.npz", "seeded@1.npz", "labels.csv"),
        *("--costs", "costs.csv", "--committee", "Both=mean:first,second", "--json", "--quiet"),
        cwd=tmp_path,
        env={"VESTRY_LOOKS": str(tmp_path / "looks")},
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert {row["name"] for row in said["ranking"]} >= {"first", "second", "seeded", "labels"}
    results = json.loads((tmp_path / "runs/truth/results.json").read_text())
    assert set(results["members"]) == {"first", "second", "seeded", "labels"}
    assert results["committees"]["Both"]["cost"]["latency"]["median_ms"] == 3.5
    assert results["members"]["first"]["cost"]["bytes"] == 1_000_000
    assert results["members"]["second"]["fit_seconds"] is None
    assert [each["seed"] for each in results["members"]["seeded"]["seeds"]] == [0, 1]
    assert "training" not in results["data"]["splits"]
    assert results["test_looks"]["comparisons"] == 1
    page = (tmp_path / "runs/truth/report.html").read_text()
    assert "Judged from tables alone" in page
    assert "vestry export" not in page, "there is nothing to export"
    again = vestry("report", "runs/truth", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    for command in (["export", "runs/truth"], ["compare", "runs/truth", "runs/truth/."]):
        refused = vestry(*command, cwd=tmp_path)
        assert refused.returncode == 2 and "Traceback" not in refused.stderr, refused.stderr


def test_nothing_heavy_is_imported(tmp_path):
    tables = Tables(tmp_path, 40, 2)
    files = [tables.truth(), tables.npz("one", tables.probabilities("noisy"))]
    code = (
        "import sys; from vestry.cli.app import app;"
        f"app(['judge', {str(files[0])!r}, {str(files[1])!r}, '--out', {str(tmp_path / 'o')!r}],"
        "standalone_mode=False);"
        "print([name for name in ('torch', 'onnx', 'onnxruntime') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


KINDS = ["noisy", "noisy", "perfect", "wrong", "constant", "uniform", "unsure"]


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("rows", [10, 40])
@pytest.mark.parametrize(
    "kinds", [KINDS, ["perfect"], ["constant", "constant"], ["wrong", "wrong"]]
)
def test_planted_tables_of_any_kind_are_judged(tmp_path, rows, classes, kinds):
    tables = Tables(tmp_path, rows, classes, absent=classes - 2)
    truth = tables.truth()
    files = [
        tables.npz(f"{kind} {number}", tables.probabilities(kind, number))
        for number, kind in enumerate(kinds)
    ]
    results, page = judged(tmp_path, truth, files)
    assert set(results.members) == {path.stem for path in files}
    for name, entry in results.members.items():
        if name.startswith("perfect"):
            assert entry.scores.test.accuracy == 1.0
    assert not re.search(
        r"\b(nan|inf|None)\b", re.sub(r"<(script|style).*?</\1>", "", page, flags=re.S)
    )


def test_labels_alone_have_no_log_loss_calibration_or_abstention(tmp_path):
    tables = Tables(tmp_path, 200, 4)
    files = [
        tables.label_csv("labels", tables.probabilities("noisy", 1)),
        tables.npz("sure", tables.probabilities("noisy", 2)),
    ]
    results, page = judged(tmp_path, tables.truth(), files)
    entry = results.members["labels"]
    assert entry.calibration is None and entry.abstention is None and not entry.mistakes.hardest
    assert set(entry.scores.test.numbers) < set(results.members["sure"].scores.test.numbers)
    for score in ("log_loss", "brier", "ece"):
        assert score not in entry.scores.test.numbers
        assert entry.intervals.test[score] is None
    assert results.doubts.test.panel == ["sure"]
    assert "labels gave labels without probabilities" in page


def test_another_truth_does_not_take_the_folder(tmp_path):
    tables = Tables(tmp_path, 40, 2)
    model = tables.npz("one", tables.probabilities("noisy"))
    judged(tmp_path, tables.truth(), [model])
    before = (tmp_path / "out/results.json").read_bytes()
    with pytest.raises(VestryError, match="another study"):
        judged(tmp_path, tables.truth("other.csv"), [model])
    (tmp_path / "own").mkdir()
    (tmp_path / "own/results.json").write_text("mine")
    with pytest.raises(VestryError, match="other files"):
        files = JudgedFiles(tables.truth(), [model])
        judge(
            files,
            read_settings("t", (), ()),
            tmp_path / "looks",
            RunFolder(tmp_path / "own"),
            print,
        )
    assert (tmp_path / "out/results.json").read_bytes() == before


def test_groups_on_both_sides_are_said(tmp_path):
    tables = Tables(tmp_path, 40, 2)
    truth = tables.truth(group=[f"patient {number // 4}" for number in range(40)])
    results, _ = judged(tmp_path, truth, [tables.npz("one", tables.probabilities("noisy"))])
    said = " ".join(notice.text for notice in results.notices)
    assert "10 of 10 groups have rows in validation and in test" in said
    assert "too narrow" in said


def test_classes_may_be_named_by_the_truth_and_labels_be_numbers(tmp_path):
    tables = Tables(tmp_path, 60, 3)
    np.savez(
        tmp_path / "truth.npz",
        ids=np.array(tables.ids),
        labels=tables.labels,
        splits=np.array(tables.splits),
        classes=np.array(tables.names),
    )
    rows = zip(tables.ids, tables.labels.tolist(), strict=True)
    numbers = write_csv(tmp_path / "numbers.csv", ["id", "label"], rows)
    results, _ = judged(tmp_path, tmp_path / "truth.npz", [numbers])
    assert results.members["numbers"].scores.test.accuracy == 1.0
    assert "taken as places" in results.members["numbers"].warnings[0]


WRONG = {
    "missing": ("no prediction for 1 of 40 rows", lambda ids, p: (ids[1:], p[1:])),
    "twice": ("more than once", lambda ids, p: ([ids[1], *ids[1:]], p)),
    "other": ("none of the 40 rows", lambda ids, p: ([f"x{i}" for i in ids], p)),
    "logits": ("is no probability", lambda ids, p: (ids, np.log(p))),
    "halves": ("sum to 0.5", lambda ids, p: (ids, p / 2)),
    "nan": ("NaN", lambda ids, p: (ids, np.where(p == p.max(), np.nan, p))),
    "half a character": ("half a character", lambda ids, p: (["a\ud83d", *ids[1:]], p)),
    "short": ("ids and", lambda ids, p: (ids[1:], p)),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_table_is_refused_with_what_is_wrong(tmp_path, case):
    tables = Tables(tmp_path, 40, 3)
    said, change = WRONG[case]
    ids, values = change(tables.ids, tables.probabilities("noisy"))
    path = tmp_path / "wrong.npz"
    np.savez(path, ids=np.array(ids), classes=np.array(tables.names), probabilities=values)
    with pytest.raises(VestryError, match=said) as caught:
        judged(tmp_path, tables.truth(), [path])
    assert str(path) in str(caught.value)
    assert not (tmp_path / "out/results.json").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "empty"),
        ("id,label\n", "no `split`"),
        ("id,label,split\na,x,later\n", "split 'later'"),
        ("id,label,split\na,x,test\n", "no validation rows"),
        ("id,label,split\na,x,test\na,y,validation\n", "more than once"),
        ("id,label,split\na,x\n", "line 2 has 2 cells"),
        ("id,label,split\na,,test\nb,x,validation\n", "empty id or label"),
        ("id,id,split\n", "two columns"),
    ],
)
def test_a_wrong_truth_is_refused(tmp_path, content, said):
    tables = Tables(tmp_path, 10, 2)
    path = tmp_path / "wrong.csv"
    path.write_text(content)
    with pytest.raises(VestryError, match=said):
        judged(tmp_path, path, [tables.npz("one", tables.probabilities("noisy"))])


def test_wrong_costs_and_committees_are_refused(tmp_path):
    tables = Tables(tmp_path, 20, 2)
    truth, model = tables.truth(), tables.npz("one", tables.probabilities("noisy"))
    for row, said in (
        (["two", 1], "of 'two'"),
        (["one", -1], "from 0 to 1e12"),
        (["one", "x"], "'x'"),
    ):
        costs = write_csv(tmp_path / "costs.csv", ["name", "ms"], [row])
        with pytest.raises(VestryError, match=said):
            judged(tmp_path, truth, [model], costs)
    with pytest.raises(VestryError, match="NAME=RULE"):
        judged(tmp_path, truth, [model], committees=["one,two"])
    with pytest.raises(VestryError, match="within"):
        judged(tmp_path, truth, [model], settings=["decision.within=much"])


def test_neither_page_nor_results_grow_with_the_rows(tmp_path):
    sizes = []
    for rows in (5000, 25_000):
        folder = tmp_path / str(rows)
        folder.mkdir()
        tables = Tables(folder, rows, 4)
        truth = tables.truth()
        given = [
            tables.npz(f"model-{seed}", tables.probabilities("noisy", seed)) for seed in (1, 2)
        ]
        _, page = judged(folder, truth, given)
        sizes.append((len(page), (folder / "out" / "results.json").stat().st_size))
    (page, results), (larger_page, larger_results) = sizes
    assert larger_page < 1.1 * page
    assert larger_results < 1.1 * results
