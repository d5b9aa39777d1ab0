import base64
import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vestry.report.sprite import LONGEST_SIDE, Sheet, draw_sheet


def pixels(sheet: Sheet) -> NDArray[np.uint8]:
    png = base64.b64decode(sheet.uri.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(png)))


def random_images(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, size=shape, dtype=np.uint8)


@pytest.mark.parametrize("shape", [(7, 8, 8), (7, 5, 9), (1, 28, 28), (6, 10, 12, 3)])
def test_each_image_stands_at_its_place(shape: tuple[int, ...]) -> None:
    images = random_images(*shape)
    ids = [f"i{n}" for n in range(len(images))]
    sheet = draw_sheet(ids, images, list(reversed(ids)))
    drawn = pixels(sheet)
    assert drawn.shape[:2] == (sheet.rows * sheet.height, sheet.columns * sheet.width)
    for image, name in zip(images, ids, strict=True):
        row, column = divmod(sheet.place[name], sheet.columns)
        top, left = row * sheet.height, column * sheet.width
        part = drawn[top : top + sheet.height, left : left + sheet.width]
        assert np.array_equal(part, image)


def test_unknown_and_repeated_ids_take_no_room() -> None:
    sheet = draw_sheet(["a", "b", "c"], random_images(3, 4, 4), ["b", "x", "b", "a"])
    assert sheet.place == {"b": 0, "a": 1}
    assert sheet.left_out == 0


def test_large_images_shrink_and_keep_their_shape() -> None:
    sheet = draw_sheet(["a"], random_images(1, 100, 200, 3), ["a"])
    assert (sheet.height, sheet.width) == (LONGEST_SIDE // 2, LONGEST_SIDE)


def test_a_full_sheet_keeps_the_first_and_counts_the_rest() -> None:
    ids = [f"i{n}" for n in range(400)]
    sheet = draw_sheet(ids, random_images(400, 16, 16), ids, byte_limit=30_000)
    assert len(sheet.uri) < 30_000 * 4 / 3 + 100
    assert sheet.left_out == 400 - len(sheet.place) > 0
    assert list(sheet.place) == ids[: len(sheet.place)]
    assert len(sheet.place) > 80


def test_no_image_at_all() -> None:
    sheet = draw_sheet([], random_images(0, 8, 8), ["a"])
    assert (sheet.place, sheet.left_out) == ({}, 0)
