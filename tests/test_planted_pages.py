"""The measures of pages find what is planted, and nothing where nothing is."""

from pathlib import Path

import pytest

import page_measures as measures
from headless_browser import Browser

HEAD = (
    '<!doctype html><html lang="en"><head><title>Planted</title><meta name="viewport" '
    'content="width=device-width"><style>body { margin: 0; font: 16px/1.5 sans-serif }'
    " figure { margin: 0; width: 300px; height: 120px; position: relative }"
    " svg { display: block; font-size: 12px } .big { font-size: 30px }"
    " button { min-height: 24px; min-width: 24px }</style></head>"
    '<body><main id="main"><h1>Planted page</h1>'
)


@pytest.fixture
def shown(browser: Browser, tmp_path: Path):
    """Opens a page of that body."""

    def show(body: str, size: tuple[int, int] = measures.SCREEN) -> Browser:
        page = tmp_path / "planted.html"
        page.write_text(f"{HEAD}{body}</main></body></html>")
        return measures.opened(browser, page.as_uri(), size)

    return show


def drawn(*texts: str, more: str = "") -> str:
    return f'<figure><svg width="300" height="120" {more}>{"".join(texts)}</svg></figure>'


def label(x: int, y: int, words: str) -> str:
    return f'<text x="{x}" y="{y}">{words}</text>'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (drawn(label(10, 20, "first label"), label(30, 22, "second label")), "over"),
        (drawn(label(280, 20, "at the edge"), more='overflow="visible"'), "leaves it"),
        (drawn(label(280, 20, "at the edge"), more='overflow="hidden"'), "is cut"),
        ('<figure><div style="width: 40px; overflow: hidden; white-space: nowrap">a long label'
         "</div></figure>", "is cut"),
    ],
)  # fmt: skip
def test_labels_that_collide_leave_or_are_cut(shown, body: str, said: str) -> None:
    assert any(said in fault for fault in measures.label_faults(shown(body), 1280))


def test_labels_side_by_side_and_below_each_other_are_no_fault(shown) -> None:
    apart = [label(10, 20, "one"), label(60, 20, "two"), label(10, 34, "three")]
    folded = "<details><summary>More</summary><p>Folded words.</p></details>"
    browser = shown(drawn(*apart, more='overflow="visible"') + folded)
    assert [measures.label_faults(browser, width) for width in measures.LABEL_WIDTHS] == [[]] * 4


def test_words_are_counted_as_they_are_seen(shown) -> None:
    hidden = (
        "<details><summary>Two words</summary>not seen</details><p hidden>nor this</p>"
        '<p style="position: absolute; width: 1px; height: 1px; overflow: hidden">for ears</p>'
    )
    browser = shown(f"<p>Three more words</p>{hidden}{drawn(label(9, 20, 'label'))}<p>Last</p>")
    assert measures.words(browser) == 2 + 3 + 2 + 1 + 1
    assert measures.words_before_figure(browser) == 2 + 3 + 2
    assert measures.first_screen_words(browser) == 2 + 3 + 2 + 1  # of a figure nothing
    measures.open_all(browser)
    assert measures.words(browser) == 2 + 3 + 4 + 1 + 1


def test_a_long_page_has_many_screens_and_pages(shown) -> None:
    browser = shown('<div style="height: 7000px">tall</div>')
    assert measures.screens(browser) > 9
    assert measures.pages_of(measures.printed(browser)) > 4
    assert measures.pages_of(measures.printed(shown("<p>short</p>"))) == 1
    size, text = measures.smallest_print(shown('<p>usual</p><p style="font-size: 8px">tiny</p>'))
    assert (size, text) == (6, "tiny")


def test_the_largest_texts_come_first(shown) -> None:
    browser = shown(
        '<p>usual</p><p class="big">most <small>and less</small></p><p style="margin-top: 900px; '
        'font-size: 60px">below</p>'
    )
    assert [text for _, text in measures.largest_texts(browser, 2)] == [
        "Planted page",
        "most and less",
    ]


def test_ids_and_references(shown) -> None:
    browser = shown(
        '<p id="twice">a</p><p id="twice">b</p><label for="none">c</label><a href="#gone">d</a>'
        '<a href="#main">e</a><button aria-controls="main">f</button>'
    )
    assert measures.id_faults(browser) == [
        "id twice: twice",
        "for names no element: none",
        "link to no element: #gone",
    ]


def test_what_is_too_wide_or_too_small(shown) -> None:
    browser = shown(
        '<div id="wide" style="width: 500px">wide</div><button style="min-height: 0; height: 12px; '
        'padding: 0">small</button><button>large</button><p>A <a href="#main">link</a> in a text.'
    )
    assert measures.overflow(browser, 1280) == (0, [])
    pixels, which = measures.overflow(browser, 320)
    assert pixels == 180 and which == ["#wide div"]
    assert len(measures.small_targets(browser)) == 1


def test_axe_sees_what_is_wrong_and_how_pale_is_too_pale(shown) -> None:
    faults, below_aaa = measures.axe_faults(shown('<p style="color: #666">quiet</p>'))
    assert faults == [] and below_aaa == 1
    body = '<p style="color: #bbb">pale</p><button></button>'
    faults, _ = measures.axe_faults(shown(body))
    assert {fault.partition(":")[0] for fault in faults} == {"color-contrast", "button-name"}
    faults, _ = measures.axe_faults(shown(body), only_contrast=True)
    assert {fault.partition(":")[0] for fault in faults} == {"color-contrast"}
