"""`vestry report RUN --format`: what is written, that it can be read and compiled, and that nothing
of anybody else's is written over."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import example
import made_pages
import nbformat
import pandas as pd
import pytest
from markdown_it import MarkdownIt
from nbclient import NotebookClient
from test_tables_taken_home import STRANGE

from vestry.cli.entry import called
from vestry.report.contents import openings, page_data, shown_sections
from vestry.report.latex import latex_text
from vestry.report.summary_text import plain_numbers, summary_sentences
from vestry.report.table import as_csv, as_latex, as_markdown
from vestry.report.taken_home.content import content_of
from vestry.report.taken_home.tex_picture import picture
from vestry.schema.results import Results
from vestry.storage.run_folder import RunFolder, read_json, write_json

FORMS = ("md", "tex", "csv", "figures", "notebook")
LIST = "vestry-report.json"
CLASSES = (*(name.strip() or "empty" for name in STRANGE[:8]), "a--b", "[x]")
STRANGE_TITLE = f"A study {STRANGE[0]} of {STRANGE[2]} {STRANGE[3]} {STRANGE[5]} {{ once"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results, images = example.build(example.Plan(classes=CLASSES))
    results["title"] = STRANGE_TITLE
    return example.write(tmp_path_factory.mktemp("made") / "run", results, images)


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "run"))


def results_of(run: Path) -> Results:
    return Results.model_validate_json(RunFolder(run).results.read_text(encoding="utf-8"))


def report(run: Path, *arguments: str | Path) -> tuple[int, list[str]]:
    """The command as it is typed, in this process: its exit code, and the lines of its error."""
    before = sys.argv
    sys.argv = ["vestry", "report", str(run), *map(str, arguments)]
    try:
        return called()
    finally:
        sys.argv = before


def written(run: Path, form: str, capsys: pytest.CaptureFixture[str]) -> Path:
    """What the command says is to be opened."""
    capsys.readouterr()
    code, said = report(run, "--format", form)
    assert (code, said) == (0, [])
    return Path(capsys.readouterr().out.strip())


def test_every_format_writes_what_it_says(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    opened = {form: written(run, form, capsys) for form in FORMS}
    home = run / "report"
    assert opened == {
        "md": home / "report.md",
        "tex": home / "report.tex",
        "csv": home / "tables",
        "figures": home / "figures",
        "notebook": home / "report.ipynb",
    }
    assert all(path.exists() for path in opened.values())
    assert not list(home.rglob(".part-*"))
    assert not (run / "report.html").exists()


@pytest.mark.parametrize("title", ["half \ud83d of a sign", "a byte \udce9"])
def test_what_is_no_text_is_written_as_an_escape(
    run: Path, title: str, capsys: pytest.CaptureFixture[str]
) -> None:
    results = json.loads((run / "results.json").read_text(encoding="utf-8"))
    (run / "results.json").write_text(json.dumps(results | {"title": title}), encoding="utf-8")
    for form in FORMS:
        written(run, form, capsys)
    assert report(run) == (0, [])
    escape = ascii(title)[1:-1]
    for name in ("report.html", "report/report.md", "report/report.ipynb"):
        text = (run / name).read_text(encoding="utf-8")
        assert escape in text or escape.replace("\\", "\\\\") in text, name


def test_json_has_a_path_that_is_no_text_as_it_is(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"path": "caf\udce9"})
    assert read_json(tmp_path / "a.json") == {"path": "caf\udce9"}


def test_tables_are_those_of_the_page(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = written(run, "csv", capsys)
    tables = {table.key: table for table in content_of(results_of(run)).tables}
    assert {path.stem for path in folder.iterdir()} == set(tables)
    for path in folder.iterdir():
        assert path.read_bytes().decode() == as_csv(tables[path.stem])
    frame = pd.read_csv(folder / "models.csv").set_index("model")
    for row in results_of(run).ranking:
        assert frame.loc[row.name, "test"] == row.test_accuracy


def test_markdown_has_the_summary_the_tables_and_the_figures(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(run, "md", capsys)
    text = path.read_text(encoding="utf-8")
    html = MarkdownIt("gfm-like", {"linkify": False}).render(text)
    shown = re.sub(r"\s+", " ", _unescaped(re.sub(r"<[^>]*>", "", html)))
    for sentence in summary_sentences(results_of(run)):
        assert " ".join(sentence.split()) in shown
    assert " ".join(STRANGE_TITLE.split()) in shown
    content = content_of(results_of(run))
    for part in (*content.parts, *content.appendix):
        assert all(as_markdown(table).strip() in text for table in part.tables)
        for figure in part.figures:
            assert f'src="figures/{figure.key}.svg"' in html
            root = _parsed(path.parent / "figures" / f"{figure.key}.svg")
            assert root.attrib["aria-label"]


def _unescaped(text: str) -> str:
    from html import unescape

    return unescape(text)


def _parsed(path: Path) -> ElementTree.Element:
    return ElementTree.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 - our own


def compiled(folder: Path, name: str = "report") -> str:
    """LaTeX's log."""
    if not shutil.which("pdflatex"):
        lacking = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        lacking("pdflatex is missing (Debian: apt install texlive-latex-base lmodern)")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"],
        cwd=folder,
        capture_output=True,
        timeout=240,
        check=False,
    )
    log = (folder / f"{name}.log").read_text(encoding="latin-1")
    assert done.returncode == 0, log[-3000:]
    assert (folder / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    return log


def test_latex_compiles_as_it_is_with_every_strange_name(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(run, "tex", capsys)
    log = compiled(path.parent)
    assert "Missing character" not in log and "LaTeX Font Warning: Some font" not in log
    content = content_of(results_of(run))
    text = path.read_text(encoding="utf-8")
    assert text.count("\\begin{picture}") == len(content.drawings) > 5
    assert "Overfull \\hbox (" not in log.replace("Overfull \\hbox (0.", "")


def test_a_drawing_keeps_its_marks_and_words_in_latex(run: Path) -> None:
    for key, drawing in content_of(results_of(run)).drawings.items():
        made = picture(drawing)
        root = ElementTree.fromstring(drawing)  # noqa: S314 - our own
        words = root.findall("{*}text")
        assert made.count("\\lettering{") == len(words), key
        assert all(latex_text("".join(word.itertext())) in made for word in words), key
        kinds = ("path", "circle", "rect")
        marks = sum(len(root.findall(f"{{*}}{kind}")) for kind in kinds) - 1  # without the paper
        painted = sum(line.endswith((" S", " f", " B")) for line in made.splitlines())
        assert 0 < painted <= marks and painted >= marks // 2, key


def test_a_copied_table_compiles_in_a_document_of_ones_own(tmp_path: Path) -> None:
    """As the page's menu copies it: without a package beyond what T1 needs."""
    from test_tables_taken_home import table_of

    signs = [name for name in STRANGE if name.isascii() or name == STRANGE[2]]
    text = as_latex(table_of(signs, caption=STRANGE[0]))
    head = "\\documentclass{article}\\usepackage[T1]{fontenc}\\usepackage[utf8]{inputenc}"
    whole = f"{head}\\begin{{document}}\n{text}\\end{{document}}\n"
    (tmp_path / "own.tex").write_text(whole, encoding="utf-8")
    compiled(tmp_path, "own")


def test_the_bibliography_is_read_by_bibtex(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(run, "tex", capsys)
    if not shutil.which("bibtex"):
        pytest.skip("bibtex is missing")
    (path.parent / "x.aux").write_text("\\citation{*}\n\\bibstyle{plain}\n\\bibdata{report}\n")
    done = subprocess.run(["bibtex", "x"], cwd=path.parent, capture_output=True, check=False)
    said = done.stdout.decode()
    assert done.returncode == 0, said
    assert (path.parent / "x.bbl").read_text(encoding="utf-8").count("\\bibitem") == 2


def test_the_notebook_runs(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(run, "notebook", capsys)
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    NotebookClient(book, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    shown = [out.get("data", {}) for cell in book.cells for out in cell.get("outputs", [])]
    ranking = shown[0]["text/html"]
    for row in results_of(run).ranking:
        assert f"<td>{row.name}</td>" in ranking and f"<td>{row.test_accuracy:.3f}" in ranking
    assert any("image/svg+xml" in data for data in shown)


def test_a_second_call_writes_over_its_own(run: Path) -> None:
    for _ in range(2):
        for form in FORMS:
            assert report(run, "--format", form) == (0, [])


@pytest.mark.parametrize(
    ("form", "name"),
    [("md", "report.md"), ("tex", "report.bib"), ("csv", "tables/models.csv"),
     ("figures", "figures/models.svg"), ("notebook", "report.ipynb"), ("md", LIST)],
)  # fmt: skip
def test_what_somebody_has_written_is_kept(run: Path, tmp_path: Path, form: str, name: str) -> None:
    out = tmp_path / "thesis"
    (out / name).parent.mkdir(parents=True)
    (out / name).write_text("mine")
    code, said = report(run, "--format", form, "--out", out)
    assert code == 2 and str(out / name) in said[0] and "--force" in said[0]
    assert [path for path in out.rglob("*") if path.is_file()] == [out / name]
    assert (out / name).read_text() == "mine"
    assert report(run, "--format", form, "--out", out, "--force") == (0, [])
    assert (out / name).read_text() != "mine"


def test_what_was_changed_since_is_kept(run: Path) -> None:
    assert report(run, "--format", "md") == (0, [])
    with (run / "report" / "report.md").open("a") as file:
        file.write("What I think of it.\n")
    before = (run / "report" / "report.md").read_bytes()
    code, said = report(run, "--format", "md")
    assert code == 2 and "report.md" in said[0]
    assert (run / "report" / "report.md").read_bytes() == before
    assert report(run, "--format", "csv") == (0, []), "other files are not in the way"


def test_tables_that_are_no_more_go_and_those_of_others_stay(run: Path) -> None:
    assert report(run, "--format", "csv") == (0, [])
    folder = run / "report" / "tables"
    (folder / "mine.csv").write_text("a,b\n")
    listed = (run / "report" / LIST).read_text(encoding="utf-8")
    gone = (folder / "models.csv").rename(folder / "earlier.csv")
    (run / "report" / LIST).write_text(listed.replace("tables/models.csv", "tables/earlier.csv"))
    assert report(run, "--format", "csv") == (0, [])
    assert not gone.exists() and (folder / "models.csv").exists()
    assert (folder / "mine.csv").read_text() == "a,b\n"


def test_another_studys_report_is_kept(run: Path, tmp_path: Path) -> None:
    results, images = example.build()
    other = example.write(tmp_path / "other", results | {"title": "Another"}, images)
    out = tmp_path / "both"
    assert report(run, "--format", "md", "--out", out) == (0, [])
    code, said = report(other, "--format", "csv", "--out", out)
    assert code == 2 and "another study" in said[0] and not (out / "tables").exists()
    assert report(other, "--format", "csv", "--out", out, "--force") == (0, [])


@pytest.mark.parametrize("name", ["figures", "report.md", LIST])
def test_nothing_is_written_through_a_link(run: Path, tmp_path: Path, name: str) -> None:
    target, out = tmp_path / "target", tmp_path / "out"
    out.mkdir()
    if "." in name:
        target.write_text("precious")
    else:
        target.mkdir()
    (out / name).symlink_to(target)
    code, said = report(run, "--format", "md", "--out", out)
    assert code == 2 and "link" in said[0]
    assert [path.name for path in out.iterdir()] == [name]
    assert not target.is_dir() or not list(target.iterdir())


def test_a_list_that_leads_out_of_the_folder_removes_nothing(run: Path, tmp_path: Path) -> None:
    import hashlib
    import json

    precious = tmp_path / "run" / "precious.svg"
    precious.write_text("precious")
    out = run / "report"
    out.mkdir()
    digest = hashlib.sha256(b"precious").hexdigest()
    facts = {"vestry": "report", "format": 1, "title": STRANGE_TITLE}
    for name in ("figures/../../precious.svg", "../precious.svg", str(precious)):
        (out / LIST).write_text(json.dumps(facts | {"files": {name: [digest]}}))
        report(run, "--format", "figures", "--force")
        assert precious.read_text() == "precious"


def test_places_that_are_a_runs_own_or_a_file_are_refused(run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for out, said in ((run, "files of the run"), (tmp_path / "file", "takes a folder")):
        code, lines = report(run, "--format", "figures", "--out", out)
        assert code == 2 and said in lines[0]


def test_out_without_a_format_is_refused(run: Path, tmp_path: Path) -> None:
    code, said = report(run, "--out", tmp_path / "x")
    assert code == 2 and "--format" in said[0]


def test_a_folder_that_is_no_run_says_what_to_do(tmp_path: Path) -> None:
    code, said = report(tmp_path, "--format", "md")
    assert code == 1 and "vestry run" in said[0]


def test_words_that_leave_the_page_have_plain_numbers() -> None:
    assert plain_numbers("10,000 images, \u22120.1 points") == "10,000 images, -0.1 points"


@pytest.mark.parametrize("name", ["default", "a", "several seeds", "few images"])
def test_a_key_names_one_table_and_one_figure(name: str) -> None:
    """Files and addresses are named by them; the second of two would be lost."""
    results = example.typed(made_pages.made_study(name)[0])
    page = page_data(results)
    opened = [opening for _, opening in openings(results, page)]
    shown = [(section, getattr(page, section.key)) for section in shown_sections(page)]
    figures = [each for opening in opened for each in opening.figures]
    figures += [each for section, data in shown for each in section.figures(data)]
    tables = [each for opening in opened for each in opening.tables]
    tables += [each for section, data in shown for each in section.tables(data)]
    by_key = {figure.key: figure for figure in figures}
    assert all(by_key[figure.key].title == figure.title for figure in figures)
    tables += [figure.data for figure in by_key.values()]
    known = {table.key: table for table in tables}
    assert [t.key for t in tables if known[t.key].as_json() != t.as_json()] == []
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9-]*", key) for key in (*known, *by_key))
