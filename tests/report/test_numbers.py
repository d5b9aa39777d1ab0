from hypothesis import given
from hypothesis import strategies as st

from vestry.report import formatting


def test_shares_have_one_decimal_and_a_per_cent_sign() -> None:
    assert formatting.per_cent(0.91249) == "91.2%"
    assert formatting.with_interval(0.912, 0.9061, 0.9174) == "91.2% (90.6 to 91.7)"
    assert formatting.per_cent(None) == "–"


def test_differences_are_signed_points() -> None:
    assert formatting.points(0.0031) == "+0.3"
    assert formatting.points(-0.0314) == "−3.1"
    assert formatting.points(-0.0004) == "0.0"
    assert formatting.points(None) == "–"


@given(st.integers(min_value=0, max_value=10**15))
def test_whole_numbers_keep_their_digits_between_commas(count: int) -> None:
    text = formatting.whole(count)
    assert int(text.replace(",", "")) == count
    assert all(len(part) == 3 for part in text.split(",")[1:])


def test_durations_in_the_unit_that_a_person_would_say() -> None:
    spoken = {
        0.0005: "0 ms", 0.034: "34 ms", 0.41: "0.4 s", 9.97: "10 s", 12.3: "12 s",
        59.7: "1 min", 125: "2 min 5 s", 3600: "1 h", 3845: "1 h 4 min",
    }  # fmt: skip
    assert {value: formatting.duration(value) for value in spoken} == spoken


def test_lists_and_counts() -> None:
    assert formatting.listed([]) == ""
    assert formatting.listed(["a", "b", "c"]) == "a, b and c"
    assert formatting.counted(1, "image") == "1 image"
    assert formatting.counted(2, "class", "classes") == "2 classes"
