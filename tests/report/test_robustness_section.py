"""The section on worse images: its figures, and sentences that follow the numbers."""

from typing import Any

import example
import numpy as np
import pytest
from drawings import marks, texts
from example_robustness import TRUTH, add_robustness

from made_corruptions import made_predictions, made_truth
from vestry.evaluation.robustness import robustness
from vestry.report.page import render
from vestry.report.sections.robustness import Robustness, robustness_data, robustness_images


@pytest.fixture
def found(results: dict[str, Any]) -> dict[str, Any]:
    """The leader of the example is its committee, whose best member is Model-1."""
    results["decision"]["recommended"] = results["ranking"][0]["name"]
    return add_robustness(
        results,
        {
            "Linear": made_predictions(TRUTH, 0.8, 0.75, seed=1),
            "Forest": made_predictions(TRUTH, 0.85, 0.6, seed=2),
            "Model-1": made_predictions(TRUTH, 0.9, {"noise": 0.2, "blur": 0.7}, seed=3),
            "Model-2": made_predictions(TRUTH, 0.7, 0.3, seed=4),
            "Model-3": made_predictions(
                TRUTH, 0.7, 0.5, seed=5, rows=200, reason="at 4 ms an image, too slow"
            ),
        },
    )


def data(results: dict[str, Any]) -> Robustness:
    shown = robustness_data(example.typed(results))
    assert shown is not None
    return shown


def words(results: dict[str, Any]) -> str:
    return " ".join(data(results).sentences)


def leader_of(results: dict[str, Any]) -> str:
    return str(results["ranking"][0]["name"])


def test_older_results_have_no_section(results: dict[str, Any]) -> None:
    assert results["robustness"] is None
    assert robustness_data(example.typed(results)) is None
    assert 'id="robustness"' not in render(example.typed(results), *pictures(results), "run")


def test_the_leader_is_followed(results: dict[str, Any], found: dict[str, Any]) -> None:
    name = leader_of(results)
    entry = found["makers"][name]
    text = words(results)
    assert text.startswith(
        f"{name}, the leader by validation, is right on {100 * entry['clean']:.1f}%"
    )
    entry["clean"], entry["mean_area"] = 0.5, 0.25
    entry["area"] |= {"blur": 0.99, "shift": 0.01}
    text = words(results)
    assert "is right on 50.0%" in text and "on 25.0% (" in text
    assert "It handles blur best (99.0%) and shift worst (1.0%)." in text
    entry["area"] = dict.fromkeys(entry["area"], 0.25)
    assert "It handles" not in words(results)
    results["decision"]["recommended"] = "Linear"
    assert words(results).startswith("Linear, the recommended model, is right on")
    results["decision"]["recommended"] = "Model-2"
    found["makers"]["Model-2"] = {"rows": 0, "reason": "it is too slow"}
    results["ranking"].sort(key=lambda row: row["name"] != "Model-2")
    assert ", the best by validation of those that could be asked, is right on" in words(results)


def test_the_chapter_says_how_far_it_falls_and_who_handles_what_better(
    results: dict[str, Any], found: dict[str, Any]
) -> None:
    name = leader_of(results)
    found["makers"][name] |= {"clean": 0.9, "mean_area": 0.7}
    found["changes"] = []
    rows = f"{found['makers'][name]['rows']:,}"
    assert found["makers"][name]["rows"] < found["there"]
    said = f"On worse images {name} is right on 70.0% of {rows} images on average instead of 90.0%"
    assert data(results).finding == f"{said}."
    sure = {"value": 0.1, "interval": [0.05, 0.2], "p": 0.001, "p_holm": 0.001}
    change = {
        "ahead": "Linear", "behind": name, "rows": 1000, "clean_beyond_chance": True,
        "clean": sure, "altered": sure,
    }  # fmt: skip
    found["changes"] = [change | {"kind": "noise"}, change | {"kind": "all"}]
    assert data(results).finding == f"{said}; Linear handles noise better."
    found["changes"] = [change | {"kind": "all"}]
    assert data(results).finding.endswith("Linear does better over all kinds together.")
    kinds = ("shift", "noise", "blur", "contrast")
    found["changes"] = [change | {"kind": kind} for kind in kinds]
    assert data(results).finding.endswith("Linear handles 4 of 7 kinds better.")
    page = render(example.typed(results), *pictures(results), "run")
    assert "Linear handles 4 of 7 kinds better." in page
    found["changes"] += [change | {"kind": "noise", "ahead": "Forest"}]
    said = "Linear handles 4 of 7 kinds better, and so does 1 other model on some."
    assert data(results).finding.endswith(said)


def test_who_does_best_and_worst(results: dict[str, Any], found: dict[str, Any]) -> None:
    name, makers = leader_of(results), found["makers"]
    for maker in makers.values():
        maker["mean_area"] = 0.5
    makers["Linear"]["mean_area"], makers["Model-2"]["mean_area"] = 0.7, 0.3
    pair = next(p for p in found["pairs"] if {*p["names"]} == {"Linear", name})
    sign = 1 if pair["names"][0] == "Linear" else -1
    pair["rows"] = found["rows"]
    ends = sorted([sign * 0.1, sign * 0.3])
    pair["all"] |= {"value": sign * 0.2, "interval": ends, "p_holm": 0.01}
    said = (
        f"Linear does best on altered images: 70.0%, +20.0 points (+10.0 to +30.0) against {name};"
    )
    assert f"{said} Model-2 does worst (30.0%)." in words(results)
    pair["all"]["p_holm"], pair["rows"] = 0.2, 200
    assert f"against {name} on 200 images, which may be chance;" in words(results)
    makers[name]["mean_area"] = 0.8
    assert "No model does better than it on altered images; Model-2 does worst" in words(results)


def test_who_passes_the_leader(results: dict[str, Any], found: dict[str, Any]) -> None:
    name = leader_of(results)
    other = "Linear" if name != "Linear" else "Forest"
    sure = {"p": 0.001, "p_holm": 0.001}
    template = {
        "ahead": other, "behind": name, "rows": 1000, "clean_beyond_chance": True,
        "clean": {"value": -0.1, "interval": [-0.2, -0.05]} | sure,
        "altered": {"value": 0.2, "interval": [0.1, 0.3]} | sure,
    }  # fmt: skip
    found["changes"] = [template | {"kind": "blur"}, template | {"kind": "all"}]
    assert (
        f"Behind {name} on clean images, {other} (blur and all together) passes it beyond chance "
        "on altered ones." in words(results)
    )
    shown = data(results)
    assert "In 1 pair of 15" in shown.changes_summary and "in all of them" in shown.changes_summary
    assert shown.changes is not None
    rows = [dict(zip([c.key for c in shown.changes.columns], row, strict=True))
            for row in shown.changes.rows]  # fmt: skip
    assert [row["kind"] for row in rows] == ["Blur", "All kinds"]
    assert (rows[0]["altered"], rows[0]["altered_low"], rows[0]["altered_high"]) == (0.2, 0.1, 0.3)
    assert rows[0]["clean"] == -0.1 and rows[0]["clean_significant"] is True
    found["changes"] = []
    assert f"No model that is behind {name} on clean images passes it" in words(results)
    assert data(results).changes is None and "No two models" in data(results).changes_summary
    many = [template | {"kind": "blur", "ahead": f"M{i}"} for i in range(6)]
    found["changes"] = many
    assert "M0 (blur), M1 (blur), M2 (blur) and 3 other models pass it" in words(results)
    kinds = ("shift", "noise", "blur", "contrast", "all")
    found["changes"] = [template | {"kind": kind} for kind in kinds]
    assert f"{other} (4 kinds and all together) passes it" in words(results)


def test_which_images_and_who_had_fewer(results: dict[str, Any], found: dict[str, Any]) -> None:
    shown = data(results)
    assert shown.remark.startswith("On 1,000 of 5,000 test images, drawn by class, 7 kinds")
    assert "Fewer, the first of these: Model-3 200 and Committee 200." in shown.remark
    assert shown.reasons == ["Model-3: at 4 ms an image, too slow."]
    for maker in list(found["makers"].values())[:5]:
        maker["rows"] = 300
    found["makers"]["Linear"]["rows"] = 700
    assert "6 models saw fewer, the first of these: at least 200." in data(results).remark
    for maker in found["makers"].values():
        maker |= {"rows": 5000, "reason": None}
    found["rows"] = 5000
    shown = data(results)
    assert shown.remark.startswith("On all 5,000 test images, 7 kinds")
    assert "Fewer" not in shown.remark and shown.reasons == []


def test_who_was_not_asked_is_named(results: dict[str, Any]) -> None:
    predictions = {"Linear": made_predictions(TRUTH, 0.8, 0.75)}
    add_robustness(results, predictions, Forest="its model was not stored")
    shown = data(results)
    assert shown.reasons[0] == "Forest was not looked at: its model was not stored."
    assert "Committee was not looked at: its member Model-1" in shown.reasons[1]
    assert shown.sentences[0].startswith("Linear is right on") and len(shown.sentences) == 1
    add_robustness(results, {}, Forest="its model was not stored")
    shown = data(results)
    assert shown.sentences == ["No model could be asked about altered images."]
    assert shown.by_kind is None and shown.finding == "" and robustness_images(shown) == []
    render(example.typed(results), *pictures(results), "run")


def test_a_plot_a_kind_on_one_scale(results: dict[str, Any], found: dict[str, Any]) -> None:
    figure = data(results).by_kind
    assert figure is not None
    for drawing in figure.drawings:
        shown = texts(drawing)
        kinds = ["All kinds", "Shift", "Rotation", "Noise", "Blur", "Contrast", "Inversion",
                 "Occlusion"]  # fmt: skip
        assert [text for text in shown if text in kinds] == kinds
        assert shown.count("100%") >= 8, "every panel has the same scale"
        assert "45°" in shown and shown.count("none") == 8
        assert len(marks(drawing, "marked")) == 8, "the leader on clean images"
    rows = [row for row in figure.data.rows if row[0] == "noise" and row[3] == "Model-1"]
    assert [row[1] for row in rows] == [1, 2, 3, 4, 5]
    assert [row[4] for row in rows] == [0.2] * 5
    low, high = found["makers"]["Model-1"]["intervals"]["noise"][4]
    assert rows[-1][5:] == (low, high)


def test_the_mean_over_all_kinds_is_that_of_the_results(
    results: dict[str, Any], found: dict[str, Any]
) -> None:
    figure = data(results).every
    assert figure is not None
    rows = [row for row in figure.data.rows if row[0] == "Model-1"]
    assert rows[0][2] == 0.9
    assert rows[1][2] == pytest.approx((0.2 + 0.7 + 5 * 0.9) / 7)


def test_the_leader_and_the_best_are_named_and_the_rest_grey(
    results: dict[str, Any], found: dict[str, Any]
) -> None:
    areas = {n: maker["mean_area"] for n, maker in found["makers"].items()}
    named = {leader_of(results), max(areas, key=areas.__getitem__)}
    figure = data(results).every
    assert figure is not None
    for drawing in figure.drawings:
        said = {text.partition(" ")[2] for text in texts(drawing) if "% " in text}
        assert said == named
        assert len(marks(drawing, "line grey")) == 6 - len(named)
        assert "grey" not in marks(drawing, "line")[-1].attrib["class"]
    assert figure.remark == "dashed: clean images; grey: others"


def test_images_are_shown_at_every_strength(results: dict[str, Any], found: dict[str, Any]) -> None:
    shown = data(results).pictures
    assert [row.title for row in shown][:2] == ["Shift", "Rotation"] and len(shown) == 7
    blur = shown[3]
    assert [strength for _, strength in blur.pictures] == ["none", "2%", "3.5%", "5%", "7%", "10%"]
    image = found["image"]
    assert [picture for picture, _ in blur.pictures] == [image["id"], *image["pictures"]["blur"]]


def test_tables_hold_every_figure(results: dict[str, Any], found: dict[str, Any]) -> None:
    shown = data(results)
    assert shown.means is not None and len(shown.means.rows) == 6
    row = next(row for row in shown.means.rows if row[0] == "Model-2")
    entry = found["makers"]["Model-2"]
    assert row[1:4] == (1000, entry["clean"], entry["mean_area"])
    assert row[4:6] == tuple(entry["mean_area_interval"])
    assert row[6:] == tuple(entry["area"].values())
    assert "5°, 10°, 20°, 30° or 45°" in shown.how[1]


def pictures(results: dict[str, Any]) -> tuple[list[str], Any]:
    found = results.get("robustness") or {}
    image = found.get("image")
    ids = [image["id"], *(p for each in image["pictures"].values() for p in each)] if image else []
    ids += results["data"]["samples"]["ids"]
    images = np.random.default_rng(0).integers(0, 256, (len(ids), 8, 8), dtype=np.uint8)
    return ids, images


def test_the_page_shows_it(results: dict[str, Any], found: dict[str, Any]) -> None:
    text = render(example.typed(results), *pictures(results), "run")
    chapter = text.split('<section id="trust"')[1].split("</section>")[0]
    assert chapter.count('id="figure-worse-images"') == 1
    fold = chapter.split('<details class="fold" id="robustness">')[1]
    assert 'id="figure-worse-images-by-kind"' in fold
    assert fold.count('class="thumb x') == 42 and "picture not stored" not in fold
    assert chapter.count("<details") == chapter.count("</details>")


def test_a_single_model_and_two_classes_do(results: dict[str, Any]) -> None:
    only = example.build(example.Plan({"Linear": 3.0}, (), (), ("a", "b")))[0]
    truth = made_truth(100, 2)
    made = made_predictions(truth, 0.8, 0.6)
    found = robustness({"Linear": made}, {}, truth, ("a", "b"))
    assert found is not None
    only["robustness"] = found.as_json()
    shown = data(only)
    assert shown.sentences[0].startswith("Linear is right on 80.0%") and len(shown.sentences) == 1
    assert shown.changes_summary == "" and shown.every is not None
    assert shown.every.remark == "dashed: clean images"
    render(example.typed(only), *pictures(only), "run")
