"""Documents say what is there: links lead somewhere, commands and studies are ones."""

import re
import tomllib

import pytest
import tomli_w
from typer.testing import CliRunner

from documented import DOCUMENTS, ROOT, anchors, blocks, commands, prose
from vestry.cli.app import app
from vestry.study.reader import read_study

LAYERS = [{"conv": 8, "kernel": 3}, {"flatten": True}]
AT_HAND = [
    {"name": "CNN", "layers": LAYERS},
    {"name": "SVM", "estimator": "sklearn.svm.SVC"},
    {"name": "Linear", "estimator": "sklearn.linear_model.LogisticRegression"},
]
LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)\s]+)\)")
PLACE = re.compile(r"`((?:[\w.-]+/)+(?:[\w-]+\.\w+)?|[\w/-]+\.(?:py|toml|md))`")
ids = [str(path.relative_to(ROOT)) for path in DOCUMENTS]


@pytest.mark.parametrize("path", DOCUMENTS, ids=ids)
def test_links_lead_somewhere(path):
    for image, target in LINK.findall(prose(path.read_text())):
        address, _, anchor = target.partition("#")
        if "://" in address:
            assert not image, f"{target}: an image that is not in this tree"
            continue
        there = (path.parent / address).resolve() if address else path
        assert there.exists() and there.is_relative_to(ROOT), target
        assert not anchor or anchor in anchors(there), target


# Not the changelog, which may name what is gone.
@pytest.mark.parametrize(
    "path", [path for path in DOCUMENTS if path.name != "CHANGELOG.md"], ids=lambda path: path.name
)
def test_commands_have_the_options_that_they_are_shown_with(path):
    for words in commands(path.read_text()):
        done = CliRunner().invoke(app, [*words[1:], "--help"])
        assert done.exit_code == 0, f"{' '.join(words)}: {done.output}"


def test_every_document_is_in_the_index_and_reached_from_readme():
    index, readme = (ROOT / "docs/README.md").read_text(), (ROOT / "README.md").read_text()
    for path in (ROOT / "docs").glob("*.md"):
        assert f"]({path.name})" in index or path.name == "README.md"
        assert f"](docs/{path.name})" in readme or path.name == "README.md"


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text().split()) <= 900


def completed(fragment):
    """A study around a piece of one: title, data and the models that it speaks of."""
    given = tomllib.loads(fragment)
    own = given.get("model", [])
    names = {member["name"] for member in own}
    members = own + [member for member in AT_HAND if member["name"] not in names]
    return {"title": "T", "data": {"source": "digits"}} | given | {"model": members}


STUDIES = [
    pytest.param(block.text, id=f"{name}-{number}")
    for name in ("README.md", "docs/tutorial.md", "docs/how-to.md")
    for number, block in enumerate(blocks(name, "toml"))
]


@pytest.mark.parametrize("text", STUDIES)
def test_every_piece_of_a_study_reads(tmp_path, text):
    (tmp_path / "first.toml").write_text(tomli_w.dumps(completed("")))
    (tmp_path / "piece.toml").write_text(tomli_w.dumps(completed(text)))
    assert read_study(tmp_path / "piece.toml").study.member


@pytest.mark.parametrize("document", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_places_that_are_named_are_there(document):
    text = prose((ROOT / document).read_text())
    places = set(PLACE.findall(text))
    roots = (ROOT, ROOT / "src" / "vestry")
    assert len(places) > 10
    assert not [p for p in places if not any((root / p).exists() for root in roots)]
