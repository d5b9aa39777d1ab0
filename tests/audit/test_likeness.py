"""One picture saved again in another way is found among photographs; unlike ones are not."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from planted_images import image_set
from vestry.audit import near_duplicates as near
from vestry.audit.audit import audit
from vestry.audit.finding import Finding
from vestry.audit.likeness import can_be_compared, most_alike
from vestry.audit.near_duplicates import near_duplicates
from vestry.audit.outlines import has_outlines, outlines
from vestry.audit.unit_vectors import Directions
from vestry.data.image_set import ImageSet
from vestry.report.sections import findings

SIDE = 32


def photographs(count: int, seed: int, side: int = SIDE) -> np.ndarray:
    """(count, side, side, 3) bytes: fields in which, as in photographs, large things are strong
    and small ones faint, over a sky of one of two colours that many share."""
    random = np.random.default_rng(seed)
    waves = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)) + 1 / side
    noise = random.normal(size=(count, side, side, 3))
    fields = np.fft.ifft2(np.fft.fft2(noise, axes=(1, 2)) / waves[:, :, None] ** 1.3, axes=(1, 2))
    fields = fields.real / np.abs(fields).std()
    fields += np.linspace(2, -2, side)[:, None, None] * random.choice([0.3, 1], (count, 1, 1, 1))
    return np.clip(128 + 35 * fields, 0, 255).astype(np.uint8)


def saved_again(pixels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Cut by a pixel or not, resized, brightened, compressed."""
    side, cut = len(pixels), random.integers(0, 2)
    picture = Image.fromarray(pixels).crop((0, cut, side - cut, side))
    picture = picture.resize((side, side), Image.Resampling.BILINEAR)
    picture = picture.point(lambda value: min(255, int(0.85 * value + 25)))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=60)
    return np.asarray(Image.open(stream))


def found(train: np.ndarray, test: np.ndarray) -> tuple[Finding, dict[str, ImageSet]]:
    sets = {
        name: image_set(images / 255, np.arange(len(images)) % 3, name)
        for name, images in (("train", train), ("test", test))
    }
    directions = {split: Directions.of_images(rows, 0) for split, rows in sets.items()}
    return near_duplicates(sets, directions, "train", "test"), sets


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 999), copies=st.sampled_from([0, 1, 12, 150]))
def test_pictures_saved_again_are_found_and_no_others(seed: int, copies: int) -> None:
    random = np.random.default_rng(seed)
    train, test = photographs(600, seed), photographs(150, 5000 + seed)
    for row in range(copies):
        test[row] = saved_again(train[3 * row], random)
    finding, _ = found(train, test)
    pairs = {group.places[0].row: group.places[1].row for group in finding.groups}
    right = {row: match for row, match in pairs.items() if row < copies and match == 3 * row}
    assert len(pairs) - len(right) <= 1
    assert len(right) >= 0.9 * copies


def test_what_was_found_by_outlines_is_said_with_what_was_to_be_expected() -> None:
    random = np.random.default_rng(1)
    train, test = photographs(600, 1), photographs(150, 2)
    test[4] = saved_again(train[40], random)
    finding, sets = found(train, test)
    told = finding.as_record(sets)
    assert (told.count, told.ids, told.facts["alike"]) == (1, ["test/00004"], 1)
    said = findings.sentence(told, ["a", "b", "c"])
    assert "1 by its outlines" in said and "0.1 pairs of different pictures" in said
    assert "normalised distance" not in said
    test[5] = np.clip(train[50].astype(int) + 1, 0, 255)
    finding, sets = found(train, test)
    said = findings.sentence(finding.as_record(sets), ["a", "b", "c"])
    assert "1 with a normalised distance under 0.1" in said and "1 by its outlines" in said


def test_copies_of_copies_are_found_where_all_images_have_some() -> None:
    """Where the training images are repeated, too, nothing but repeats is usual."""
    random = np.random.default_rng(3)
    first = photographs(150, 3)
    train = np.concatenate([first, *([saved_again(p, random) for p in first],) * 2])
    test = np.array([saved_again(picture, random) for picture in first[:60]])
    finding, _ = found(train, test)
    assert finding.count >= 25


MOVES = {
    "cut by 1 a side": (1, 1, 31, 31),
    "cut by 2 a side": (2, 2, 30, 30),
    "cut by 2 above and right": (0, 2, 30, 32),
    "cut by 3 a side": (3, 3, 29, 29),
    "moved by 2": (2, 0, 34, 32),
    "moved by 2 both ways": (-2, 2, 30, 34),
}


@pytest.mark.parametrize("seed", [1, 2])
def test_pictures_that_were_cut_or_moved_by_a_few_pixels_are_found(seed: int) -> None:
    train, test = photographs(600, seed), photographs(150, 5000 + seed)
    for row in range(10 * len(MOVES)):
        left, above, right, below = list(MOVES.values())[row % len(MOVES)]
        wide = np.pad(train[2 * row], ((4, 4), (4, 4), (0, 0)), mode="edge")
        cut = Image.fromarray(wide).crop((left + 4, above + 4, right + 4, below + 4))
        test[row] = np.asarray(cut.resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    finding, _ = found(train, test)
    pairs = {group.places[0].row: group.places[1].row for group in finding.groups}
    right_ones = [row for row in range(10 * len(MOVES)) if pairs.get(row) == 2 * row]
    assert len(right_ones) >= 0.9 * 10 * len(MOVES)
    assert len(pairs) - len(right_ones) <= 1


def test_where_pairs_are_too_many_for_that_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "_MOST_PAIRS", 1000)
    _, sets = found(photographs(100, 1), photographs(20, 2))
    _, notes = audit(sets, 0, lambda text: None)
    assert any("cut or moved by two pixels or more were not looked for" in note for note in notes)


def test_small_images_and_few_rows_are_not_compared() -> None:
    assert has_outlines((16, 20, 3)) and not has_outlines((15, 40))
    assert can_be_compared(np.empty((64, 2), np.float32))
    finding, _ = found(photographs(40, 1), photographs(30, 2))
    assert finding.facts["alike"] is None and finding.count == 0


def test_an_image_is_most_like_itself() -> None:
    values = outlines(photographs(100, 4).astype(np.float32))
    assert (most_alike(values, values).place == np.arange(100)).all()
    assert np.linalg.norm(values, axis=1) == pytest.approx(1, abs=1e-5)


def test_images_without_outlines_repeat_nothing() -> None:
    flat = np.full((100, SIDE, SIDE, 3), 7, np.uint8)
    assert not outlines(flat.astype(np.float32)).any()
    assert found(photographs(100, 1), flat)[0].count == 0
    assert found(flat, flat)[0].count == 0


@pytest.mark.parametrize("name", ["train", "test"])
def test_the_audit_asks_outlines(name: str) -> None:
    train, test = photographs(600, 8), photographs(80, 9)
    test[0] = saved_again(train[7], np.random.default_rng(0))
    _, sets = found(train, test)
    findings_there, _ = audit(sets, 0, lambda text: None)
    told = [each.as_record(sets) for each in findings_there]
    near = next(each for each in told if each.kind == "near_duplicates")
    shown = {image.id for group in near.groups for image in group.images if image.split == name}
    assert shown == {"train/00007" if name == "train" else "test/00000"}
