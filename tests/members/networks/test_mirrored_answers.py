"""Answers to an image and its mirror image: when they are taken, and that they stay so exported."""

import json

import numpy as np
import onnxruntime
import pytest

from vestry.export.network_graph import stored_network
from vestry.members.graph import Graph, finished
from vestry.members.networks.network_member import fit, load
from vestry.members.networks.settings import NetworkSettings

LAYERS = [
    {"conv": 6, "kernel": 3, "padding": "same"},
    {"pool": 2},
    {"batch_norm": True},
    {"flatten": True},
]


def settings(**given):
    return NetworkSettings(**{"layers": LAYERS, "epochs": 6, "batch_size": 32} | given)


def leaning(count, seed=0, either_way=False, shape=(10, 12)):
    """Bars in noise; classes are told by the way that they lean, or by their thickness."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    ways = random.integers(0, 2, count) if either_way else labels
    thick = 1.0 + (1.0 if either_way else 0.0) * labels
    y, x = (np.mgrid[: shape[0], : shape[1]].T - (np.array(shape[:2]) - 1) / 2).T
    slope = np.where(ways, 1.0, -1.0)[:, None, None]
    bars = np.abs(x - slope * y) < thick[:, None, None]
    grey = np.clip(80 + 90 * bars + random.normal(0, 45, bars.shape), 0, 255)
    images = grey.astype(np.uint8)
    return (np.stack([images] * 3, 3) if len(shape) == 3 else images), labels


def work(job, either_way, validation=80, **given):
    images, labels = leaning(160, either_way=either_way)
    others, truth = leaning(validation, 1, either_way)
    rows = {"images": images, "labels": labels, "classes": 2, "ids": None}
    return job(**rows, validation_images=others, validation_labels=truth, **given)


def test_the_answer_is_the_mean_of_both(job):
    member = fit(settings(mirrored_at_test=True), work(job, either_way=True))
    plain = fit(settings(), work(job, either_way=True))
    images = leaning(30, 2, either_way=True)[0]
    mean = (plain.predict_proba(images) + plain.predict_proba(images[:, :, ::-1])) / 2
    np.testing.assert_allclose(member.predict_proba(images), mean, atol=1e-6)
    np.testing.assert_allclose(
        member.predict_proba(images), member.predict_proba(images[:, :, ::-1]), atol=1e-6
    )
    assert member.predict_proba(images[:0]).shape == (0, 2)
    assert any("twice the work" in note for note in member.card()["notes"])


@pytest.mark.parametrize(("either_way", "used"), [(True, True), (False, False)])
def test_where_it_is_to_be_found_out_validation_rows_decide(job, either_way, used):
    rows = work(job, either_way)
    member = fit(settings(mirrored_at_test="auto"), rows)
    card = json.loads(json.dumps(member.card()))
    found = card["mirrored_answers"]
    assert found["used"] is used and member.mirrored is used and found["rows"] == 80
    better = found["mirrored"] if used else found["plain"]
    right = member.predict_proba(rows.validation_images).argmax(1) == rows.validation_labels
    assert right.mean() == pytest.approx(better["accuracy"])
    note = next(note for note in card["notes"] if "mirrored_at_test" in note)
    for judged in (found["plain"], found["mirrored"]):
        assert f"{100 * judged['accuracy']:.1f}%" in note and f"{judged['log_loss']:.3f}" in note


@pytest.mark.parametrize(("either_way", "used"), [(True, True), (False, False)])
def test_without_validation_rows_training_images_decide_and_that_is_said(job, either_way, used):
    member = fit(settings(mirrored_at_test="auto"), work(job, either_way, validation=0))
    assert member.mirrored is used
    assert any("Without validation images" in note for note in member.card()["notes"])


def test_nothing_is_said_where_nothing_was_asked(job):
    card = fit(settings(epochs=1), work(job, either_way=True)).card()
    assert "mirrored_answers" not in card and "mirrored_at_test" not in card["settings"]


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_exported_graph_answers_as_the_network_does(job, tmp_path, colour, mirrored):
    images, labels = leaning(64, shape=(9, 11, 3) if colour else (9, 11))
    rows = {"images": images, "labels": labels, "classes": 2, "ids": None}
    rows |= {"validation_images": images[:8], "validation_labels": labels[:8]}
    member = fit(settings(epochs=2, mirrored_at_test=mirrored), job(**rows))
    member.save(tmp_path / "saved")
    card = json.loads(json.dumps(member.card()))
    expected = member.predict_proba(images)
    assert np.array_equal(load(tmp_path / "saved", card).predict_proba(images), expected)
    graph = Graph()
    graph.rename(stored_network(graph, tmp_path / "saved", card), "probabilities")
    model = finished(graph, images.shape[1:], {"probabilities": (2,)})
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    for some in (images, images[:1]):
        found = session.run(["probabilities"], {"images": some})[0]
        np.testing.assert_allclose(found, member.predict_proba(some), atol=1e-5)
    turned = session.run(["probabilities"], {"images": images[:, :, ::-1].copy()})[0]
    assert bool(np.abs(turned - expected).max() < 1e-5) is mirrored
