"""The section on the images: what it shows is what was found, and its sentences follow."""

import base64
import io
import re
from typing import Any

import example
import numpy as np
import pytest
from example import typed
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from test_page import Reader

from planted_images import CLASSES, clean_sets
from vestry.audit.exploration import Exploration, explore
from vestry.audit.settings import ExplorationSettings
from vestry.report.contents import page_data, wanted_images
from vestry.report.page import render
from vestry.report.plot.heat_map import heat_map_uri, palette
from vestry.report.plot.scatter import Box, Cloud, apart, scatter
from vestry.report.sections import class_map as section
from vestry.report.sections import finding_images, findings
from vestry.report.sections.checklist import Checklist, checklist_data
from vestry.report.sections.found_images import found_images, repeated_images
from vestry.report.table import as_csv
from vestry.schema.exploration import Finding, Overlap

KINDS = {
    "duplicates_within": {},
    "duplicates_across": {},
    "label_conflict": {},
    "near_duplicates": {"threshold": 0.1, "median": 0.4, "other_label": 1, "compared_with": 5000},
    "bursts": {
        "pattern": "(.*)_[0-9]+", "runs": 7, "longest": 30, "share": 0.9, "chance": 0.1,
        "parted": 12, "kept": False,
    },
    "far_from_class": {
        "threshold": 6.0, "neighbours": 5, "least_rows": 20, "classes_skipped": [2],
    },
    "blank": {},
    "missing": {"possible": True, "values": 17},
    "small_classes": {"threshold": 20, "classes": [{"label": 1, "rows": 7}]},
    "absent_classes": {"classes": [{"label": 1, "rows": 0}]},
    "unbalanced": {"threshold": 2.0, "ratio": 3.5, "smallest": 2, "largest": 0},
    "constant_pixels": {},
}  # fmt: skip


@pytest.fixture(scope="module")
def explored() -> Exploration:
    return explore(clean_sets(), ExplorationSettings(sample=60), lambda event: None)


@pytest.fixture
def looked(explored: Exploration, results: dict[str, Any]) -> dict[str, Any]:
    return results | {"exploration": explored.results}


def finding(
    kind: str, count: int, splits: tuple[str, ...] = ("train", "test"), **other: Any
) -> Finding:
    return Finding.model_validate(
        {
            "kind": kind,
            "splits": list(splits),
            "severity": "low",
            "count": count,
            "of": 4321,
            "facts": KINDS[kind],
            "groups": [],
            "groups_found": 0,
            "ids": None,
            **other,
        }
    )


def test_a_run_without_exploration_has_no_section(results: dict[str, Any]) -> None:
    assert page_data(typed(results)).exploration is None
    _, images = example.build()
    text = render(typed(results), list(images["ids"]), images["images"], "x")
    assert 'id="exploration"' not in text and "#exploration" not in text
    text = render(
        typed(results | {"exploration": None}), list(images["ids"]), images["images"], "x"
    )
    assert 'id="exploration"' not in text


def test_the_folds_stand_under_the_data_with_a_heat_map(
    looked: dict[str, Any], explored: Exploration
) -> None:
    _, images = example.build()
    text = render(
        typed(looked),
        list(images["ids"]),
        images["images"],
        "x",
        heat_map_uri(explored.correlation),
    )
    reader = Reader(text)
    assert reader.open == []
    order = ("data", "duplicates", "unusual", "class-map", "splits", "exploration", "making")
    places = [text.index(f'id="{name}"') for name in order]
    assert places == sorted(places)
    assert sum(tag == "img" for tag, _ in reader.tags) == 1
    assert reader.words.count("Looked for and not found") == 2
    for name in CLASSES:
        assert name in reader.words
    without = Reader(render(typed(looked), list(images["ids"]), images["images"], "x"))
    assert "The matrix was not stored with this run." in without.words


def test_its_pictures_are_wanted(looked: dict[str, Any], explored: Exploration) -> None:
    wanted = set(wanted_images(page_data(typed(looked))))
    assert set(explored.ids) <= wanted
    assert {i for ids in explored.results.samples.ids for i in ids} <= wanted
    assert list(found_images(None)) == []


def checked(looked: dict[str, Any], *entries: Finding, **other: Any) -> Checklist:
    found = looked["exploration"].model_copy(update={"findings": list(entries)})
    return checklist_data(typed(looked | {"exploration": found} | other))


NO_DOUBTS = {"doubts": {"training": None, "validation": None, "test": None}, "leaks": None}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "constant_pixels"])
def test_the_checklist_has_a_sign_and_a_word_for_every_kind(
    looked: dict[str, Any], kind: str
) -> None:
    (nothing,) = checked(looked, finding(kind, 0), **NO_DOUBTS).checks
    assert (nothing.state, nothing.anchor, nothing.sign) == ("ok", None, "\u2713")
    assert "3" not in nothing.found or kind in ("unbalanced", "small_classes", "absent_classes")
    (low,) = checked(looked, finding(kind, 23), **NO_DOUBTS).checks
    assert low.state == "look" and low.anchor is not None and low.sign != nothing.sign
    assert "23 of 4,321" in low.found or kind == "unbalanced"
    (bad,) = checked(looked, finding(kind, 23, severity="high"), **NO_DOUBTS).checks
    assert bad.state == "warning" and len({bad.sign, low.sign, nothing.sign}) == 3


def test_the_heading_tells_the_worst(looked: dict[str, Any]) -> None:
    def worst(*entries: Finding) -> str | None:
        return checked(looked, *entries, **NO_DOUBTS).worst

    near = finding("near_duplicates", 18)
    assert worst(near) == "18 test images almost repeat train images"
    assert worst(finding("near_duplicates", 1)) == "1 test image almost repeats train images"
    assert worst(near, finding("far_from_class", 999)) == worst(near)
    assert worst(near, finding("blank", 2, severity="high")) == "2 images of one colour"
    other = finding("near_duplicates", 99, splits=("train", "validation"))
    assert worst(other, near) == worst(near), "what touches the test figures comes first"
    assert worst(finding("blank", 0)) is None
    assert worst(finding("unbalanced", 1)) == "T-shirt/top has 3.5 times the images of Pullover"


def test_leaks_are_in_the_checklist_without_a_look_at_the_data(results: dict[str, Any]) -> None:
    shared = {"splits": ("training", "test"), "count": 3, "of": 1000}
    leaks = results["leaks"] | {"shared": [shared]}
    found = checklist_data(typed(results | {"leaks": leaks, "exploration": None}))
    first = found.checks[0]
    assert (first.what, first.state) == ("Exact duplicates between splits", "warning")
    assert "3 of 1,000 test" in first.found
    assert found.worst == "3 test images repeat training images"


def test_every_pair_and_every_leaked_id_can_be_taken_home(looked: dict[str, Any]) -> None:
    pair = [{"id": "t/1", "split": "test", "label": 0}, {"id": "a/2", "split": "train", "label": 2}]
    entry = finding(
        "near_duplicates", 2, ids=["t/1", "t/9"], groups_found=2,
        groups=[{"images": pair, "found": 2, "value": 0.031}],
    )  # fmt: skip
    looked["exploration"] = looked["exploration"].model_copy(update={"findings": [entry]})
    shown = repeated_images(typed(looked))
    assert shown is not None
    pairs, ids = shown.tables
    assert as_csv(pairs).splitlines()[1] == "near_duplicates,t/1,test,bars,a/2,train,waves,0.031"
    assert "the first groups" in pairs.caption
    assert [row[0] for row in ids.rows] == ["t/1", "t/9"] and "all of them" in ids.caption


@pytest.mark.parametrize("kind", KINDS)
def test_each_finding_follows_its_numbers(kind: str) -> None:
    one, many = (findings.sentence(finding(kind, n), list(CLASSES)) for n in (1, 23))
    assert one.startswith("1 of 4,321 ") and many.startswith("23 of 4,321 ")
    assert one != many.replace("23 of", "1 of", 1) or kind in ("label_conflict",)
    for text in (one, many, findings.title(finding(kind, 1))):
        assert "{" not in text.partition("groups = {")[0] and "  " not in text
    assert "4,321" in findings.nothing(finding(kind, 0), list(CLASSES)) or kind == "unbalanced"


def test_facts_of_findings_are_said() -> None:
    names = list(CLASSES)

    def said(kind: str) -> str:
        return findings.sentence(finding(kind, 2), names)

    assert "1 pair of these has two labels" in said("near_duplicates")
    assert "under 0.1, where the median is 0.40" in said("near_duplicates")
    assert "Not looked at, with fewer than 20 images: waves." in said("far_from_class")
    assert "17 values in all" in said("missing")
    assert "rings (7)" in said("small_classes") and "rings." in said("absent_classes")
    assert "3.5 times as many as waves" in said("unbalanced")
    bytes_only = finding("missing", 0, facts={"possible": False})
    assert "none possible" in findings.nothing(bytes_only, names)
    capped = finding(
        "blank", 9, groups=[{"images": [], "found": 0, "value": None}] * 4, groups_found=9
    )
    assert finding_images.shown(capped) == "The first 4 of 9 are shown."
    assert finding_images.shown(finding("blank", 0)) is None


def overlap(*pairs: tuple[int, int, float]) -> Overlap:
    return Overlap.model_validate(
        {
            "neighbours": 10,
            "dimensions": 50,
            "own": [0.9, 0.4, None, 0.7],
            "pairs": [{"classes": [i, j], "shared": 9, "share": share} for i, j, share in pairs],
        }
    )


def test_the_overlap_sentence_follows_the_counts() -> None:
    found = overlap((1, 3, 0.25), (0, 1, 0.05))
    text = section.overlap(found, ["a", "b", "c", "d"])
    assert text.startswith("b and d overlap most") and "25.0%" in text and "a and b (5.0%)" in text
    assert "a keeps to itself most, with 90.0%" in text and "b least, with 40.0%" in text
    assert "No image" in section.overlap(overlap(), ["a", "b", "c", "d"])


def test_two_labels_in_one_group_are_marked(looked: dict[str, Any]) -> None:
    pair = [{"id": "a", "split": "train", "label": 0}, {"id": "b", "split": "test", "label": 2}]
    groups = [{"images": pair, "found": 2, "value": 0.0312}]
    entry = finding("near_duplicates", 1, groups=groups, groups_found=1)
    looked["exploration"] = looked["exploration"].model_copy(update={"findings": [entry]})
    shown = repeated_images(typed(looked))
    assert shown is not None
    (group,) = shown.found[0].groups
    assert group.conflict and group.value == "distance 0.031"
    assert [image.words for image in group.images] == ["bars", "waves"]
    assert shown.not_found == []
    assert list(found_images(shown)) == ["a", "b"]


def cloud(points: dict[str, list[float]], labels: list[int], coloured: list[int]) -> Cloud:
    return Cloud(points["x"], points["y"], labels, list(CLASSES), coloured, ("one", "two"))


def dots_of(drawing: str) -> list[tuple[str, float, float]]:
    paths = re.findall(r'<path class="line dots (\S+) k\d+" d="([^"]*)"', drawing)
    return [
        (style, float(x), float(y))
        for style, path in paths
        for x, y in re.findall(r"M([\d.]+) ([\d.]+)h0", path)
    ]


def test_a_scatter_holds_every_point_and_names_every_class() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 500).tolist()
    points = {"x": random.normal(0, 30, 500).tolist(), "y": random.normal(0, 10, 500).tolist()}
    drawn = scatter("map", "Map", cloud(points, labels, [0, 1, 2]), "")
    for width, drawing in zip((320, 640), drawn.drawings, strict=True):
        dots = dots_of(drawing)
        assert len(dots) == 500 and {style for style, _, _ in dots} == {"p0", "p1", "p2"}
        across = sorted(x for _, x, _ in dots)
        assert across[0] == pytest.approx(12, abs=0.2)
        assert across[-1] == pytest.approx(width - 12, abs=0.2)
        for name in CLASSES:
            assert f">{name}</text>" in drawing
    assert len(drawn.data.rows) == 500 and drawn.data.rows[0][1] == points["x"][0]
    some = scatter("map", "Map", cloud(points, labels, [1]), "").drawings[0]
    assert {style for style, _, _ in dots_of(some)} == {"p0", "rest"}
    assert ">rings</text>" in some and ">bars</text>" not in some


def test_up_is_up() -> None:
    drawn = scatter("map", "Map", cloud({"x": [0.0, 0.0], "y": [0.0, 5.0]}, [0, 1], [0, 1]), "")
    (_, _, low), (_, _, high) = dots_of(drawn.drawings[0])
    assert high < low


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.tuples(st.floats(0, 320), st.floats(0, 215), st.floats(15, 74)),
        min_size=1,
        max_size=10,
    )
)
def test_names_are_moved_apart_and_stay_inside(places: list[tuple[float, float, float]]) -> None:
    """Ten names, on the lowest field that a map has."""
    boxes = apart([Box(x, y, half, 9.5) for x, y, half in places], 320, 215)
    for box in boxes:
        assert box.half_width <= box.x <= 320 - box.half_width
        assert box.half_height <= box.y <= 215 - box.half_height
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            across = one.half_width + other.half_width - abs(one.x - other.x)
            down = one.half_height + other.half_height - abs(one.y - other.y)
            assert min(across, down) <= 0.1


def test_of_many_classes_those_that_overlap_are_coloured() -> None:
    labels = list(range(30))
    found = overlap((25, 7, 0.2), (7, 19, 0.1))
    coloured = section.coloured_classes(found, labels)
    assert {7, 19, 25} <= set(coloured) and len(coloured) == 10 and coloured == sorted(coloured)
    assert section.coloured_classes(found, [4, 4, 2]) == [2, 4]
    assert "10 that share most" in str(section.colours(10, 30))
    assert section.colours(3, 3) is None


def test_a_heat_map_has_the_colours_of_its_values() -> None:
    matrix = np.array([[100, -100, 0], [50, -128, 1], [-50, 100, 100]], np.int8)
    uri = heat_map_uri(matrix)
    stored = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    picture = np.asarray(Image.open(io.BytesIO(stored)).convert("RGB"))
    shades = palette()
    assert len(shades) == 34
    expected = [[32, 0, 16], [24, 33, 16], [8, 32, 32]]
    for row in range(3):
        for column in range(3):
            assert tuple(picture[row, column]) == shades[expected[row][column]]
