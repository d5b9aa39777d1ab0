import numpy as np

from vestry.data.image_set import ImageSet
from vestry.data.summary import save_thumbnails, shrink_note


def image_set(height, width):
    images = np.random.default_rng(0).integers(0, 255, (3, height, width), dtype=np.uint8)
    return ImageSet(images, np.array([0, 1, 0]), ("a", "b"), np.array(["x", "y", "z"]))


def kept(path, rows):
    save_thumbnails([rows], ["z", "x"], path)
    with np.load(path, allow_pickle=False) as file:
        return file["ids"].tolist(), file["images"]


def test_small_images_are_kept_as_they_are_and_nothing_is_said(tmp_path):
    rows = image_set(28, 20)
    ids, images = kept(tmp_path / "images.npz", rows)
    assert ids == ["z", "x"] and np.array_equal(images, rows.images[[2, 0]])
    assert shrink_note(rows.image_shape) == []


def test_large_images_are_made_smaller_and_the_page_says_so(tmp_path):
    rows = image_set(300, 150)
    _, images = kept(tmp_path / "images.npz", rows)
    assert images.shape == (2, 96, 48)
    assert "300 x 150" in shrink_note(rows.image_shape)[0]
