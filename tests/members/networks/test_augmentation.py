"""Each alteration does what its name says."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import ndimage

from vestry.errors import MemberError
from vestry.members.networks.alterations import Augmentation
from vestry.members.networks.augmentation import (
    DRAWS,
    Augmenter,
    filling,
    flipped,
    moved,
    padded_and_cropped,
    variants,
)
from vestry.members.networks.erasing import ASPECT, ERASED


def pictures(count, height=20, width=20, channels=1, seed=0):
    values = np.random.default_rng(seed).random((count, height, width, channels))
    return torch.from_numpy(values.astype(np.float32))


def blob(height=32, width=32):
    """A smooth, lopsided picture with a black margin: interpolation has an easy time with it."""
    y, x = np.mgrid[:height, :width]
    picture = np.exp(-(((y - 13) / 4) ** 2 + ((x - 18) / 3) ** 2))
    picture += 0.6 * np.exp(-(((y - 19) / 2) ** 2 + ((x - 12) / 4) ** 2))
    return picture.astype(np.float32)


def altered(images, seed=0, mean=None, **given):
    augmenter = Augmenter(Augmentation(**given), tuple(images.shape[1:]), mean)
    random = np.random.default_rng(seed)
    drawn = augmenter.draw(random, len(images))
    return augmenter.apply(images.clone(), drawn, random), drawn


def column(drawn, name):
    return drawn[:, DRAWS.index(name)].numpy()


def numbers(*values):
    return torch.tensor(values, dtype=torch.float64)


def test_flip_exchanges_left_and_right_in_half_of_the_images():
    images = pictures(400, channels=3)
    found, drawn = altered(images, horizontal_flip=True)
    chosen = column(drawn, "flip") < 0.5
    assert 150 < chosen.sum() < 250
    mirrored = images.numpy()[:, :, ::-1]
    expected = np.where(chosen[:, None, None, None], mirrored, images.numpy())
    assert np.array_equal(found.numpy(), expected)
    again = flipped(flipped(images.clone(), torch.ones(400)), torch.ones(400))
    assert torch.equal(again, images)


@pytest.mark.parametrize(("down", "right"), [(0, 0), (3, 0), (0, -2), (-4, 5), (19, 1), (0, 40)])
def test_shift_by_whole_pixels_moves_every_pixel_and_zeros_come_in(down, right):
    images = pictures(2, 20, 30)
    ones, none = torch.ones(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)
    found = moved(images, none, ones, down * ones, right * ones)
    expected = ndimage.shift(images.numpy(), (0, down, right, 0), order=0)
    assert np.abs(found.numpy() - expected).max() < 2e-5


def test_shift_by_half_a_pixel_is_the_mean_of_two():
    images = pictures(1)
    found = moved(images, numbers(0), numbers(1), numbers(0), numbers(0.5))
    expected = (images[:, :, 1:] + images[:, :, :-1]) / 2
    assert (found[:, :, 1:] - expected).abs().max() < 1e-5
    assert (found[:, :, 0] - images[:, :, 0] / 2).abs().max() < 1e-5


@pytest.mark.parametrize("degrees", [10, -33.5, 77, 150])
def test_rotation_is_scipys(degrees):
    picture = blob()
    found = moved(
        torch.from_numpy(picture)[None, ..., None], numbers(degrees), *map(numbers, (1, 0, 0))
    )
    expected = ndimage.rotate(picture, degrees, reshape=False, order=1)
    assert np.abs(found.numpy()[0, ..., 0] - expected).max() < 1e-4
    assert np.abs(found.numpy()[0, ..., 0] - picture).max() > 0.2


def test_a_quarter_turn_moves_pixels_onto_pixels():
    images = pictures(1, channels=3)
    found = moved(images, numbers(90), *map(numbers, (1, 0, 0)))
    assert np.abs(found.numpy()[0] - np.rot90(images.numpy()[0])).max() < 1e-4


def test_rotation_does_not_shear_an_oblong_image():
    picture = blob(32, 44)
    found = moved(torch.from_numpy(picture)[None, ..., None], numbers(25), *map(numbers, (1, 0, 0)))
    expected = ndimage.rotate(picture, 25, reshape=False, order=1)
    assert np.abs(found.numpy()[0, ..., 0] - expected).max() < 1e-4


@pytest.mark.parametrize("zoom", [0.7, 1.25])
def test_zoom_is_scipys_and_keeps_the_centre(zoom):
    picture = blob()
    found = moved(
        torch.from_numpy(picture)[None, ..., None], numbers(0), *map(numbers, (zoom, 0, 0))
    )
    centre = np.array([15.5, 15.5])
    expected = ndimage.affine_transform(
        picture, np.eye(2) / zoom, offset=centre - centre / zoom, order=1
    )
    assert np.abs(found.numpy()[0, ..., 0] - expected).max() < 1e-4
    assert found.sum() == pytest.approx(picture.sum() * zoom**2, rel=0.03)


def test_turn_and_zoom_come_before_the_shift():
    picture = torch.from_numpy(blob())[None, ..., None]
    at_once = moved(picture, numbers(20), numbers(0.8), numbers(3), numbers(-2))
    turned = moved(picture, numbers(20), numbers(0.8), numbers(0), numbers(0))
    in_turn = moved(turned, numbers(0), numbers(1), numbers(3), numbers(-2))
    assert (at_once - in_turn).abs().max() < 1e-4


def test_pad_and_crop_is_a_crop_of_the_padded_image():
    images = pictures(300, 9, 11, 3)
    found, drawn = altered(images, pad_crop=4)
    padded = np.pad(images.numpy(), ((0, 0), (4, 4), (4, 4), (0, 0)))
    top, left = (np.floor(9 * column(drawn, side)).astype(int) for side in ("top", "left"))
    for row in range(300):
        crop = padded[row, top[row] : top[row] + 9, left[row] : left[row] + 11]
        assert np.array_equal(found[row].numpy(), crop)
    assert set(top) == set(left) == set(range(9))
    corner = padded_and_cropped(images, 4, torch.full((300,), 4), torch.full((300,), 4))
    assert torch.equal(corner, images)


@pytest.mark.parametrize("shape", [(28, 28, 1), (16, 40, 3)])
def test_erasing_leaves_all_but_one_rectangle_of_the_size_that_the_paper_gives(shape):
    images = torch.full((600, *shape), 2.0)  # noise is in [0, 1], so a changed value shows
    found, drawn = altered(images, erasing=0.25)
    gone = (found != 2).numpy()
    assert (found[torch.from_numpy(gone)] <= 1).all()
    changed = gone.any(axis=(1, 2, 3))
    assert np.array_equal(changed, column(drawn, "erase") < 0.25) and 110 < changed.sum() < 190
    height, width, _ = shape
    for mask in gone[changed]:
        rows, columns = np.flatnonzero(mask.any((1, 2))), np.flatnonzero(mask.any((0, 2)))
        tall, wide = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
        assert mask.sum() == tall * wide * shape[2]  # a whole rectangle
        low, high = (part * height * width for part in ERASED)
        slack = (tall + wide + 1) / 2  # its sides are rounded
        assert low - slack <= tall * wide <= high + slack
        assert (tall + 0.5) / (wide - 0.5) > ASPECT and (wide + 0.5) / (tall - 0.5) > ASPECT


def test_erasing_reaches_every_corner():
    images = torch.full((2000, 12, 12, 1), 2.0)
    gone = (altered(images, erasing=1.0)[0] != 2).numpy()[..., 0]
    assert gone.any(axis=(1, 2)).all()
    assert gone.mean(axis=0).min() > 0.01


@pytest.mark.parametrize("shape", [(28, 28, 1), (16, 40, 3)])
def test_erasing_by_sides_fills_with_the_mean(shape):
    images = torch.full((600, *shape), 2.0)
    mean = torch.tensor([0.25, 0.5, 0.75][: shape[2]])
    how = {"part": 0.5, "sides": [0.15, 0.5]}
    found, drawn = altered(images, mean=mean, erasing=how)
    gone = (found != 2).numpy()
    changed = gone.any(axis=(1, 2, 3))
    assert np.array_equal(changed, column(drawn, "erase") < 0.5) and 250 < changed.sum() < 350
    filled = found[torch.from_numpy(gone)].view(-1, shape[2])
    assert (filled == mean).all()
    height, width, _ = shape
    sides = []
    for mask in gone[changed]:
        tall, wide = mask.any((1, 2)).sum(), mask.any((0, 2)).sum()
        assert mask.sum() == tall * wide * shape[2]
        sides.append((tall, wide))
    for found_sides, whole in zip(zip(*sides, strict=True), (height, width), strict=True):
        assert set(found_sides) == set(range(round(0.15 * whole), round(0.5 * whole) + 1))


def test_erasing_fills_in_the_mean_of_the_training_images():
    images = np.random.default_rng(0).integers(0, 256, (40, 9, 9, 3), np.uint8)
    found = filling(Augmentation(erasing={"part": 0.5}), images)
    np.testing.assert_allclose(found, images.mean((0, 1, 2)) / 255, rtol=1e-6)
    assert filling(Augmentation(erasing=0.5), images) is None


def test_erasing_by_noise_of_given_sides():
    images = torch.full((50, 20, 20, 1), 2.0)
    found, _ = altered(images, erasing={"part": 1.0, "sides": [0.5, 0.5], "fill": "noise"})
    filled = found[found != 2]
    assert len(filled) == 50 * 100 and len(filled.unique()) > 200 and filled.max() <= 1


@pytest.mark.parametrize(
    "wrong",
    [-0.1, 1.5, True, "half", [0.5], {"part": 2}, {"sides": [0.5, 0.2]}, {"fill": "grey"}],
)
def test_wrong_erasing_is_one_line(wrong):
    with pytest.raises(ValidationError) as caught:
        Augmentation(erasing=wrong)
    assert len(caught.value.errors()) == 1


switches = {
    "horizontal_flip": st.booleans(),
    "shift": st.one_of(st.floats(0, 0.9), st.tuples(st.floats(0, 0.9), st.floats(0, 0.9))),
    "rotation": st.floats(0, 180),
    "zoom": st.floats(0, 0.9),
    "erasing": st.one_of(
        st.floats(0, 1),
        st.builds(
            lambda part, low, fill: {"part": part, "sides": [low, 1], "fill": fill},
            st.floats(0, 1),
            st.floats(0.01, 1),
            st.sampled_from(["mean", "noise"]),
        ),
    ),
    "pad_crop": st.integers(0, 5),
}
shapes = st.tuples(st.integers(6, 14), st.integers(6, 14), st.sampled_from([1, 3]))


@examples(max_examples=60, deadline=None)
@given(st.fixed_dictionaries({}, optional=switches), shapes, st.integers(0, 2**32 - 1))
def test_images_stay_images_and_one_seed_gives_the_same_bits(given_settings, shape, seed):
    images = pictures(7, *shape, seed=seed)
    found, _ = altered(images, seed, **given_settings)
    assert found.shape == images.shape and found.dtype == torch.float32
    assert found.is_contiguous()
    assert found.min() >= 0 and found.max() <= 1 + 1e-6
    assert torch.equal(found, altered(images, seed, **given_settings)[0])
    if not Augmentation(**given_settings).alters:
        assert torch.equal(found, images)


@examples(max_examples=30, deadline=None)
@given(st.fixed_dictionaries({}, optional=switches), st.integers(0, 1000))
def test_an_image_does_not_depend_on_its_neighbours(given_settings, seed):
    settings = Augmentation(**given_settings | {"erasing": 0})  # noise goes from image to image
    images = pictures(9, 10, 12, seed=seed)
    augmenter = Augmenter(settings, (10, 12, 1))
    random = np.random.default_rng(seed)
    drawn = augmenter.draw(random, 9)
    whole = augmenter.apply(images.clone(), drawn, random)
    alone = torch.cat(
        [augmenter.apply(images[i : i + 1].clone(), drawn[i : i + 1], random) for i in range(9)]
    )
    assert (whole - alone).abs().max() < 1e-5


def test_one_setting_changes_nothing_of_what_others_draw():
    images = pictures(50)
    flips, _ = altered(images, horizontal_flip=True)
    both, drawn = altered(images, horizontal_flip=True, erasing=0.2)
    untouched = column(drawn, "erase") >= 0.2
    assert torch.equal(flips[torch.from_numpy(untouched)], both[torch.from_numpy(untouched)])


def test_ranges_are_reached_and_not_left():
    """Of a picture of one dot, the dot's place tells the shift."""
    images = torch.zeros(3000, 41, 41, 1)
    images[:, 20, 20] = 1
    found, _ = altered(images, shift=[0.25, 0.1])
    weights = found[..., 0] / found.sum(dim=(1, 2, 3))[:, None, None]
    place = torch.arange(41.0)
    down = (weights.sum(2) * place).sum(1) - 20
    right = (weights.sum(1) * place).sum(1) - 20
    for shift, most in ((down, 41 * 0.25), (right, 41 * 0.1)):
        assert shift.abs().max() <= most + 1e-3
        assert shift.min() < -0.97 * most and shift.max() > 0.97 * most
        assert shift.abs().mean() == pytest.approx(most / 2, rel=0.05)  # as of a uniform range


@pytest.mark.parametrize("shape", [(28, 28), (10, 12, 3)])
def test_variants_of_one_image(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    settings = Augmentation(rotation=20, erasing=0.5)
    found = variants(settings, image[None], 16, seed=3)
    assert found.shape == (16, *shape) and found.dtype == np.uint8
    assert len({picture.tobytes() for picture in found}) == 16
    assert np.array_equal(found, variants(settings, image[None], 16, seed=3))
    flips = variants(Augmentation(horizontal_flip=True), image[None], 16, seed=3)
    assert {p.tobytes() for p in flips} == {image.tobytes(), image[:, ::-1].tobytes()}


def test_words_say_what_is_on_in_the_order_in_which_it_is_done():
    assert Augmentation().words() == []
    everything = Augmentation(
        horizontal_flip=True, shift=0.1, rotation=10, zoom=0.1, erasing=0.25, pad_crop=4
    )
    assert everything.words() == [
        "horizontal flip of every other image",
        "rotation up to 10 degrees either way",
        "zoom by 0.9 to 1.1",
        "shift up to 10% of each side either way",
        "4 pixels of padding and a random crop",
        "a random rectangle erased in 25% of the images",
    ]
    assert Augmentation(shift=(0, 0.05)).words() == [
        "shift up to 0% of the height and 5% of the width either way"
    ]


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({"flip": True}, "flip"),
        ({"shift": 1.5}, "shift"),
        ({"shift": [0.1]}, "shift"),
        ({"rotation": 200}, "rotation"),
        ({"zoom": 1}, "zoom"),
        ({"erasing": -0.1}, "erasing"),
        ({"pad_crop": 1.5}, "pad_crop"),
    ],
)
def test_settings_that_cannot_be_are_refused(values, place):
    with pytest.raises(ValidationError) as caught:
        Augmentation(**values)
    assert caught.value.errors()[0]["loc"][0] == place


def test_padding_beyond_the_image_is_one_clear_error():
    with pytest.raises(MemberError, match="pad_crop = 8 could crop images of 8 × 9 pixels away"):
        Augmenter(Augmentation(pad_crop=8), (8, 9, 1))
