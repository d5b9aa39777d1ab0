"""The section on what the models look at: sentences follow the numbers, maps are drawn."""

import base64
import io
from typing import Any

import example
import numpy as np
import pytest
from example import typed
from example_explanations import add_explanations
from example_explanations import importance as made_importance
from numpy.typing import NDArray
from PIL import Image

from vestry.report.page import render
from vestry.report.plot.tiles import GREYS, LEVELS, Tile, draw_tiles, palette, tile_places
from vestry.report.sections import attribution_words as sentences
from vestry.report.sections.attribution import Explanation, explanation_data, explanation_images
from vestry.schema import explanations as schema

Run = tuple[dict[str, Any], dict[str, NDArray[Any]], dict[str, NDArray[np.float16]]]


@pytest.fixture
def run() -> Run:
    results, images = example.build()
    maps = add_explanations(results)
    return results, images, maps


def data(results: dict[str, Any]) -> Explanation:
    shown = explanation_data(typed(results))
    assert shown is not None
    return shown


def page(run: Run) -> str:
    results, images, maps = run
    return render(typed(results), list(images["ids"]), images["images"], "x", None, maps)


def maps(entry: dict[str, Any]) -> str:
    return " ".join(sentences.maps("Forest", schema.Explanation.model_validate(entry)))


def importance(**other: Any) -> list[str]:
    made = made_importance()
    most = made["most"] | other.pop("most", {})
    return sentences.importance(schema.Importance.model_validate(made | {"most": most} | other))


def test_no_explanations_no_section(results: dict[str, Any]) -> None:
    assert explanation_data(typed(results)) is None
    assert explanation_data(typed(results | {"explanations": None})) is None
    assert explanation_images(None) == []


def test_every_member_has_a_panel_in_the_order_of_the_ranking(run: Run) -> None:
    results = run[0]
    shown = data(results)
    ranked = [row["name"] for row in results["ranking"] if row["kind"] == "member"]
    assert [model.model.name for model in shown.models] == ranked
    linear = next(m for m in shown.models if m.weights)
    assert [name for name, _ in linear.weights] == results["data"]["classes"]
    assert linear.weights_remark and "on 199 of 200 validation images" in linear.weights_remark


def test_the_lead_says_whose_answers_a_patch_changes(run: Run) -> None:
    results = run[0]
    sample = results["votes"]["images"][:6]
    entries = results["explanations"]
    shared = set.intersection(*({i["id"] for i in e["images"]} for e in entries.values()))
    shared &= {image["id"] for image in sample}
    for place, entry in enumerate(entries.values()):
        for image in entry["images"]:
            image["changed"] = 0.1 if image["id"] in shared and place == 2 else 0.0
    names = list(entries)
    lead = data(results).lead
    assert lead and f"the {len(shared)} images of the sample" in lead
    assert f"most often for {names[2]} (on {len(shared)})" in lead and "7 × 7 pixels" in lead
    for entry in entries.values():
        for image in entry["images"]:
            image["changed"] = 0.0
    assert "changes the answer on none for every model" in (data(results).lead or "")
    entries[names[0]]["settings"] = entries[names[0]]["settings"] | {"stride": 7}
    assert "7 × 7" not in (data(results).lead or "")
    for name in names[1:]:
        del entries[name]
    assert data(results).lead is None


def test_a_members_sentences_follow_its_numbers(run: Run) -> None:
    entry = run[0]["explanations"]["Forest"]
    said = maps(entry)
    assert "covering 7 × 7 pixels costs Forest’s answer 40.0 points" in said
    assert "40.0% of the loss lies in the middle of the picture, in 25.0% of its area." in said
    entry["summary"] |= {"peak": 0.123, "changed": 0, "middle": None}
    said = maps(entry)
    assert "12.3 points" in said and "on none of them" in said and "middle" not in said
    assert maps(entry | {"summary": None}) == ""


def test_neighbours_are_counted_by_their_labels() -> None:
    near = [schema.NearImage(id="i", label=label, distance=0.5) for label in (2, 2, 1)]
    mistake = schema.NearestImages(id="m", truth=1, predicted=2, images=near)
    assert sentences.nearest([mistake] * 2) == (
        "Of the 6 training images most like the 2 mistakes that it was surest of, 4 have the class "
        "that it said, 2 the true one."
    )
    assert sentences.nearest([]) is None


def test_importance_is_told_with_its_rows_its_blocks_and_what_was_seen() -> None:
    said = " ".join(importance())
    assert "Each pixel was exchanged among 400 of 1,000 validation images" in said
    assert "row 4, column 5 is worth most: 1.2 points" in said and "+0.8 points of accuracy" in said
    assert "50 of 64 pixels cost no accuracy" in said and "learnt from" not in said
    other = importance(block=2, seen=True, of=400)
    assert "block of 2 × 2 pixels" in other[1] and "among 400 validation images" in other[0]
    assert "learnt from these images" in other[-1]
    none = importance(most={"probability": 0.0})
    assert none[-1] == "No pixel costs the true class any of its mean probability."


def test_what_was_cut_and_what_failed_stand_in_the_panel(run: Run) -> None:
    entries = run[0]["explanations"]
    entries["Forest"] |= {"limited": "There was time for 3 of 12 images in 2 s."}
    entries["Linear"] |= {
        "reason": "its model was not stored", "images": [], "summary": None, "settings": None,
        "method": None, "weights": None,
    }  # fmt: skip
    remarks = {model.model.name: model.remarks for model in data(run[0]).models}
    assert remarks["Forest"] == ["There was time for 3 of 12 images in 2 s."]
    assert remarks["Linear"] == ["Not looked into: its model was not stored."]
    linear = next(m for m in data(run[0]).models if m.model.name == "Linear")
    assert linear.sentences == [] and linear.mistakes and linear.mistakes[0].tile is None
    assert "There was time for 3 of 12 images" in page(run)


def test_the_page_draws_every_map_once_and_shows_every_neighbour(run: Run) -> None:
    text = page(run)
    assert "not drawn" not in text and "found no room" not in text
    assert text.count('id="explanation"') == 1
    wanted = set(explanation_images(data(run[0])))
    assert {image for e in run[0]["explanations"].values() for m in e["nearest"] for image in
            [m["id"], *(n["id"] for n in m["images"])]} <= wanted  # fmt: skip
    # Without the file the words stay, and say that the pictures are not there.
    bare = render(typed(run[0]), list(run[1]["ids"]), run[1]["images"], "x")
    assert "not drawn" in bare


def test_colours_say_which_way_and_grey_shows_the_image() -> None:
    values = np.array([[0.5, -0.5], [0.0, 0.25]])
    places = tile_places(values, np.array([[0, 255], [255, 255]], np.uint8), 0.5)
    colours = [[palette()[place] for place in row] for row in places.tolist()]
    red, _, blue = colours[0][0]
    assert red > blue  # orange
    red, _, blue = colours[0][1]
    assert blue > red
    red, green, blue = colours[1][0]
    assert red == green == blue > 240  # nothing over white
    assert colours[1][1][0] > colours[1][1][2]
    assert len(palette()) == GREYS * (2 * LEVELS + 1) <= 256


def test_weak_maps_are_not_made_to_look_strong_and_weights_share_a_scale() -> None:
    maps = {
        "weak": np.full((4, 4), 0.001, np.float16),
        "w/0": np.full((4, 4), 2.0, np.float16),
        "w/1": np.full((4, 4), 1.0, np.float16),
    }
    tiles = [Tile("weak", None, "weak", 0.02), Tile("w/0", None, "w"), Tile("w/1", None, "w")]
    sheet = draw_tiles([*tiles, Tile("missing", None, "x")], maps, {})
    assert list(sheet.place) == ["weak", "w/0", "w/1"]
    png = Image.open(io.BytesIO(base64.b64decode(sheet.uri.partition(",")[2])))
    pixels = np.asarray(png.convert("RGB"))
    weak, full, half = (
        pixels[4 * (place // sheet.columns), 4 * (place % sheet.columns)] for place in range(3)
    )
    assert (weak == weak[0]).all()
    assert tuple(full) == palette()[-1] and tuple(half) == palette()[-1 - LEVELS // 2]


def test_twelve_models_with_large_maps_stay_under_a_megabyte() -> None:
    random = np.random.default_rng(0)
    maps = {f"{n}": random.normal(size=(64, 64)).astype(np.float16) for n in range(12 * 12)}
    images = {n: random.integers(0, 256, (64, 64, 3), dtype=np.uint8) for n in maps}
    sheet = draw_tiles([Tile(n, n, n) for n in maps], maps, images)
    assert len(sheet.uri) < 1_000_000
    assert len(sheet.place) + sheet.left_out == 144
