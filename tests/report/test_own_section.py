"""A section of the page that stands outside the package: one file with its template beside it."""

from pathlib import Path

import example
import pytest

from vestry.report import contents, page
from vestry.report.section import Section
from vestry.schema.results import Results


def _names(results: Results) -> list[str]:
    return list(results.members)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Section:
    (tmp_path / "own.html.j2").write_text('<p class="mine">{{ page.own|join(", ") }}</p>')
    (tmp_path / "own.css.j2").write_text("#own { color: inherit; }")
    section = Section(
        key="own",
        data=_names,
        template="own.html.j2",
        style="own.css.j2",
        title="Our own",
        anchor="own",
        images=lambda _: ["nowhere"],
        folder=tmp_path,
    )
    monkeypatch.setattr(contents, "SECTIONS", [*contents.SECTIONS, section])
    return section


def _drawn() -> str:
    results, arrays = example.build()
    return page.render(
        example.typed(results), [str(name) for name in arrays["ids"]], arrays["images"], "runs/a"
    )


def test_the_page_has_a_section_of_its_own(own: Section) -> None:
    results, text = example.build()[0], _drawn()
    fold = text.partition('<details class="fold" id="own">')[2].partition("</details>")[0]
    assert f"<summary>{own.title}</summary>" in fold
    assert f'<p class="mine">{", ".join(_names(example.typed(results)))}</p>' in fold
    assert "#own { color: inherit; }" in text
    assert "nowhere" in contents.wanted_images(contents.page_data(example.typed(results)))


def test_a_section_without_data_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = Section(key="own", data=lambda _: [], template="own.html.j2", title="Our own")
    monkeypatch.setattr(contents, "SECTIONS", [*contents.SECTIONS, silent])
    assert "Our own" not in _drawn()
