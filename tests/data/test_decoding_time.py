"""How long decoding will take, said before it begins."""

import pytest

from vestry.data import decoding_time
from vestry.data.decoding_time import expected, said
from vestry.data.folder_pictures import Picture
from vestry.data.image_file import ImageHeader


def some(count: int, *sizes: tuple[int, int]) -> list[Picture]:
    return [
        Picture(b"", str(number), "a", ImageHeader(*sizes[number % len(sizes)], True, False))
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("pictures", "seconds", "words"),
    [
        (
            some(5000, (3000, 4000), (4000, 3010)),
            190,
            "5,000 pictures of about 12 megapixels: about 3 min to decode",
        ),
        (
            some(30_000, (64, 64)),
            31,
            "30,000 pictures of 64 x 64 pixels: about 31 s to decode",
        ),
        (
            some(100, (64, 64), (80, 100)),
            7300,
            "100 pictures of about 6,048 pixels: about 2.0 h to decode",
        ),
    ],
)
def test_it_says_how_many_of_what_size_and_how_long(
    pictures: list[Picture], seconds: float, words: str
) -> None:
    pixels = sum(picture.header.height * picture.header.width for picture in pictures)
    assert said(pictures, pixels, seconds) == words


def test_a_sample_that_is_spread_over_all_pictures_is_timed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, asked = [0.0], list[str]()
    monkeypatch.setattr(decoding_time.time, "perf_counter", lambda: clock[0])

    def decode(pictures: list[Picture]) -> None:
        clock[0] += 0.02 * len(pictures)
        asked.extend(picture.id for picture in pictures)

    pictures = some(1000, (3000, 4000))
    words = expected(pictures, decode)
    assert words == "1,000 pictures of about 12 megapixels: about 20 s to decode"
    assert len(set(asked)) == len(asked) < 100 and max(map(int, asked)) > 850
    assert expected(some(39, (3000, 4000)), decode) is None, "few pictures need no sample"
    assert expected(some(100, (3000, 4000)), decode) is None, "two seconds are not long"


def test_odd_counts_are_sampled_within_bounds() -> None:
    for count in (42, 43, 61, 20_001):
        expected(some(count, (5000, 5000)), lambda pictures: None)
