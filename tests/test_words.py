"""Pages of planted tables: no sentence may contradict the results or another sentence."""

import re

import numpy as np
import pytest

from made_tables import Tables, write_csv
from page_text import page_text
from vestry.pipeline.judge import JudgedFiles, judge
from vestry.storage.run_folder import RunFolder
from vestry.study.judge_settings import read_settings

NUMBER = r"[\u2212+]?\d+(?:\.\d+)?"


def noisy(accuracy, salt):
    """Right with that probability, row by row, and about as sure."""

    def made(tables):
        random, count = np.random.default_rng(salt), len(tables.names)
        right = random.random(tables.rows) < accuracy
        wrong = (tables.labels + random.integers(1, count, tables.rows)) % count
        sure = np.clip(accuracy + random.normal(0, 0.03, tables.rows), 1 / count + 0.01, 1 - 1e-3)
        values = np.repeat(((1 - sure) / (count - 1))[:, None], count, axis=1)
        values[np.arange(tables.rows), np.where(right, tables.labels, wrong)] = sure
        return values

    return made


def kind(name):
    return lambda tables: tables.probabilities(name, 3)


TWINS = {"x": noisy(0.8, 1), "twin": noisy(0.8, 1)}
ODD = {name: kind(name) for name in ("perfect", "wrong", "constant", "uniform", "unsure")}
SEVERAL = {f"{name}@{seed}": noisy(0.85, 7 * place + seed) for place, name in enumerate("pq")
           for seed in range(3)}  # fmt: skip
# rows of both splits, classes, models, what else
CASES = {
    "ten rows": (20, 2, {**ODD, "n": kind("noisy")}, {}),
    "one model": (60, 3, {"only": noisy(0.8, 2)}, {}),
    "twins": (200, 3, TWINS, {"committees": ["C=mean:x,twin"]}),
    "all right": (60, 3, {"p": kind("perfect"), "q": kind("perfect")},
                  {"committees": ["C=mean:p,q"]}),
    "odd ones": (200, 10, {**ODD, **TWINS},
                 {"committees": ["C=mean:x,twin", "D=mean:perfect,wrong"]}),
    "equals": (1000, 5, {"x": noisy(0.9, 4), "y": noisy(0.9, 5)},
               {"committees": ["C=mean:x,y"]}),
    "seeds": (600, 4, {**SEVERAL, "solo": noisy(0.8, 9)}, {"committees": ["C=mean:p,q"]}),
    "unbalanced": (400, 2, {"x": noisy(0.97, 1), "constant": kind("constant")}, {"rare": 0.05}),
    "fifty": (200, 50, {"x": noisy(0.6, 1), "y": noisy(0.75, 2)}, {"absent": 10}),
    "labels": (300, 4, {"l": noisy(0.8, 1), "m": noisy(0.8, 1)}, {"labels": True}),
    "costs": (1000, 5, {"cheap": noisy(0.89, 1), "dear": noisy(0.9, 2), "bad": noisy(0.6, 3)},
              {"costs": [["cheap", 1, 1, 10], ["dear", 50, 20, 500], ["bad", 0.5, 0.5, ""]],
               "committees": ["C=mean:cheap,dear"]}),
}  # fmt: skip


@pytest.fixture(scope="module", params=CASES)
def judged(request, tmp_path_factory):
    """(results, the page's text)"""
    rows, classes, models, more = CASES[request.param]
    return made_page(tmp_path_factory.mktemp("words"), rows, classes, models, **more)


def made_page(
    folder, rows, classes, models, committees=(), absent=0, rare=0, labels=False, costs=None
):
    tables = Tables(folder, rows, classes, absent=absent)
    if rare:
        tables.labels = (np.random.default_rng(3).random(rows) < rare).astype(int)
    save = tables.label_csv if labels else tables.npz
    files = [save(name, made(tables)) for name, made in models.items()]
    head = ["name", "ms", "mb", "fit_seconds"]
    given = write_csv(folder / "costs.csv", head, costs) if costs else None
    run = RunFolder(folder / "out")
    asked = read_settings("planted", committees, ())
    found = judge(
        JudgedFiles(tables.truth(), files, given), asked, folder / "looks", run, lambda _: None
    )
    return found.results, page_text(run.report.read_text())


def test_nothing_senseless_is_printed(judged):
    _, text = judged
    assert not re.findall(r"\b(?:nan|None(?! of)|null|inf|NaN)\b", text)
    assert not re.findall(r"(?<![\w.\u2013-])-\d[^ ]*", text), "a minus sign is no hyphen"
    nouns = "images|tests|pairs|models|members|seeds|groups|committees|classes|others"
    assert not re.findall(rf"(?<![\d.,]) 1 (?:[a-z]+ )?(?:{nouns})\b(?! or more)", text)
    assert not re.findall(r"[^.]\.\.(?!\.)|:[^:|.]{3,80}: (?=too few|not |no )|\bon 0 of\b", text)
    for low, high in re.findall(rf"({NUMBER})%? to ({NUMBER})", text):
        assert low != high, f"an interval without width: {low} to {high}"


def test_tables_alone_have_no_training_no_folds_and_nothing_to_export(judged):
    _, text = judged
    for words in ("training image", "folds = ", "vestry export", "exported", "epoch", "refit",
                  "measured on this machine", "Measured on this machine"):  # fmt: skip
        assert words not in text, words


def test_one_model_is_recommended_everywhere(judged):
    results, text = judged
    found = results.decision
    if found.recommended is None:
        assert text.count(f"{found.headline}\n") == 1
    else:
        label = "Ahead so far" if found.evidence == "too_few" else "Recommended"
        assert text.count(f"\n{label}\n{found.recommended}\n") == 1
        assert ("Recommended" in text) == (label == "Recommended")
    if found.recommended:
        assert found.recommended in found.admissible
        assert results.ranking[0].name == found.recommended or found.evidence != "too_few"


SEEN = {"ahead": "significantly ahead", "behind": "significantly behind",
        "level": "within 1 point", "unknown": "no significant difference"}  # fmt: skip


def test_marks_are_those_of_tests_and_differences_those_of_printed_figures(judged):
    results, text = judged
    first = _printed(results.ranking[0].test_accuracy)
    p_holm = {}
    if results.comparisons:
        p_holm = {frozenset((p.one, p.other)): p.p_holm for p in results.comparisons.pairs}
    for row in results.ranking[1:]:
        cells = _row_of(text, row.name)
        (place,) = [place for place, cell in enumerate(cells) if cell == SEEN[row.on_test.mark]]
        assert not {*SEEN.values()} & {*cells[:place], *cells[place + 1 :]}
        given = cells[place - 3]
        assert _value(given) == pytest.approx(_printed(row.test_accuracy) - first, abs=1e-6)
        if row.on_test.mark in ("ahead", "behind"):
            assert p_holm[frozenset((row.name, results.ranking[0].name))] < 0.05
    told = re.findall(r"\| (yes) \| significant", text)
    assert len(told) == sum(p < 0.05 for p in p_holm.values())


def _row_of(text, name):
    """The cells of a model's row in the table of all models."""
    (line,) = [
        line
        for line in text.split("\n")
        if re.match(rf"\| \d+=? \| {name}(?: committee)? \|", line)
    ]
    return [cell.strip() for cell in line.strip("| ").split("|")]


def test_the_heading_claims_no_more_than_the_marks(judged):
    results, text = judged
    first, *others = results.ranking
    if not others:
        return
    (heading,) = [
        line for line in text.split("\n") if re.match(r".*\bleads? on validation\b.*#$", line)
    ]
    marks = {row.on_test.mark for row in others}
    assert ("significantly behind" in heading) == (marks == {"behind"})
    assert ("significantly ahead" in heading) == ("ahead" in marks)
    assert ("no significant difference" in heading) == (
        "ahead" not in marks and marks != {"behind"}
    )
    assert first.name in heading


def _printed(share):
    return round(100 * share, 1)


def _value(text):
    return float(text.replace("\u2212", "-"))


def test_committees_are_worth_what_the_results_say(judged):
    results, text = judged
    for name, entry in results.committees.items():
        says = {"yes": "Yes", "no": "No", "not shown": "Not shown"}[entry.worth.verdict]
        assert re.search(rf"^{says}: {name}\b", text, re.MULTILINE), entry.worth.verdict


def test_twins_are_not_put_in_an_order(judged):
    results, text = judged
    first, *others = results.ranking
    twins = [row.name for row in others if row.rank == first.rank]
    if not twins:
        return
    assert f"it is as accurate as any on the {results.decision.rows}" in text
    assert f"{twins[0]} follows with" not in text
    assert f"with the same figures as {twins[0]}" in text and "in log loss, too" not in text


def test_what_is_right_everywhere_is_not_said_to_be_wrong(judged):
    results, text = judged
    right = [n for n, e in results.members.items() if e.scores.validation.accuracy == 1]
    for name in right:
        assert not re.search(rf"answers of {name}\b[^.]*: on the validation rows it is not", text)
    shown = re.findall(r"claim less accuracy: ([^)]*) points", text)
    assert shown or not any(e.calibration for e in results.members.values())
