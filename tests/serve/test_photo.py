"""Photographs made by hand, and whether they come out as training images look."""

import io
import timeit

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from made_drawings import STORED_SO
from vestry.data.paths import DataPaths
from vestry.data.source import load_source
from vestry.errors import DataError
from vestry.export.bundle import Bundle
from vestry.serve.preprocessing import prepare, prepare_image

GREY = Bundle("Made", ("a", "b"), (28, 28), preparation="photograph", border="dark")
LIGHT = Bundle("Made", ("a", "b"), (28, 28), preparation="photograph", border="light")
COLOUR = Bundle("Made", ("a", "b"), (32, 32, 3))
COLOUR_ON_WHITE = Bundle("Made", ("a", "b"), (32, 32, 3), preparation="photograph", border="light")
PATTERNED = Bundle("Made", ("a", "b"), (20, 28))


def boot(size=(800, 600), ground=(245, 243, 240), ink=(40, 30, 90), at=(300, 100), scale=1.0):
    """A boot that is higher than long, its toe to the right."""
    picture = Image.new("RGB", size, ground)
    outline = ((0, 0), (130, 0), (140, 220), (250, 270), (250, 330), (0, 330))
    points = [(at[0] + scale * x, at[1] + scale * y) for x, y in outline]
    ImageDraw.Draw(picture).polygon(points, fill=ink)
    return picture


def stored(picture, kind="PNG", **options):
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def shaded(picture, deepest, noise=0.0):
    """Darker and darker towards the lower right, and noise over it."""
    pixels = np.asarray(picture, np.float32)
    slope = np.add.outer(np.linspace(0, 0.4, pixels.shape[0]), np.linspace(0, 0.6, pixels.shape[1]))
    dirt = np.random.default_rng(0).normal(0, noise, pixels.shape) if noise else 0
    made = pixels * (1 - deepest * slope[:, :, None]) + dirt
    return Image.fromarray(np.clip(made, 0, 255).astype(np.uint8))


def transparent():
    picture = boot().convert("RGBA")
    pixels = np.asarray(picture).copy()
    pixels[(pixels[:, :, :3] == (245, 243, 240)).all(axis=2), 3] = 0
    return Image.fromarray(pixels)


def turned_jpeg():
    """As a phone stores what it held upright: lying on its side, with a note."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return stored(boot().transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif)


def dusty():
    picture = shaded(boot(), 0.2, 3)
    draw = ImageDraw.Draw(picture)
    for x, y in ((20, 30), (700, 50), (60, 560), (760, 540)):
        draw.ellipse((x, y, x + 7, y + 7), fill=(90, 80, 70))
    return picture


PHOTOGRAPHS = {
    "light ground": stored(boot()),
    "off centre": stored(boot(at=(530, 250), scale=0.9), "JPEG"),
    "coloured": stored(boot(ground=(250, 230, 190), ink=(180, 30, 40)), "JPEG"),
    "3000 x 2000": stored(boot((3000, 2000), at=(900, 300), scale=4), "JPEG"),
    "dark ground": stored(boot(ground=(25, 25, 30), ink=(220, 200, 180))),
    "in the shade": stored(shaded(boot(), 0.45), "JPEG"),
    "noisy": stored(shaded(boot(), 0.2, 14), "JPEG"),
    "transparent": stored(transparent()),
    "turned by EXIF": turned_jpeg(),
    "grey": stored(boot().convert("L")),
    "light grey ground": stored(boot(ground=(175, 175, 175), ink=(20, 20, 20))),
    "lighter than its ground": stored(boot(ground=(150, 152, 155), ink=(250, 250, 250))),
    "cut off below": stored(boot(at=(300, 300))),
    "dusty": stored(dusty()),
    "palette": stored(boot().convert("P", palette=Image.Palette.ADAPTIVE)),
    "CMYK": stored(boot().convert("CMYK"), "JPEG"),
}


def prepared(photograph):
    return prepare(PHOTOGRAPHS[photograph], f"{photograph}.png", GREY, keep_steps=True)


@pytest.mark.parametrize("photograph", PHOTOGRAPHS)
def test_photographs_come_out_as_training_images(photograph):
    made = prepared(photograph)
    image = made.image
    assert image.shape == (28, 28) and image.dtype == np.uint8
    assert made.warnings == [] and not made.untouched
    rows, columns = np.nonzero(image.max(axis=1) > 60)[0], np.nonzero(image.max(axis=0) > 60)[0]
    assert (rows[0], rows[-1]) == (0, 27)  # the boot is higher than long, also where it is cut off
    assert abs(columns[0] - (27 - columns[-1])) <= 1
    background = image[:14, -5:]
    assert (background == 0).mean() > 0.97, "what is behind the object is 0"
    assert image.max() >= 250
    shaft, above_the_toe, toe = image[4:14, 6:12], image[2:12, 18:22], image[24:27, 18:22]
    assert shaft.min() > 150 and above_the_toe.max() < 20
    if photograph != "cut off below":
        assert toe.min() > 150, "the toe is below, to the right"


def test_the_strip_says_what_was_done():
    made = prepared("turned by EXIF")
    assert [step.name for step in made.steps] == [
        "Received",
        "Trimmed",
        "Grey",
        "Fitted",
        "Centred",
    ]
    assert "600 x 800 pixels, set upright" in made.steps[0].words
    assert "negated, because the object is darker" in made.steps[2].words
    assert "not negated, because the object is lighter" in prepared("dark ground").steps[2].words
    assert np.array_equal(np.asarray(made.steps[-1].picture), made.image)
    assert made.steps[0].picture.width > made.steps[0].picture.height
    quick = prepare(PHOTOGRAPHS["grey"], "grey.png", GREY)
    assert quick.steps == [] and np.array_equal(quick.image, prepared("grey").image)


def test_sixteen_bits_of_grey_are_as_eight():
    grey = np.asarray(boot().convert("L"))
    deep = prepare(stored(Image.fromarray(grey.astype(np.uint16) * 257)), "deep.png", GREY)
    assert np.array_equal(deep.image, prepared("grey").image)


def test_a_model_of_dark_objects_on_light_gets_the_negative():
    for photograph in ("light ground", "dark ground"):
        dark = prepare(PHOTOGRAPHS[photograph], "it", GREY)
        light = prepare(PHOTOGRAPHS[photograph], "it", LIGHT)
        assert np.abs(light.image.astype(int) - (255 - dark.image.astype(int))).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_what_has_the_models_size_is_taken_as_it_is(kind):
    pixels = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)
    for picture in (Image.fromarray(pixels), Image.fromarray(pixels).convert("RGB")):
        data = stored(picture, kind)
        made = prepare(data, "it", GREY, keep_steps=True)
        assert made.untouched and [step.name for step in made.steps] == ["As it is"]
        with Image.open(io.BytesIO(data)) as opened:
            assert np.array_equal(made.image, np.asarray(opened.convert("L")))
    colour = stored(boot((28, 28), at=(4, 2), scale=0.07))
    assert not prepare(colour, "it", GREY).untouched


def test_taking_as_it_is_costs_next_to_nothing():
    """A server does this thousands of times a second, so not one step may creep in before it."""
    data = stored(Image.fromarray(np.arange(784, dtype=np.uint8).reshape(28, 28)))
    quick = min(timeit.repeat(lambda: prepare(data, "it", GREY), number=50, repeat=5))
    steps = min(timeit.repeat(lambda: prepare(PHOTOGRAPHS["grey"], "it", GREY), number=1, repeat=3))
    assert quick / 50 < steps / 10


def test_an_object_that_is_hardly_seen_and_one_that_is_not_there_are_said():
    blank = prepare(stored(Image.new("RGB", (300, 200), "white")), "it", GREY, True)
    assert "no object" in blank.warnings[0] and not blank.image.any()
    assert prepare(stored(Image.new("L", (300, 200), 90)), "it", LIGHT).image.min() == 255
    pale = prepare(stored(boot(ground=(200, 120, 120), ink=(120, 160, 120))), "it", GREY, True)
    assert "hardly seen" in pale.warnings[0] and "stretched threefold" in pale.steps[3].words


def test_a_ground_that_is_not_plain_is_left_and_said():
    noise = np.random.default_rng(0).integers(0, 256, (12, 18, 3), np.uint8)
    picture = Image.fromarray(noise).resize((900, 600), Image.Resampling.NEAREST)
    made = prepare(stored(picture), "it", GREY, True)
    assert "not plain" in made.warnings[0]
    assert [step.name for step in made.steps] == ["Received", "Grey", "Fitted", "Centred"]
    assert not made.image[:4].any() and made.image[6:22].any(axis=1).all()


def test_models_of_colour_pictures_keep_colours():
    whole = prepare(PHOTOGRAPHS["coloured"], "it", COLOUR, True)
    assert whole.image.shape == (32, 32, 3) and [s.name for s in whole.steps][1:] == ["Prepared"]
    assert np.abs(whole.image[0, 0].astype(int) - (250, 230, 190)).max() < 8
    cut = prepare(PHOTOGRAPHS["coloured"], "it", COLOUR_ON_WHITE)
    assert (cut.image[2, -5] == 255).all() and cut.image[16, 10, 0] > 150 > cut.image[16, 10, 1]
    same = boot((32, 32), at=(5, 3), scale=0.08)
    assert np.array_equal(prepare(stored(same), "it", COLOUR).image, np.asarray(same))


def test_pictures_without_a_plain_border_are_fitted_as_folders_are():
    made = prepare(PHOTOGRAPHS["light ground"], "it", PATTERNED)
    wanted = boot().convert("L").resize((28, 20), Image.Resampling.BILINEAR)
    assert np.array_equal(made.image, np.asarray(wanted)) and made.warnings == []
    asked = prepare(PHOTOGRAPHS["light ground"], "it", PATTERNED, photograph=True)
    assert np.array_equal(asked.image, made.image) and "no plain border" in asked.warnings[0]


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # Pillow's word for it
def test_damaged_exif_does_not_cost_the_picture():
    for note in (b"", b"MM\0*\0\0\0\x08\xff\xff\x01", b"II*\0\xff\xff\xff\xff", b"MM\0*"):
        data = stored(boot(), "JPEG", exif=b"Exif\0\0" + note)
        assert prepare(data, "it", GREY).image.max() > 200


@pytest.mark.parametrize("turn", range(1, 9))
def test_every_orientation_sets_the_picture_upright(turn):
    """A picture of four unlike corners, stored as each orientation stores it."""
    upright = Image.fromarray(np.array([[10, 60, 110], [160, 210, 250]], np.uint8))
    exif = Image.Exif()
    exif[0x0112] = turn
    kept = upright.transpose(STORED_SO[turn]) if turn > 1 else upright
    bundle = Bundle("Made", ("a", "b"), (2, 3), preparation="photograph", border="dark")
    made = prepare(stored(kept, "PNG", exif=exif), "it", bundle)
    assert made.untouched and np.array_equal(made.image, np.asarray(upright))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not a picture"),
        (b"GIF89a" + bytes(100), "damaged"),
        (b"8BPS" + bytes(100), "not a picture"),
        (PHOTOGRAPHS["light ground"][:400], "damaged"),
        (PHOTOGRAPHS["light ground"][:30], "damaged"),
        (stored(Image.new("1", (8000, 8000))), "64 megapixels"),
        (stored(Image.fromarray(np.zeros((40, 40), np.float32)), "TIFF"), "8 or 16 bits"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(data, reason):
    with pytest.raises(DataError, match=rf"^shirt\.png: .*{reason}"):
        prepare(data, "shirt.png", GREY)


MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I", "F", "I;16", "LAB")


@settings(max_examples=60, deadline=None)
@given(
    mode=st.sampled_from(MODES),
    width=st.integers(0, 90),
    height=st.integers(0, 90),
    seed=st.integers(0, 2**20),
    bundle=st.sampled_from([GREY, LIGHT, COLOUR, COLOUR_ON_WHITE, PATTERNED]),
)
def test_any_picture_gives_an_image_or_a_reason(mode, width, height, seed, bundle):
    random = np.random.default_rng(seed)
    length = len(Image.new(mode, (width, height)).tobytes()) if width and height else 0
    content = random.choice([0, 3, 250, 255], length).astype(np.uint8).tobytes()
    picture = (
        Image.frombytes(mode, (width, height), content)
        if length
        else Image.new(mode, (width, height))
    )
    try:
        made = prepare_image(picture, bundle, keep_steps=True)
    except DataError:
        assert mode not in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK") or not length
        return
    assert made.image.shape == bundle.image_shape and made.image.dtype == np.uint8
    assert made.steps


def photographed(image, light):
    """A test image as somebody might photograph it: enlarged, on paper, lit from one side."""
    large = np.asarray(Image.fromarray(image).resize((336, 336), Image.Resampling.BICUBIC))
    whole = np.zeros((600, 800), np.float32)
    whole[130:466, 300:636] = large
    paper = light * (1 - 0.3 * np.linspace(0, 1, 800))
    grey = paper * (1 - whole / 255)
    tint = np.array([1, 0.97, 0.9])
    return stored(Image.fromarray((grey[:, :, None] * tint).astype(np.uint8)), "JPEG", quality=90)


def closeness(one, other):
    """The largest correlation over shifts by one pixel: where a blurred edge ends is a matter of
    taste."""
    shifts = [(down, across) for down in (-1, 0, 1) for across in (-1, 0, 1)]
    moved = (np.roll(one, shift, (0, 1)) for shift in shifts)
    return max(np.corrcoef(image.ravel(), other.ravel())[0, 1] for image in moved)


def test_photographed_test_images_come_back(fashion_mnist):
    test = load_source("fashion-mnist", DataPaths.of(fashion_mnist)).test
    rows = np.arange(0, 10_000, 250)
    close = [
        closeness(prepare(photographed(test.images[row], 235), "it", GREY).image, test.images[row])
        for row in rows
    ]
    assert np.mean(close) > 0.94 and min(close) > 0.8
