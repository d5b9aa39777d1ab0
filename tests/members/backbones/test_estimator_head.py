"""An estimator on a frozen backbone: fitted on features, stored, exported whole."""

import json

import numpy as np
import onnxruntime
import pytest
from pydantic import ValidationError

from vestry.errors import MemberError
from vestry.export.onnx_export import member_model
from vestry.members.backbones.backbone_model import fit, load
from vestry.members.backbones.settings import BackboneSettings

LOGISTIC = "sklearn.linear_model.LogisticRegression"


def settings(estimator=LOGISTIC, **given):
    given = {"backbone": "resnet50", "weights": "random", "precision": "fp32"} | given
    return BackboneSettings(estimator=estimator, **given)


def saved(member, folder):
    member.save(folder)
    card = json.loads(json.dumps(member.card(), allow_nan=False))
    (folder / "card.json").write_text(json.dumps(card))
    return card


@pytest.mark.parametrize(
    ("chosen", "colour"),
    [
        (settings(params={"max_iter": 200}), False),
        (settings("sklearn.svm.SVC", image_size=40, pool="max"), True),
        (settings("sklearn.neighbors.KNeighborsClassifier", scale="none"), False),
        (settings("sklearn.ensemble.RandomForestClassifier", image_size=40, pool="none"), False),
    ],
    ids=lambda value: getattr(value, "estimator", ""),
)
def test_it_learns_comes_back_and_is_exported_whole(job, tmp_path, chosen, colour):
    work = job(colour=colour)
    member = fit(chosen, work)
    images = work.validation_images
    given = member.predict_proba(images)
    assert (given.argmax(1) == work.validation_labels).mean() > 0.8
    card = saved(member, tmp_path / "a")
    assert card["stored"] == "head.onnx" and card["head"]["parity"]["labels_equal"]
    restored = load(tmp_path / "a", card)
    assert np.abs(restored.predict_proba(images) - given).max() < 1e-4
    again = load(tmp_path / "b", saved(restored, tmp_path / "b"))
    assert np.array_equal(again.predict_proba(images), restored.predict_proba(images))
    content = member_model(tmp_path / "a").SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (exported,) = session.run(None, {"images": images})
    assert np.abs(exported - given).max() < 1e-4


def test_what_it_was_asked_for_the_time_is_not_counted_as_rows_of_its_tables(job):
    member = fit(settings("sklearn.tree.DecisionTreeClassifier"), job())
    assert member.head.member.predicted == 0


def test_refit_takes_validation_rows_and_keeps_what_was_said_of_them(job):
    work = job()
    member = fit(settings(refit=True), work)
    assert member.held_out_proba().shape == (20, 3)
    assert "second one, fitted on training and validation rows" in member.card()["fitted_on"]


def test_an_estimator_without_an_onnx_form_is_not_stored_and_says_why(job, tmp_path):
    chosen = settings("sklearn.semi_supervised.LabelSpreading")
    card = saved(fit(chosen, job()), tmp_path / "a")
    assert card["stored"] is None and "no ONNX form" in card["stored_note"]
    assert any("no ONNX form" in warning for warning in card["warnings"])
    with pytest.raises(MemberError, match="no ONNX form"):
        load(tmp_path / "a", card)


def test_the_average_of_maps_is_said_where_it_is_taken_by_itself(job):
    said = "the average of each channel's map"
    small, large = (fit(settings(image_size=size), job()).card() for size in (32, 40))
    assert not any(said in note for note in small["notes"])
    assert any(said in note for note in large["notes"])
    assert large["backbone"]["feature_shape"] == [1, 1, 2048]


WRONG = [
    ({}, "one head: `layers` or `estimator`"),
    ({"layers": [{"flatten": True}], "estimator": LOGISTIC}, "one head"),
    (
        {"estimator": LOGISTIC, "epochs": 3},
        "`epochs` says nothing of a head that is an `estimator`",
    ),
    ({"layers": [{"flatten": True}], "scale": "none"}, "`scale` says nothing of a head"),
    ({"layers": [{"flatten": True}], "pool": "max"}, "`pool` says nothing of a head"),
    ({"estimator": "LogisticRegression"}, "is no import path"),
    ({"estimator": LOGISTIC, "output": "x"}, "`output` is for onnx:FILE"),
    ({"estimator": LOGISTIC, "backbone": "onnx:a.pt"}, "is no .onnx file"),
    (
        {"estimator": LOGISTIC, "backbone": "onnx:a.onnx", "weights": "imagenet"},
        "has its own weights",
    ),
    ({"estimator": LOGISTIC, "backbone": "onnx:a.onnx", "input": {"size": [9, 9]}}, "`image_size`"),
    (
        {"estimator": LOGISTIC, "backbone": "efficientnet-lite0", "otherwise": "random"},
        "own weights",
    ),
]


@pytest.mark.parametrize(("given", "said"), WRONG, ids=[str(given) for given, _ in WRONG])
def test_what_cannot_be_meant_is_refused(given, said):
    with pytest.raises(ValidationError, match=said):
        BackboneSettings(**{"backbone": "vgg16"} | given)


def test_a_fit_is_known_by_the_keys_that_its_head_has():
    layers = BackboneSettings(backbone="vgg16", layers=[{"flatten": True}]).model_dump()
    fitted = settings().model_dump()
    assert not {"estimator", "params", "scale", "refit", "pool", "output", "input"} & set(layers)
    assert not {"layers", "epochs", "batch_size", "optimizer"} & set(fitted)
    for dumped in (layers, fitted):
        assert BackboneSettings(**dumped).model_dump() == dumped
