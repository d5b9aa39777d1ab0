"""The section on worse images: its figures, and sentences that follow the numbers."""

import re
from typing import Any

import example
import numpy as np
import pytest
from example_robustness import TRUTH, add_robustness

from made_corruptions import made_predictions, made_truth
from vestry.evaluation.robustness import robustness
from vestry.report.page import render
from vestry.report.sections.robustness import Robustness, robustness_data, robustness_images


@pytest.fixture
def found(results: dict[str, Any]) -> dict[str, Any]:
    """The leader of the example is its committee, whose best member is Model-1."""
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
    assert "It bears blur best (99.0%) and shift worst (1.0%)." in text
    entry["area"] = dict.fromkeys(entry["area"], 0.25)
    assert "It bears" not in words(results)
    results["ranking"].append(results["ranking"].pop(0))
    assert not words(results).startswith(name)


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
    (change,) = shown.changes
    assert change.altered == ["Blur +20.0 (+10.0 to +30.0)", "All kinds +20.0 (+10.0 to +30.0)"]
    assert change.clean == "\u221210.0 (\u221220.0 to \u22125.0)"
    found["changes"] = []
    assert f"No model that is behind {name} on clean images passes it" in words(results)
    assert data(results).changes == [] and "No two models" in data(results).changes_summary
    many = [template | {"kind": "blur", "ahead": f"M{i}"} for i in range(6)]
    found["changes"] = many
    assert "M0 (blur), M1 (blur), M2 (blur) and 3 other models pass it" in words(results)
    kinds = ("shift", "noise", "blur", "contrast", "all")
    found["changes"] = [template | {"kind": kind} for kind in kinds]
    assert f"{other} (4 kinds and all together) passes it" in words(results)


def test_which_images_and_who_had_fewer(results: dict[str, Any], found: dict[str, Any]) -> None:
    shown = data(results)
    assert shown.remark.startswith(
        "On 1\u202f000 of 5\u202f000 test images, drawn by class, 7 kinds"
    )
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
    assert shown.remark.startswith("On all 5\u202f000 test images, 7 kinds")
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
    assert shown.panels == [] and robustness_images(shown) == []
    render(example.typed(results), *pictures(results), "run")


def test_a_plot_a_kind_on_one_scale(results: dict[str, Any], found: dict[str, Any]) -> None:
    shown = data(results)
    titles = [panel.drawing.curves.title for panel in shown.panels]
    assert titles[:3] == ["All kinds", "Shift", "Rotation"] and len(titles) == 8
    ticks = {tuple(tick.text for tick in panel.drawing.y_ticks) for panel in shown.panels}
    assert len(ticks) == 1
    noise = shown.panels[3].drawing.curves
    line = next(line for line in noise.lines if line.name == "Model-1")
    assert line.values == [0.9, *[0.2] * 5]
    mean = next(line for line in shown.panels[0].drawing.curves.lines if line.name == "Model-1")
    assert mean.values[1] == pytest.approx((0.2 + 0.7 + 5 * 0.9) / 7)
    blur = shown.panels[4]
    assert [p.strength for p in blur.pictures] == ["none", "2%", "3.5%", "5%", "7%", "10%"]
    assert [p.place for p in blur.pictures] == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert [p.strength for p in shown.panels[2].pictures][-1] == "45°"


def test_leader_best_and_worst_are_named_and_the_rest_grey(
    results: dict[str, Any], found: dict[str, Any]
) -> None:
    shown = data(results)
    named = set(shown.panels[0].drawing.curves.named)
    areas = {n: maker["mean_area"] for n, maker in found["makers"].items()}
    assert named == {leader_of(results), max(areas, key=areas.__getitem__), "Model-2"}
    for panel in shown.panels:
        drawing = panel.drawing
        assert len(drawing.labels) == len(drawing.leaders) == len(named)
        assert sum(style == "other" for _, style in drawing.paths) == 6 - len(named)
        assert len(drawing.paths) == 6 and drawing.paths[-1][1] != "other"
    assert shown.others == f"Grey: the {6 - len(named)} other models."


def test_tables_hold_every_figure(results: dict[str, Any], found: dict[str, Any]) -> None:
    shown = data(results)
    assert shown.means is not None and len(shown.means.rows) == 6
    row = next(row for row in shown.means.rows if row[0] == "Model-2")
    assert row[1:3] == ["1\u202f000", "70.0%"] and row[4:] == ["30.0%"] * 7
    assert len(shown.tables) == 7 and len(shown.tables[0].heads) == 7
    noise = next(table for table in shown.tables if table.title == "Noise")
    row = next(row for row in noise.rows if row[0] == "Model-1")
    low, high = found["makers"]["Model-1"]["intervals"]["noise"][4]
    assert row[-1] == f"20.0% ({100 * low:.1f} to {100 * high:.1f})"
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
    section = text.split('<section id="robustness"')[1].split("</section>")[0]
    assert 'href="#robustness"' in text
    assert section.count('<figure class="plot">') == 8
    assert section.count('class="thumb"') == 42 and "picture not stored" not in section
    assert len(re.findall(r"<table", section)) == 9
    assert section.count("<details") == section.count("</details>") == 10
    assert 'aria-label="Accuracy over strength, noise' in section


def test_a_single_model_and_two_classes_do(results: dict[str, Any]) -> None:
    only = example.build(example.Plan({"Linear": 3.0}, (), (), ("a", "b")))[0]
    truth = made_truth(100, 2)
    made = made_predictions(truth, 0.8, 0.6)
    found = robustness({"Linear": made}, {}, truth, ("a", "b"))
    assert found is not None
    only["robustness"] = found.as_json()
    shown = data(only)
    assert shown.sentences[0].startswith("Linear is right on 80.0%") and len(shown.sentences) == 1
    assert shown.changes_summary == "" and shown.others == ""
    render(example.typed(only), *pictures(only), "run")
