"""README's examples work; the map names what is there, and every module at the top."""

import re
import sys
from pathlib import Path

import vestry
from vestry.study.reader import read_study

ROOT = Path(__file__).parent.parent


def mapped():
    """Paths that the tree in docs/architecture.md names, by their indentation."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    tree = next(block for block in text.split("```") if block.startswith("\nsrc/vestry/"))
    folders = {}
    for line in tree.strip("\n").splitlines():
        indent = len(line) - len(line.lstrip())
        names = re.split(r"\s{2,}|(?<=[/y]) (?=[a-z]+ )", line.strip())[0]
        folders = {depth: path for depth, path in folders.items() if depth < indent}
        parent = folders[max(folders)] if folders else ROOT
        for name in names.split(", "):
            path = parent / name.strip()
            yield path
            if name.endswith("/"):
                folders[indent] = path


def test_everything_on_the_map_is_there():
    paths = list(mapped())
    assert len(paths) > 30
    assert not [str(path) for path in paths if not path.exists()]


def test_every_module_and_folder_at_the_top_is_on_the_map():
    known = {path.resolve() for path in mapped()}
    package = ROOT / "src" / "vestry"
    there = [p for p in package.iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()]
    missing = {p.name for p in there if p.resolve() not in known}
    assert missing == {"__init__.py", "__main__.py"}


def test_the_list_of_modules_is_what_the_modules_say():
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        from make_modules import reference
    finally:
        sys.path.pop(0)
    assert (ROOT / "docs" / "modules.md").read_text() == reference(), "run: make docs"


def test_the_python_api_is_what_the_code_says_and_all_of_it():
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        from make_api import reference
    finally:
        sys.path.pop(0)
    text = (ROOT / "docs" / "api.md").read_text()
    assert text == reference(), "run: make docs"
    for name in vestry.__all__:
        assert name == "__version__" or f"## vestry.{name}\n" in text
    for name in ("ranking", "export", "predictor"):
        assert f"### Run.{name}\n" in text


def test_every_study_is_in_the_table():
    text = (ROOT / "docs" / "how-to.md").read_text()
    for study in (ROOT / "studies").glob("*.toml"):
        assert f"`studies/{study.name}`" in text


def test_the_example_is_a_study(tmp_path):
    text = (ROOT / "README.md").read_text()
    (tmp_path / "example.toml").write_text(text.split("```toml\n")[1].split("```")[0])
    study = read_study(tmp_path / "example.toml").study
    assert [member.name for member in study.member] == ["CNN", "SVM"]


def test_the_python_example_runs(program):
    text = (ROOT / "README.md").read_text()
    done = program(text.split("```python\n")[1].split("```")[0])
    assert done.returncode == 0, done.stderr
    figures = dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())
    assert list(figures) == ["network", "SVM", "both"]
    assert all(float(value) > 0.9 for value in figures.values())


def test_every_shipped_study_reads():
    for path in (ROOT / "studies").glob("*.toml"):
        assert read_study(path).study.member
