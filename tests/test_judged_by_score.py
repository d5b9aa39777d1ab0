"""Whatever a study chooses by, its answer, its marks and its committees speak of that."""

import re

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from made_tables import Tables, write_csv
from vestry.cli.summary import summary
from vestry.pipeline.judge import JudgedFiles, judge
from vestry.storage.run_folder import RunFolder
from vestry.study.judge_settings import read_settings

ROWS = 1200
SENSITIVITY = "{ sensitivity_at_specificity = 0.8, positive = 'ill' }"


def answers(tables, ill, well, seed):
    """Of two classes: how sure it is of "ill" on images of either kind, about so much."""
    rng = np.random.default_rng(seed)
    is_ill = tables.labels == 1
    values = np.clip(rng.normal(np.where(is_ill, ill, well), 0.28), 0.01, 0.99)
    return np.stack([1 - values, values], axis=1)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """One in eight is ill. Blind is the most accurate, Finder finds the ill."""
    tables = Tables(tmp_path_factory.mktemp("planted"), ROWS, 2)
    tables.labels = (np.arange(ROWS) // 2 % 8 == 0).astype(int)
    tables.names = ["well", "ill"]
    files = [
        tables.npz("Blind", answers(tables, 0.35, 0.1, 1)),
        tables.npz("Finder", answers(tables, 0.8, 0.3, 2)),
        *(tables.npz(f"Seeded@{seed}", answers(tables, 0.6, 0.25, 10 + seed)) for seed in (0, 1)),
    ]
    names = ("Blind", "Finder", "Seeded")
    costs = tables.folder / "costs.csv"
    write_csv(costs, ["name", "ms", "mb"], [[name, 1, 1] for name in names])
    return tables, JudgedFiles(tables.truth(), files, costs)


@pytest.fixture(scope="module")
def judged(planted):
    """By score: results, page as plain text, console."""
    tables, files = planted
    found = {}

    def of(score):
        if score not in found:
            run = RunFolder(tables.folder / f"out-{len(found)}")
            asked = read_settings(
                "planted", ["Both=mean:Blind,Finder"], [f"decision.score={score}"]
            )
            done = judge(files, asked, tables.folder / "looks", run, lambda event: None)
            page = re.sub(r"<(script|style).*?</\1>", "", run.report.read_text(), flags=re.S)
            text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
            found[score] = done.results, text, summary(done.results, run.report, as_json=False)
        return found[score]

    return of


SCORES = ['"balanced_accuracy"', '"macro_f1"', '"roc_auc"', '"log_loss"', SENSITIVITY]


@pytest.mark.parametrize("score", SCORES)
def test_the_headline_and_its_reasons_speak_of_the_score(judged, score):
    results, page, _ = judged(score)
    words = results.score.words
    top = page[: re.search(r"leads? on validation", page).start()]
    fold = page[page.index("How this was decided") :]
    head = top + fold[: fold.index("The order, and what the test images say of it")]
    head = head[head.index("Ahead so far" if "Ahead so far" in head else "Recommended") :]
    first = next(row for row in results.ranking if row.name == results.decision.recommended)
    share = results.score.unit == "share"
    figure = f"{first.test_score:.1%}" if share else f"{first.test_score:.3f}"
    assert f"its {words} is {figure}" in head
    assert f"{words} " in head and "accurate" not in head and "right on" not in head
    second = re.search(r"Runner-up by the same rule: (.*?), ", head)
    assert second is None or words in head[second.end() : second.end() + len(words) + 10]
    assert results.best_of is None and "is the best of" not in page


def test_marks_are_of_the_score(judged):
    results, page, console = judged('"balanced_accuracy"')
    first, *others = results.ranking
    assert first.name == "Finder"
    blind = next(row for row in others if row.name == "Blind")
    assert blind.test_accuracy > first.test_accuracy, "or the two scores would agree"
    assert blind.on_test.mark == "behind" and blind.on_test.p_holm < 0.05
    assert blind.on_test.difference == pytest.approx(blind.test_score - first.test_score)
    assert re.search(r"Blind +\d+\.\d% +\d+\.\d% \(.* to .*\) +significantly behind", console)
    behind = re.search(r"On the same images ([^;.]*) (is|are) behind it", page)
    assert "Blind" in behind[1]
    accuracy, _, _ = judged('"accuracy"')
    marks = {row.name: row.on_test and row.on_test.mark for row in accuracy.ranking}
    assert accuracy.ranking[0].name == "Both" and marks["Finder"] == "behind"


def test_a_lower_log_loss_is_ahead(judged):
    results, _, _ = judged('"log_loss"')
    first, *others = results.ranking
    for row in others:
        assert row.on_test.difference == pytest.approx(row.test_score - first.test_score)
        low, high = row.on_test.interval
        assert low < row.on_test.difference < high
        if row.on_test.mark == "behind":
            assert row.on_test.difference > 0


@pytest.mark.parametrize("score", ['"accuracy"', *SCORES])
def test_what_can_be_seen_contradicts_no_mark(judged, score):
    results, page, _ = judged(score)
    marked = [
        abs(row.on_test.difference)
        for row in results.ranking[1:]
        if row.on_test.mark in ("ahead", "behind")
    ]
    assert marked and results.resolution.test.difference <= min(marked) + 1e-12
    if score != '"accuracy"':
        assert f"differences in {results.score.words} under about" in page


@pytest.mark.parametrize(
    ("score", "best"), [('"accuracy"', "Blind"), ('"balanced_accuracy"', "Finder")]
)
def test_a_committees_best_member_is_the_first_by_the_score(judged, planted, score, best):
    results, page, _ = judged(score)
    both = results.committees["Both"]
    assert both.worth.best_member == both.repairs.best_member == best
    assert f"Its best member by validation, {best}, " in page
    if best == "Finder":
        tables, files = planted
        rows = np.array(tables.splits) == "test"
        own, others = (
            100 * balanced_accuracy_score(tables.labels[rows], values[rows].argmax(axis=1))
            for values in (
                np.mean([np.load(path)["probabilities"] for path in files.predictions[:2]], axis=0),
                np.load(files.predictions[1])["probabilities"],
            )
        )
        size = abs(round(own, 1) - round(others, 1))
        assert (
            f"{size:.1f} percentage points {'better' if own > others else 'worse'} on these" in page
        )


def test_a_limit_on_the_score_is_held_against_the_test_figure(planted, tmp_path):
    _, files = planted
    settings = ['decision.score="balanced_accuracy"', "decision.min_score=0.7"]
    asked = read_settings("planted", (), settings)
    run = RunFolder(tmp_path / "out")
    results = judge(files, asked, tmp_path / "looks", run, lambda event: None).results
    (limit,) = results.decision.test.limits
    taken = next(r for r in results.ranking if r.name == results.decision.recommended)
    assert (limit.limit, limit.found) == ("min_score", pytest.approx(taken.test_score))
