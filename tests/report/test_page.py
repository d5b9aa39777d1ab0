"""The page as a file: whole, self-contained, safe, and there for every kind of run."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import example
import example_search
import numpy as np
import pytest
from numpy.typing import NDArray

from vestry.errors import DataError
from vestry.report.formatting import whole
from vestry.report.page import render, write_report
from vestry.storage.run_folder import RunFolder

HOSTILE = '</script><img src=x onerror="alert(1)">&\'{{7*7}}'
VOID = {"meta", "link", "img", "br", "path", "input"}


class Reader(HTMLParser):
    """Collects tags, attributes and text, and notices tags that do not close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.text.append(data)

    @property
    def words(self) -> str:
        return re.sub(r"[ \n]+", " ", " ".join(self.text))


def drawn(results: dict[str, Any], images: dict[str, NDArray[Any]]) -> Reader:
    return Reader(
        render(example.typed(results), [str(i) for i in images["ids"]], images["images"], "runs/x")
    )


def page_of(plan: example.Plan | None = None) -> Reader:
    return drawn(*example.build(plan))


def test_write_report_reads_the_run_and_writes_one_file(tmp_path: Path) -> None:
    run = RunFolder(example.write(tmp_path / "run", *example.build()))
    assert write_report(run) == run.report
    text = run.report.read_text(encoding="utf-8")
    reader = Reader(text)
    assert reader.open == []
    assert "A committee of three CNNs" in reader.words
    assert not list(run.path.rglob(".part-*"))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda run: run.results.unlink(), "no results"),
        (lambda run: run.images.unlink(), "no images"),
        (lambda run: run.results.write_text("{"), "damaged"),
        (lambda run: run.results.write_text('{"format": 99}'), "format 99"),
        (lambda run: run.images.write_bytes(b"PK"), "damaged"),
        (lambda run: np.savez(run.images, ids=np.array(["a"])), "damaged"),
        (lambda run: np.savez(run.images, ids=np.array([{}]), images=np.zeros(1)), "damaged"),
    ],
)
def test_missing_and_damaged_files_say_so(
    tmp_path: Path, damage: Callable[[RunFolder], object], words: str
) -> None:
    run = RunFolder(example.write(tmp_path, *example.build(example.Plan(votes=1, samples=3))))
    damage(run)
    with pytest.raises(DataError, match=words):
        write_report(run)
    assert not run.report.exists()


def test_nothing_is_asked_of_the_network() -> None:
    results, images = example.build(example.Plan(reported=example.study_b().reported))
    text = render(
        example.typed(results), [str(i) for i in images["ids"]], images["images"], "runs/x"
    )
    without_data = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]+", "", text)
    # The name of SVG, which no browser looks up.
    without_data = without_data.replace("http://www.w3.org/2000/svg", "")
    assert not re.findall(r"(?:https?:)?//[a-z]", re.sub(r"(?m)^\s*//.*$", "", without_data))
    assert "@import" not in without_data
    for _, attributes in Reader(text).tags:
        assert "src" not in attributes
        target = attributes.get("href")
        assert target is None or target.startswith(("#", "data:"))


def test_same_results_same_page() -> None:
    one, other = (
        render(example.typed(r), list(i["ids"]), i["images"], "x") for r, i in [example.build()] * 2
    )
    again = example.build()
    assert (
        one
        == other
        == render(example.typed(again[0]), list(again[1]["ids"]), again[1]["images"], "x")
    )


def test_names_from_users_are_text_and_never_markup() -> None:
    classes = (HOSTILE, *example.FASHION[1:])
    plan = example.Plan(
        classes=classes,
        strengths={HOSTILE + "m": 3.0, "B": 3.0},
        networks=(HOSTILE + "m",),
        committee=(HOSTILE + "m", "B"),
    )
    results, images = example.build(plan)
    results["title"] = HOSTILE
    results["study"] |= {"text": HOSTILE, "file": HOSTILE}
    results["data"] |= {"used": HOSTILE, "licence": HOSTILE, "fell_back": HOSTILE}
    results["notices"] = [{"level": "warning", "text": HOSTILE}]
    results["failures"] = [{"name": HOSTILE, "seed": 1, "reason": HOSTILE, "details": HOSTILE}]
    results["votes"]["images"][0]["id"] = HOSTILE
    reader = drawn(results, images)
    assert reader.open == []
    assert [tag for tag, _ in reader.tags if tag == "img"] == []
    assert not any("onerror" in attributes for _, attributes in reader.tags)
    scripts = [tag for tag, _ in page_of().tags if tag == "script"]
    assert sum(tag == "script" for tag, _ in reader.tags) == len(scripts)
    assert HOSTILE in reader.words
    assert "49" not in reader.words.split("is ahead")[0]


def in_script(results: dict[str, Any], images: dict[str, NDArray[Any]], name: str) -> Any:
    text = render(example.typed(results), list(images["ids"]), images["images"], "x")
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', text)
    assert found is not None
    return json.loads(found[1])


def test_data_in_the_script_is_readable_json_and_holds_every_stored_mistake() -> None:
    results, images = example.build()
    gallery = in_script(results, images, "gallery-data")
    entries = results["members"] | results["committees"]
    assert [model["name"] for model in gallery["models"]] == [r["name"] for r in results["ranking"]]
    for model in gallery["models"]:
        mistakes = entries[model["name"]]["mistakes"]
        stored = {image for cell in mistakes["cells"] for image in cell["ids"]}
        stored |= {hard["id"] for hard in mistakes["hardest"]}
        shown = [gallery["images"][place] for place in model["mistakes"]]
        assert {image[0] for image in shown} == stored and len(shown) == len(stored)
        for _, truth, _, said in shown:
            label, confidence = said[model["series"]]
            assert label != truth and 0 < confidence <= 1
        assert all(place is not None for _, _, place, _ in shown[:10])


def test_the_gallery_says_how_many_of_how_many() -> None:
    results, images = example.build(
        example.Plan(
            strengths={"Weak": 0.5},
            networks=(),
            committee=(),
            rows=dict.fromkeys(("training", "validation", "test"), 4000),
        )
    )
    mistakes = results["members"]["Weak"]["mistakes"]
    wrong = sum(cell["count"] for cell in mistakes["cells"])
    words = drawn(results, images).words
    assert f"Weak: {whole(wrong)} mistakes" in words
    assert "8 of these, those it was surest of" in words
    stored = {image for cell in mistakes["cells"] for image in cell["ids"]}
    listed = len(stored | {hard["id"] for hard in mistakes["hardest"]})
    caption = in_script(results, images, "tables")["mistakes"]["caption"]
    assert listed < wrong
    assert caption.startswith(f"{whole(listed)} of {whole(wrong)} mistakes of all models")


def test_one_member_without_history_or_committee() -> None:
    words = page_of(example.Plan(strengths={"Only": 3.0}, networks=(), committee=())).words
    assert "It is the only model of this run" in words
    assert "Mean of the members" not in words


def test_failures_only() -> None:
    results, images = example.build()
    results |= {"members": {}, "committees": {}, "ranking": [], "decision": None}
    results["votes"]["images"], results["first_rows"]["probabilities"] = [], {}
    results["failures"] = [
        {"name": "SVC", "seed": 3, "reason": "took longer than 60 s", "details": ""},
        {"name": "Committee", "seed": None, "reason": "a member is missing", "details": ""},
    ]
    words = drawn(results, images).words
    assert "No answer: 2 models failed" in words
    assert "SVC failed: took longer than 60 s" in words
    assert "Committee failed: a member is missing" in words


def test_a_failed_member_is_listed_while_the_others_are_ranked() -> None:
    results, images = example.build()
    results["failures"] = [{"name": "SVC", "seed": 0, "reason": "out of memory", "details": ""}]
    words = drawn(results, images).words
    assert "SVC failed: out of memory" in words
    assert "right on test, 1,000 images, 95% interval" in words


def test_warnings_stand_above_the_title() -> None:
    results, images = example.build()
    results["notices"] = [{"level": "warning", "text": "ran on digits"}]
    results["data"] |= {"used": "digits", "fell_back": "no data and no network"}
    words = drawn(results, images).words
    title = words.index(results["title"], words.index("Skip to the answer"))
    assert words.index("ran on digits") < title
    assert "asked for fashion-mnist and ran on digits: no data and no network" in words


@pytest.mark.parametrize("shape", [(8, 8), (20, 30), (12, 12, 3), (90, 70, 3)])
def test_every_image_shape(shape: tuple[int, ...]) -> None:
    reader = page_of(example.Plan(image_shape=shape, samples=5, votes=2))
    colour = "in colour" if len(shape) > 2 else "in grey"
    assert f"images of {shape[0]} × {shape[1]} pixels {colour}" in reader.words
    assert any("thumb" in (attributes.get("class") or "") for _, attributes in reader.tags)


def test_two_classes() -> None:
    words = page_of(example.Plan(classes=("no", "yes"))).words
    assert "in 2 classes" in words and "Confusion matrix of Forest, test images" in words


def test_sixty_classes_are_listed_as_pairs() -> None:
    plan = example.Plan(classes=tuple(f"kind {n}" for n in range(60)))
    reader = page_of(plan)
    assert "A matrix of 60 classes could not be read" in reader.words
    assert "Confusion matrix of" not in reader.words
    assert "The 12 lowest of 60, then the others\u2019 mean; all are in the CSV" in reader.words
    assert "48 others, mean" in reader.words
    assert "only the most probable" in reader.words


def test_perfect_model_has_no_mistakes_to_show() -> None:
    results, images = example.build(
        example.Plan(strengths={"Sure": 60.0}, networks=(), committee=())
    )
    words = drawn(results, images).words
    assert "Sure makes no mistake on 1,000" in words
    assert "Sure: 0 mistakes" in words and "is taken for" not in words


def test_pictures_that_are_not_stored_leave_a_mark() -> None:
    results, images = example.build(example.Plan(samples=3, votes=1))
    kept = {"ids": images["ids"][:1], "images": images["images"][:1]}
    reader = drawn(results, kept)
    assert any("gone" in (attributes.get("class") or "") for _, attributes in reader.tags)


def test_long_tables_make_the_pictures_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    results, images = example.build()
    whole = render(example.typed(results), list(images["ids"]), images["images"], "x")
    limit = len(whole.encode()) - 20_000
    monkeypatch.setattr("vestry.report.page.PAGE_LIMIT", limit)
    monkeypatch.setattr("vestry.report.page.LEAST_SHEET", 1000)
    text = render(example.typed(results), list(images["ids"]), images["images"], "x")
    assert len(text.encode()) <= limit
    assert "found no room" in text and "found no room" not in whole


@pytest.mark.parametrize(
    "classes", [example.FASHION, tuple(f"A class with quite a long name, {n}" for n in range(25))]
)
def test_twelve_models_stay_under_ten_megabytes(classes: tuple[str, ...]) -> None:
    names = {f"Model {n}": 1.0 + 0.2 * n for n in range(11)}
    plan = example.Plan(
        strengths=names,
        networks=tuple(names),
        committee=tuple(names),
        rows={"training": 3000, "validation": 1000, "test": 5_000},
        image_shape=(32, 32, 3),
        classes=classes,
    )
    results, images = example.build(plan)
    text = render(example.typed(results), list(images["ids"]), images["images"], "x")
    assert len(text.encode()) < 10_000_000
    assert "found no room: this page is kept under 10 MB" in text


def test_sections_of_what_a_run_has_and_no_others() -> None:
    plain = page_of()
    assert not {"search", "cross-validation"} & {a.get("id") for _, a in plain.tags}
    assert (
        "Accuracy over images a class" not in plain.words and "frozen backbone" not in plain.words
    )
    full = drawn(*example_search.build())
    assert full.open == []
    assert {"search", "cross-validation"} <= {a.get("id") for _, a in full.tags}
    for words in (
        "Mean of 5 folds", "Accuracy over images a class",
        "16 variants", "The frozen backbone",
    ):  # fmt: skip
        assert words in full.words


def test_hostile_values_of_a_search_are_text() -> None:
    results, images = example_search.build()
    member = results["members"]["Model-1"]
    example_search.add_search(
        member, space={HOSTILE: {"choose": [HOSTILE, "b"]}, "c": {"between": [1, 2]}}
    )
    for row in member["search"]["trials"]:
        row["reason"] = HOSTILE
    results["members"]["Model-3"]["backbone"] |= {"name": HOSTILE, "why_replaced": HOSTILE}
    results["members"]["Model-2"]["augmentation"]["words"] = [HOSTILE]
    reader = drawn(results, images)
    assert reader.open == []
    assert [tag for tag, _ in reader.tags if tag == "img"] == []
    assert not any("onerror" in attributes for _, attributes in reader.tags)
