"""The search section: what its figures and sentences hold, and how they follow the numbers."""

from typing import Any

import example
import example_search
import pytest
from drawings import marks, texts

from vestry.report.models import models_in_study_order
from vestry.report.plot.parallel import parallel, parallel_figure
from vestry.report.plot.trials import (
    best_so_far,
    outside,
    parameter_points,
    score_axis,
    score_over_trials,
    trials_figure,
    values_figure,
)
from vestry.report.sections import search as sentences
from vestry.report.sections.search import TRIALS_LISTED, search_data
from vestry.report.trials import Parameter, Search, searches


@pytest.fixture
def entry(results: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = results["members"]["Model-1"]
    example_search.add_search(found)
    return found


def found(results: dict[str, Any]) -> Search:
    return searches(models_in_study_order(example.typed(results)))[0]


def words(results: dict[str, Any]) -> str:
    return " ".join(sentences.search_words(found(results), example.typed(results)))


def test_no_search_no_section(results: dict[str, Any]) -> None:
    assert search_data(example.typed(results)) == []
    results["members"]["Model-1"]["search"] = None
    assert search_data(example.typed(results)) == []


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("layers #1.conv", "layer 1 conv"),
        ("learning_rate", "learning rate"),
        ("layers #3.beside #1 #2.dense", "layer 3 beside 1 2 dense"),
        ("params.C", "params C"),
    ],
)
def test_keys_are_shown_readable(key: str, name: str) -> None:
    assert Parameter(key, None).name == name


def test_the_space_is_the_results(results: dict[str, Any], entry: dict[str, Any]) -> None:
    rows = search_data(example.typed(results))[0].space.rows
    assert [row[:2] for row in rows] == [
        ("layer 1 conv", "16, 32, 64"),
        ("layer 1 kernel", "3, 5"),
        ("layer 4 dense", "64, 128, 256"),
        ("layer 5 dropout", "0 to 0.5"),
        ("learning rate", "0.0001 to 0.01, by its logarithm"),
    ]
    assert rows[0][2:] == ("64", "largest tried")
    assert rows[1][3] == ""


def test_every_trial_has_its_point(results: dict[str, Any], entry: dict[str, Any]) -> None:
    search = found(results)
    trials = entry["search"]["trials"]
    for parameter in search.parameters:
        points = parameter_points(search, parameter)
        assert [(p.state, p.score) for p in points] == [(t["state"], t["score"]) for t in trials]
        assert all(0 <= p.x <= 1 for p in points)
        assert [p.is_best for p in points].index(True) == entry["search"]["best"]["number"]


def test_places_follow_the_values(results: dict[str, Any], entry: dict[str, Any]) -> None:
    rows = entry["search"]["trials"]
    for row, value, rate in zip(rows, (16, 64, 32), (1e-4, 1e-2, 1e-3), strict=False):
        row["values"] |= {"layers #1.conv": value, "learning_rate": rate}
    search = found(results)
    filters = [p.x for p in parameter_points(search, search.parameters[0])[:3]]
    assert [int(3 * x) for x in filters] == [0, 2, 1]
    low, high, middle = (p.x for p in parameter_points(search, search.parameters[4])[:3])
    assert middle - low == pytest.approx(high - middle)


def test_the_drawing_keeps_kinds_of_trials_apart(
    results: dict[str, Any], entry: dict[str, Any]
) -> None:
    search = found(results)
    trials = entry["search"]["trials"]

    def count(state: str, scored: bool) -> int:
        return sum(t["state"] == state and (t["score"] is not None) == scored for t in trials)

    axis = score_axis(search)
    by_trial, by_value = trials_figure(search, axis), values_figure(search, axis)
    assert count("pruned", True) > 0 and count("pruned", False) > 0
    for figure, times in ((by_trial, 1), (by_value, len(search.parameters))):
        for drawing in figure.drawings:
            dots, hollow = marks(drawing, "trial"), marks(drawing, "open trial")
            assert len(hollow) == times * count("pruned", True)
            assert len(dots) - len(hollow) == times * (count("complete", True) - 1)
            assert len(marks(drawing, "dot c-mark")) == times, "the best"
            assert len(marks(drawing, "failed-line")) == times * count("failed", False) == times
    best = f"{100 * entry['search']['best']['score']:.1f}%"
    assert by_trial.remark == f"the line is the best so far, {best}; the large dot is the best"


@pytest.mark.parametrize(("score", "kept"), [("accuracy", max), ("log_loss", min)])
def test_best_so_far_never_gets_worse(results: dict[str, Any], score: str, kept: Any) -> None:
    example_search.add_search(results["members"]["Model-1"], trials=40, score=score)
    search = found(results)
    leaders = [p.score for p in best_so_far(score_over_trials(search), score == "log_loss")]
    assert leaders == sorted(leaders, reverse=score == "log_loss")
    complete = [t.score for t in search.trials if t.state == "complete"]
    assert leaders[-1] == kept(complete)


def test_one_bad_trial_does_not_squeeze_the_rest(
    results: dict[str, Any], entry: dict[str, Any]
) -> None:
    search = found(results)
    axis = score_axis(search)
    assert axis.low > 0.5
    assert outside(search, axis) == 1
    assert "1 trial with a score below the scale is drawn at its foot" in str(
        search_data(example.typed(results))[0].outside
    )
    entry["search"]["trials"][4]["score"] = 0.9
    assert search_data(example.typed(results))[0].outside is None


def test_parallel_lines_best_on_top(results: dict[str, Any], entry: dict[str, Any]) -> None:
    search = found(results)
    figure = parallel(search, score_axis(search))
    assert figure is not None
    assert [row.name for row in figure.rows][-1] == "validation accuracy"
    assert len(figure.trials) == sum(t["state"] == "complete" for t in entry["search"]["trials"])
    scores = [trial.score for trial, _ in figure.trials]
    assert scores == sorted(scores, reverse=True)
    for drawing in parallel_figure(search, figure).drawings:
        styles = [line.attrib["class"] for line in marks(drawing, "line")]
        assert styles[-1] == "line best-trial" and styles.count("line best-trial") == 1
        assert styles[0] == "line grey"
        assert {row.name for row in figure.rows} <= set(texts(drawing))


def test_no_parallel_figure_where_it_would_show_nothing(results: dict[str, Any]) -> None:
    member = results["members"]["Model-1"]
    example_search.add_search(member, space={"dropout": {"between": [0.0, 0.5]}})
    assert search_data(example.typed(results))[0].lines is None
    example_search.add_search(member, trials=3)
    assert search_data(example.typed(results))[0].lines is None
    many = {f"value_{n}": {"between": [0, 9]} for n in range(12)}
    example_search.add_search(member, space=many)
    assert search_data(example.typed(results))[0].lines is None


def test_what_was_searched_is_said(results: dict[str, Any], entry: dict[str, Any]) -> None:
    text = words(results)
    assert "20 trials over layer 1 conv, layer 1 kernel, layer 4 dense" in text
    assert "drawn at random, in 10 min 24 s" in text
    assert "2,400 of the 3,000 training images for 5 epochs at most" in text
    assert "by accuracy on the 1,000 validation images" in text
    assert "All scores of trials are validation scores" in text
    assert "only that model was tested" in text
    entry["search"] |= {"sampler": "tpe", "rows": None, "epochs": None, "trials_asked": 30}
    text = words(results)
    assert "20 trials of 30 asked for" in text and "Parzen" in text
    assert "at a time" not in text
    entry["search"]["batch"] = 4
    assert "from those before, 4 at a time, in 10 min 24 s added up over trials." in words(results)
    assert "all 3,000 training images and was scored" in text and "at most" not in text


def test_pruned_and_failed_are_counted(results: dict[str, Any], entry: dict[str, Any]) -> None:
    assert "3 were pruned (stopped early for a poor validation loss), 1 failed and 16 ran" in (
        words(results)
    )
    for row in entry["search"]["trials"]:
        row["state"] = "complete"
    assert "pruned" not in words(results) and "failed" not in words(results)


def test_edges_follow_the_results(results: dict[str, Any], entry: dict[str, Any]) -> None:
    assert (
        "The best value of layer 1 conv, 64, is the largest that was tried: "
        "a wider range may do better."
    ) in words(results)
    entry["search"]["edges"] = [
        {"parameter": "learning_rate", "value": 0.0001, "side": "low"},
        {"parameter": "layers #5.dropout", "value": 0.004, "side": "low"},
    ]
    text = words(results)
    assert "learning rate, 0.0001, lies at the lower end of its range: a wider range" in text
    assert "layer 5 dropout, 0.004, lies at the lower end of its range." in text
    entry["search"]["edges"].append({"parameter": "layers #1.kernel", "value": 5, "side": "high"})
    text = words(results)
    assert (
        "The best values of learning rate (0.0001, the smallest tried) and layer 1 kernel "
        "(5, the largest tried) lie at an end of their ranges: wider ones may do better."
    ) in text
    assert "layer 5 dropout, 0.004, lies at the lower end of its range." in text
    entry["search"]["edges"] = []
    assert "No best value lies at an end of its range." in words(results)
    entry["search"]["space"] = {"optimizer": {"choose": ["adam", "sgd"]}}
    assert "end of its range" not in words(results)


def test_the_test_figure_is_the_retrained_models(
    results: dict[str, Any], entry: dict[str, Any]
) -> None:
    assert f"{100 * entry['scores']['test']['accuracy']:.1f}%" in words(results)
    spread = {"mean": 0.9191, "deviation": 0.0024, "values": [0.917, 0.919, 0.9213]}
    entry["over_seeds"] = {key: {"accuracy": spread} for key in ("validation", "test")}
    assert "the mean of 3 seeds (\u00b1 0.2)" in words(results)


def test_one_trial(results: dict[str, Any]) -> None:
    example_search.add_search(results["members"]["Model-1"], trials=1)
    (panel,) = search_data(example.typed(results))
    assert len(marks(panel.by_trial.drawings[0], "dot c-mark")) == 1
    assert "flatters" not in " ".join(panel.sentences)


def test_the_table_holds_every_trial(results: dict[str, Any], entry: dict[str, Any]) -> None:
    (panel,) = search_data(example.typed(results))
    assert [row[0] for row in panel.table.rows] == [n + 1 for n in range(20)]
    best = [row[0] for row in panel.table.rows if str(row[-1]).startswith("best")]
    assert best == [entry["search"]["best"]["number"] + 1]
    keys = [column.key for column in panel.table.columns]
    for row, trial in zip(panel.table.rows, entry["search"]["trials"], strict=True):
        assert row[keys.index("score")] == trial["score"]
        assert row[keys.index("learning_rate")] == trial["values"]["learning_rate"]
    assert panel.remark is None


def test_very_many_trials_are_listed_in_part_and_it_is_said(results: dict[str, Any]) -> None:
    example_search.add_search(results["members"]["Model-1"], trials=900)
    (panel,) = search_data(example.typed(results))
    assert len(panel.table.rows) == TRIALS_LISTED
    assert str(panel.table.rows[0][-1]).startswith("best")
    assert "of 900" in str(panel.remark)
    assert len(panel.by_trial.data.rows) == 900, "what is taken home has all"


def test_sixty_trials_of_nine_values_are_all_drawn() -> None:
    results, _ = example_search.build(example.Plan())
    panel = next(p for p in search_data(example.typed(results)) if len(p.space.rows) == 9)
    assert panel.lines is not None
    assert "over 9 values" in panel.sentences[0]
    drawing = panel.by_value.drawings[0]
    strokes = len(marks(drawing, "failed-line"))
    scored = [row for row in panel.table.rows if row[10] is not None]
    assert len(marks(drawing, "trial")) + len(marks(drawing, "dot c-mark")) == 9 * len(scored)
    assert strokes == 9
