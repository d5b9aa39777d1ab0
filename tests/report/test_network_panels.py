"""What a network's panel adds to its curves: augmentation, a frozen backbone."""

from typing import Any

import example
import example_search
import pytest
from drawings import marks, texts

from vestry.evaluation.shown_images import shown_ids
from vestry.report.chapter import Opening
from vestry.report.chapters.training import CHAPTER
from vestry.report.contents import page_data, wanted_images
from vestry.report.sections.learning import Training, learning_data


def panel(results: dict[str, Any], name: str) -> Training:
    return next(n for n in learning_data(example.typed(results)).networks if n.model.name == name)


def test_augmented_images_are_shown_wanted_and_kept() -> None:
    results, images = example.build()
    images = example_search.add_augmentation("Model-2", results, images)
    shown = panel(results, "Model-2").augmentation
    assert shown is not None and len(shown.variants) == 16
    assert panel(results, "Model-1").augmentation is None
    assert {shown.image, *shown.variants} <= set(wanted_images(page_data(example.typed(results))))
    assert {shown.image, *shown.variants} <= set(shown_ids(example.typed(results)))
    assert set(shown.variants) <= set(images["ids"].tolist())


def test_what_is_done_to_images_is_said() -> None:
    results, images = example.build()
    example_search.add_augmentation("Model-2", results, images)
    found = results["members"]["Model-2"]["augmentation"]
    found |= {"words": ["zoom up to 5%", "horizontal flip"], "label": 9}
    shown = panel(results, "Model-2").augmentation
    assert shown is not None
    text = " ".join(shown.sentences)
    assert "augmented anew: zoom up to 5% and horizontal flip." in text
    assert "one training image (Ankle boot) and 16 variants" in text
    assert "training figures of the curves are those of augmented images" in text


@pytest.fixture
def backbone(results: dict[str, Any]) -> dict[str, Any]:
    example_search.add_backbone(results["members"]["Model-3"])
    found: dict[str, Any] = results["members"]["Model-3"]["backbone"]
    return found


def said(results: dict[str, Any]) -> str:
    shown = panel(results, "Model-3").backbone
    assert shown is not None
    return " ".join(shown.sentences)


def test_backbone_facts_are_the_results(results: dict[str, Any], backbone: dict[str, Any]) -> None:
    shown = panel(results, "Model-3").backbone
    assert shown is not None
    facts = dict(shown.facts)
    assert facts["Frozen"] == "14,714,688 parameters"
    assert facts["Trained"] == "133,898 parameters"
    assert facts["Image size"] == "32 × 32"
    assert facts["Features"] == "512 numbers an image (1 × 1 × 512)"
    backbone["sha256"] = ""
    assert "SHA-256 of the weights" not in dict(panel(results, "Model-3").backbone.facts)  # type: ignore[union-attr]


def test_replaced_weights_are_said(results: dict[str, Any], backbone: dict[str, Any]) -> None:
    shown = panel(results, "Model-3").backbone
    assert shown is not None and shown.replaced is not None
    assert (
        "asked for the weights \u201cimagenet\u201d and ran on \u201crandom\u201d" in shown.replaced
    )
    assert "no network" in shown.replaced
    assert "weights are random" in said(results)
    backbone |= {"weights": "imagenet", "why_replaced": None}
    shown = panel(results, "Model-3").backbone
    assert shown is not None and shown.replaced is None
    assert "random" not in said(results)


def test_what_every_epoch_would_have_meant(
    results: dict[str, Any], backbone: dict[str, Any]
) -> None:
    backbone |= {"images_through": 5000, "seconds": 10.0}
    text = said(results)
    assert "5,000 images went through the frozen backbone once, in 10 s" in text
    assert "4,000 training and validation images through it in each of 11 epochs" in text
    assert "44,000 passes: at the same rate about 1 min 28 s" in text
    example_search.add_learning_curve(results["members"]["Model-3"], 0.5, 0.9, sizes=[5, 50])
    assert "1,500 training and validation images" in said(results)
    results["members"]["Model-3"]["learning_curve"] = None
    backbone |= {"images_through": 0, "images_found": 5000, "seconds": 0.0}
    text = said(results)
    assert "No image went through the backbone" in text and "5,000 images were found" in text
    assert "44,000 passes." in text and "at the same rate" not in text


def test_a_backbone_without_epochs_has_a_panel(
    results: dict[str, Any], backbone: dict[str, Any]
) -> None:
    results["members"]["Model-3"] |= {"history": None, "training": None}
    shown = panel(results, "Model-3")
    assert shown.history is None and shown.backbone is not None
    assert "passes" not in said(results)
    assert "Model-3" not in str(learning_data(example.typed(results)).without_epochs)


def test_all_networks_stand_in_one_figure_a_metric(results: dict[str, Any]) -> None:
    loss, accuracy = learning_data(example.typed(results)).together
    names = ["Model-1", "Model-2", "Model-3"]
    for figure, metric in ((loss, "loss"), (accuracy, "accuracy")):
        for name in names:
            history = results["members"][name]["history"]
            rows = [row for row in figure.data.rows if row[0] == name]
            assert [row[1] for row in rows] == history["epoch"]
            assert [row[2] for row in rows] == history[f"train_{metric}"]
            assert [row[3] for row in rows] == history[f"validation_{metric}"]
        for drawing in figure.drawings:
            assert len(marks(drawing, "line train")) == 3
            assert len(marks(drawing, "line usual")) == 6
            assert set(names) <= set(texts(drawing))
    assert loss.remark == "solid: validation, dashed: training"


def test_networks_without_validation_images_are_named_at_their_training_lines(
    results: dict[str, Any],
) -> None:
    names = ["Model-1", "Model-2", "Model-3"]
    results["members"]["Model-1"]["history"]["validation_loss"] = [None] * 11
    loss, _ = learning_data(example.typed(results)).together
    assert [texts(loss.drawings[0]).count(name) for name in names] == [1, 1, 1]
    for name in names:
        history = results["members"][name]["history"]
        history["validation_loss"] = [None] * len(history["epoch"])
    loss, _ = learning_data(example.typed(results)).together
    assert len(marks(loss.drawings[0], "line train")) == 3 and loss.remark == "training images"
    assert [texts(loss.drawings[0]).count(name) for name in names] == [1, 1, 1]


def test_training_is_dashed_and_a_model_has_one_colour_and_marker() -> None:
    names = [f"N{n}" for n in range(14)]
    plan = example.Plan(dict.fromkeys(names, 3.0), tuple(names), tuple(names[:2]))
    _, accuracy = learning_data(example.typed(example.build(plan)[0])).together
    drawing = accuracy.drawings[0]
    looks = {mark.attrib["class"].replace("dash1", "").strip() for mark in marks(drawing, "marker")}
    assert len(looks) == 12, "a colour and a shape of its own each"
    assert not any("dash" in line.attrib["class"] for line in marks(drawing, "line"))
    assert len(marks(drawing, "line grey")) == 2 * 2
    assert "grey: 2 more networks" in accuracy.remark


def chapter(results: dict[str, Any]) -> Opening | None:
    typed = example.typed(results)
    return CHAPTER.opening(typed, page_data(typed))


def test_the_heading_says_who_overfits(results: dict[str, Any]) -> None:
    shown = chapter(results)
    assert shown is not None and len(shown.figures) == 2
    assert shown.heading.startswith("3 of 3 networks overfit: all from epoch ")
    assert not shown.heading.endswith(".")
    typed = example.typed(results)
    assert page_data(typed).learning.without_epochs == (
        "Linear and Forest are fitted in one go: they have no epochs, and so no curves."
    )


def test_nothing_that_was_trained_is_nothing_to_show(results: dict[str, Any]) -> None:
    for name in ("Model-1", "Model-2", "Model-3"):
        results["members"][name] |= {"history": None, "training": None}
    results["pairs"] = []
    assert chapter(results) is None
    example_search.add_cross_validation(results["members"]["Linear"], results)
    shown = chapter(results)
    assert shown is not None and shown.heading == "No model here was trained over epochs"
    assert shown.figures == ()


def test_one_epoch_can_be_drawn(results: dict[str, Any]) -> None:
    for name in ("Model-1", "Model-2", "Model-3"):
        history = results["members"][name]["history"]
        results["members"][name]["history"] = {key: each[:1] for key, each in history.items()}
    for figure in learning_data(example.typed(results)).together:
        assert "1" in texts(figure.drawings[0])
        assert figure.data.rows == tuple(row for row in figure.data.rows if row[1] == 1)


def test_a_network_has_a_panel_a_metric_and_a_row_an_epoch(results: dict[str, Any]) -> None:
    shown = panel(results, "Model-1")
    assert shown.figure is not None and shown.history is not None
    titles = ["Loss", "Accuracy", "Precision, macro", "Recall, macro", "Precision, micro at 0.5",
              "Recall, micro at 0.5"]  # fmt: skip
    for drawing in shown.figure.drawings:
        assert [text for text in texts(drawing) if text in titles] == titles
        assert len(marks(drawing, "marked")) == 6, "the epoch of lowest validation loss"
    history = results["members"]["Model-1"]["history"]
    keys = [column.key for column in shown.history.columns]
    for key in ("epoch", "train_loss", "validation_recall_macro", "learning_rate", "seconds"):
        assert [row[keys.index(key)] for row in shown.history.rows] == history[key]
    history["validation_recall_macro"] = [None] * 11
    shown = panel(results, "Model-1")
    assert shown.history is not None
    assert "validation_recall_macro" not in [column.key for column in shown.history.columns]
