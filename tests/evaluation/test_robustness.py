"""Accuracy severity by severity, and what may be said of the order of the models."""

import json

import numpy as np
import pytest

from made_corruptions import CLASSES, levels, made_predictions, made_truth
from vestry.committees.committee import Committee
from vestry.evaluation.intervals import share_interval
from vestry.evaluation.robustness import robustness
from vestry.predictions.table import ProbabilityTable
from vestry.robustness.corruption import CORRUPTIONS
from vestry.schema.robustness import Robustness

TRUTH = made_truth(1000)


def committee(rule="mean"):
    """A rule that learns nothing, fitted so that it can be used."""
    values = np.full((8, len(CLASSES)), 0.25, np.float32)
    ids = np.array([f"validation/{row}" for row in range(8)])
    tables = [ProbabilityTable(ids, CLASSES, values, name, "validation") for name in "ab"]
    return Committee("C", rule).fit(tables, np.arange(8) % 4)


def found(predictions, committees=None, reasons=None):
    """As it is written."""
    results = robustness(predictions, committees or {}, TRUTH, CLASSES, reasons).as_json()
    assert Robustness.model_validate_json(json.dumps(results, allow_nan=False)).as_json() == results
    return results


def test_figures_of_one_model():
    results = found({"Net": made_predictions(TRUTH, 0.9, {"blur": 0.5, "noise": 0.2})})
    net = results["makers"]["Net"]
    assert net["clean"] == 0.9 and net["accuracy"]["blur"] == levels(0.5)
    assert net["intervals"]["noise"] == [list(share_interval(200, 1000))] * 5
    assert net["area"]["blur"] == pytest.approx(0.5) and net["area"]["shift"] == pytest.approx(0.9)
    assert net["mean_area"] == pytest.approx((5 * 0.9 + 0.5 + 0.2) / 7)
    low, high = net["mean_area_interval"]
    assert low < net["mean_area"] < high and high - low < 0.05
    assert results["rows"] == 1000 and results["there"] == 5000
    assert [kind["kind"] for kind in results["kinds"]] == list(CORRUPTIONS)
    assert results["pairs"] == results["changes"] == []


def test_the_interval_of_the_mean_covers():
    covered = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        difficulty = rng.beta(2, 1, 300)  # an image's versions hang together
        made = made_predictions(made_truth(300), 0.9, 0.5)
        right = rng.random((36, 300)) < difficulty
        labels = np.arange(300) % 4
        said = np.where(right, labels, (labels + 1) % 4)
        made.probabilities[:] = np.eye(4, dtype=np.float32)[said]
        net = robustness({"Net": made}, {}, made_truth(300), CLASSES).asked["Net"]
        low, high = net.mean_area_interval
        covered += low <= 2 / 3 <= high
    assert 88 <= covered <= 100


def test_a_change_of_places_is_found_and_has_its_direction():
    predictions = {
        "Fair": made_predictions(TRUTH, 0.95, {"noise": 0.3}, seed=1),
        "Firm": made_predictions(TRUTH, 0.85, 0.8, seed=2),
    }
    results = found(predictions)
    changes = {change["kind"]: change for change in results["changes"]}
    assert list(changes) == ["noise"]
    change = changes["noise"]
    assert (change["ahead"], change["behind"]) == ("Firm", "Fair")
    assert change["clean"]["value"] == pytest.approx(-0.1) and change["clean_beyond_chance"]
    assert change["altered"]["value"] == pytest.approx(0.5)
    low, high = change["altered"]["interval"]
    assert 0.4 < low < 0.5 < high < 0.6
    turned = found(dict(reversed(predictions.items())))
    other = turned["changes"][0]
    assert (other["ahead"], other["behind"]) == ("Firm", "Fair")
    assert other["altered"]["interval"] == pytest.approx(change["altered"]["interval"])


def test_a_lead_on_clean_images_that_may_be_chance_is_called_so():
    predictions = {
        "One": made_predictions(TRUTH, 0.9, 0.5, seed=1),
        "Other": made_predictions(TRUTH, 0.899, 0.7, seed=2),
    }
    results = found(predictions)
    assert {change["kind"] for change in results["changes"]} == {*CORRUPTIONS, "all"}
    assert not any(change["clean_beyond_chance"] for change in results["changes"])


def test_equal_models_hardly_ever_change_places():
    claims = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        truth = made_truth(200)
        predictions = {name: made_predictions(truth, 0.8, 0.5) for name in "abcde"}
        for made in predictions.values():
            labels = np.arange(200) % 4
            right = rng.random((36, 200)) < 0.6
            said = np.where(right, labels, (labels + 1) % 4)
            made.probabilities[:] = np.eye(4, dtype=np.float32)[said]
        claims += bool(robustness(predictions, {}, truth, CLASSES).changes)
    assert claims <= 7  # 5% of 60 are 3; one run in a thousand has more than 8


def test_models_are_compared_on_the_rows_that_both_have():
    slow = made_predictions(TRUTH, 0.9, 0.6, rows=200, reason="too slow")
    results = found({"Slow": slow, "Fast": made_predictions(TRUTH, 0.9, 0.7)})
    assert results["makers"]["Slow"]["rows"] == 200 and results["rows"] == 1000
    assert results["makers"]["Slow"]["reason"] == "too slow"
    (pair,) = results["pairs"]
    assert pair["rows"] == 200
    right = [
        made.probabilities[0, :200].argmax(axis=1) == np.arange(200) % 4
        for made in (slow, made_predictions(TRUTH, 0.9, 0.7))
    ]
    assert pair["clean"]["value"] == pytest.approx(right[0].mean() - right[1].mean())


def test_a_committee_combines_its_members_on_their_common_rows():
    predictions = {
        "a": made_predictions(TRUTH, 0.9, 0.5, seed=1),
        "b": made_predictions(TRUTH, 0.9, 0.5, seed=1, rows=300),
    }
    results = found(predictions, {"C": (["a", "b"], committee("vote"))})
    makers = results["makers"]
    assert list(makers) == ["a", "b", "C"] and makers["C"]["rows"] == 300
    stacked = [predictions[name].probabilities[7, :300] for name in "ab"]
    right = np.mean(stacked, axis=0).argmax(axis=1) == np.arange(300) % 4
    assert makers["C"]["accuracy"]["rotation"][1] == pytest.approx(right.mean())


def test_who_was_not_asked_is_there_with_the_reason():
    results = found(
        {"a": made_predictions(TRUTH, 0.9, 0.5)},
        {"C": (["a", "b"], committee())},
        {"b": "its model was not stored"},
    )
    assert results["makers"]["b"] == {"rows": 0, "reason": "its model was not stored"}
    assert results["makers"]["C"] == {"rows": 0, "reason": "its member b was not asked"}
    nobody = found({}, {}, {"b": "its model was not stored"})
    assert nobody["rows"] == 0 and nobody["image"] is None and nobody["pairs"] == []
    assert robustness({}, {}, TRUTH, CLASSES) is None


def test_the_picture_is_of_the_first_row():
    image = found({"a": made_predictions(TRUTH, 0.9, 0.5)})["image"]
    assert image["id"] == "test/0" and image["label"] == 0
    assert image["pictures"]["blur"] == [f"altered/blur/{level}" for level in range(1, 6)]
