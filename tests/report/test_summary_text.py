"""The five sentences and the citation: true of every kind of run."""

import re
import sys
from pathlib import Path
from typing import Any

import example
import made_pages
import pytest

from made_tables import Tables
from vestry.cli.entry import called
from vestry.report.latex import latex_text
from vestry.report.sections.leaks import held_apart
from vestry.report.summary_text import citations, summary_sentences
from vestry.schema.reading import read_results
from vestry.schema.results import Results

STUDIES = sorted(made_pages.MEASURED | made_pages.GLANCED_AT)


def study(name: str, **changes: Any) -> Results:
    return example.typed(made_pages.made_study(name)[0] | changes)


@pytest.mark.parametrize("name", STUDIES)
def test_five_sentences_with_the_run_s_own_figures(name: str) -> None:
    results = study(name)
    data, models, result, comparison, limits = summary_sentences(results)
    whole = " ".join((data, models, result, comparison, limits))
    assert all(
        text.endswith(".") and not text.endswith("..") for text in summary_sentences(results)
    )
    assert not set("\u202f\u2212") & set(whole)
    assert results.study.hash in models and "Vestry 0.1.0" in models
    assert f"{results.data.splits['training'].rows:,} training images" in data
    assert f"{len(results.members)} models" in models
    assert ("committee" in models) is bool(results.committees)
    taken = results.models[results.decision.recommended if results.decision else ""]
    low, high = taken.accuracy_interval("test")
    assert f"{100 * taken.scores.test.accuracy:.1f}%" in result
    assert f"(95% interval {100 * low:.1f} to {100 * high:.1f})" in result
    assert "Holm\u2019s adjustment over" in comparison and "McNemar" in comparison
    assert "hold for images" in limits


def test_folds_quote_what_choosing_gives() -> None:
    results = study("few images")
    data, _, result, comparison, limits = summary_sentences(results)
    assert "5 nested folds, by models that neither learnt from it nor were chosen by it" in data
    assert result.startswith("The images are too few to choose a model by; ahead so far is ")
    assert (
        "the figure to quote is that of choosing anew for each fold by the others, 63.3%" in result
    )
    assert "no say in the choice" not in result
    assert "confirm nothing" in comparison and "one split" not in limits


def test_other_images_than_were_asked_for_are_said() -> None:
    assert summary_sentences(study("fallback"))[0].startswith(
        "The images are digits, which stand in for fashion-mnist (that was not at hand),"
    )


def test_leaked_test_rows_are_said_with_the_figure_that_holds() -> None:
    assert "so no figure holds" in summary_sentences(study("leak"))[2]
    results = made_pages.made_study("default")[0]
    taken = results["decision"]["recommended"]
    makers = {
        name: {"accuracy": 0.75, "interval": [0.71, 0.79], "rank": 1}
        for name in (*results["members"], *results["committees"])
    }
    left = {"left_out": 200, "rows": 1800, "makers": makers, "changed": []}
    leaks = results["leaks"] | {"without": results["leaks"]["without"] | {"repeated": left}}
    said = summary_sentences(example.typed(results | {"leaks": leaks}))[2]
    assert f"{taken} is recommended" in said
    assert said.endswith(
        "without the 200 that repeat images of other parts it is right on 75.0% (95% interval 71.0 "
        "to 79.0), which is the figure to quote."
    )
    first = next(row["name"] for row in results["ranking"] if row["name"] != taken)
    banner = held_apart(example.typed(results | {"leaks": leaks}), first) or ""
    assert (
        f"On the 1,800 that are left {taken} is right on 75.0% (71.0 to 79.0); that is the"
        in banner
    )


def test_no_recommendation_and_no_costs_are_said() -> None:
    results = made_pages.made_study("default")[0]
    first = results["ranking"][0]["name"]
    none = example.typed(results | {"decision": None})
    assert summary_sentences(none)[2].startswith(f"{first} is first by validation: right on ")
    broken = results["decision"] | {
        "recommended": None, "reason": None, "runner_up": None, "admissible": [], "test": None,
    }  # fmt: skip
    said = summary_sentences(example.typed(results | {"decision": broken}))[2]
    assert said.startswith(f"No model meets the limits of this study; {first} is first by")


def test_failed_models_are_left_out_by_name() -> None:
    results = made_pages.made_study("default")[0]
    failed = [
        {"name": "Broken", "seed": seed, "reason": "no memory", "details": ""} for seed in (0, 1)
    ]
    said = summary_sentences(example.typed(results | {"failures": failed}))[1]
    assert said.endswith("; Broken failed and is left out.")


def test_nothing_fitted_is_no_result() -> None:
    results = example.build(example.Plan(strengths={"A": 2.0}, networks=(), committee=()))[0]
    nothing = results | {
        "members": {}, "committees": {}, "ranking": [], "decision": None, "comparisons": None,
        "best_of": None, "resolution": None, "score": None, "votes": {"seed": 0, "images": []},
        "failures": [{"name": "A", "seed": 0, "reason": "no memory", "details": ""}],
    }  # fmt: skip
    said = summary_sentences(example.typed(nothing))
    assert "had no model to compare; A failed" in said[1]
    assert said[2] == "There is no result, since no model came to anything."


def test_one_model_is_compared_with_nothing() -> None:
    plan = example.Plan(strengths={"Alone": 2.5}, networks=(), committee=())
    said = summary_sentences(example.typed(example.build(plan)[0]))
    assert "1 model (Alone)" in said[1]
    assert said[3].startswith("No models were compared with each other")


def test_several_seeds_are_said() -> None:
    said = summary_sentences(study("several seeds"))[1]
    assert "with up to 3 seeds each, over which figures are means" in said


def test_uses_of_the_test_images_are_a_limit() -> None:
    looks = made_pages.made_study("default")[0]["test_looks"] | {"comparisons": 7}
    said = summary_sentences(study("default", test_looks=looks))[4]
    assert "compared on these test images 7 times" in said


def test_unbalanced_classes_are_a_limit() -> None:
    said = summary_sentences(study("two classes"))[4]
    assert "9 times as many images as the rarest, so accuracy alone misleads" in said


def test_names_with_commas_stay_apart() -> None:
    said = summary_sentences(study("twelve models"))[1]
    assert (
        "\u201cA member with a long name, 1\u201d, \u201cA member with a long name, 2\u201d" in said
    )


@pytest.mark.parametrize("title", ["Plain", "A {brace and 50% of it_all & more \\ ~ # ^ \u4e2d"])
def test_the_citation_has_version_year_and_hash_and_even_braces(title: str) -> None:
    text = citations(study("default", title=title))
    assert re.findall(r"^@(\w+)\{", text, re.MULTILINE) == ["software", "misc"]
    assert "version = {0.1.0}" in text and text.count("year = {2026}") == 2
    assert "0" * 64 in text and "url" not in text.lower()
    depth = 0
    for sign in text:
        depth += (sign == "{") - (sign == "}")
        assert depth >= 0
    assert depth == 0
    if title == "Plain":
        assert latex_text(title) in text


@pytest.mark.parametrize("score", ["balanced_accuracy", "macro_f1", "log_loss", "roc_auc"])
def test_another_score_is_told_by_its_name_and_its_test(score: str) -> None:
    results = example.typed(example.build(example.Plan(decision={"score": score}))[0])
    assert results.score is not None
    _, _, result, comparison, _ = summary_sentences(results)
    assert results.score.words in result and results.score.words in comparison
    assert "Student\u2019s t with the variance of redrawn images and of seeds" in comparison
    assert "Holm\u2019s adjustment over 5 tests" in comparison and "McNemar" not in comparison


def test_judged_tables_are_said_to_be_no_more(tmp_path: Path) -> None:
    tables = Tables(tmp_path, rows=200, classes=3)
    given = [tables.npz("A", tables.probabilities("noisy", 1)), tables.label_csv(
        "B", tables.probabilities("noisy", 2))]  # fmt: skip
    before = sys.argv
    sys.argv = ["vestry", "judge", str(tables.truth()), *map(str, given), "-q"]
    sys.argv += ["--out", str(tmp_path / "run")]
    try:
        assert called() == (0, [])
    finally:
        sys.argv = before
    data, models, result, _, limits = summary_sentences(read_results(tmp_path / "run/results.json"))
    assert data.startswith("Judged were the answers of models to the images that truth.csv lists")
    assert data.endswith("how they were trained is not known here.")
    assert "seed" not in models and "costs" not in result and "one split" not in limits
