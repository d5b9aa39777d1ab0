"""Whatever lies in a project, under whatever names like our own: no command that is pointed at it
changes or removes anything."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planted import here, project, study, tree

FILES = {
    "vestry.json": ["mine", '{"vestry": "my own"}', '{"vestry": "run", "format": 7}'],
    "study.toml": ["# notes", study(title="Other")],
    "results.json": ["{}", '{"format": 1, "title": "mine"}', "[1]"],
    "environment.json": ["{}"],
    "split.json": ["[]"],
    "report.html": ["<title>thesis</title>"],
    "test_looks.jsonl": ["mine\n"],
    "explore.json": ["{}", '{"format": 1, "title": "What is in my head"}'],
    "explore.html": ["<title>mine</title>"],
    "tasks/monday.txt": ["water the plants"],
    "tasks/0123456789abcdef0123/card.json": ['{"task": "water"}', "{}"],
    "tasks/a.unfinished/checkpoint.safetensors": ["x"],
    "members/x/card.json": ['{"name": "a member of the club"}', "[]"],
    "members/Linear/model.onnx": ["x"],
    "members/list.csv": ["a,b"],
    "committees/Both/card.json": ['{"name": "Both", "rule": "strict"}'],
    "figures/images.npz": ["x"],
    "figures/exploration.npz": ["x"],
    "exports/Linear.onnx": ["x"],
    ".part-notes": ["x"],
    ".part-0123abcd.txt": ["x"],
    "compare.html": ["<title>vestry compare, my notes</title>"],
    "compare.json": ['{"format": 1}'],
    "README.md": ["# mine"],
    "README.int8.md": ["---\nlibrary_name: onnx\n---\n"],
    "README.onnx": ["x"],
    "README.int8.onnx": ["x"],
    "answers.csv": ["image,class\n"],
    "answers.json": ["[]"],
    "answers.npz": ["x"],
}  # fmt: skip
LINKS = ("vestry.json", "results.json", "report.html", "study.toml", "members", "tasks", "figures",
         "committees", "exports", "compare.html", "compare.json", "README.md", "README.onnx",
         "explore.html", "answers.csv")  # fmt: skip


@st.composite
def belongings(draw):
    """Names with what stands there, and names that are links out of the project."""
    names = draw(st.lists(st.sampled_from(sorted(FILES)), unique=True, max_size=12))
    links = draw(st.lists(st.sampled_from(LINKS), unique=True, max_size=3))
    return {name: draw(st.sampled_from(FILES[name])) for name in names}, links


def plant(folder, files, links):
    elsewhere = folder.parent / "elsewhere"
    (elsewhere / "x").mkdir(parents=True)
    (elsewhere / "x" / "card.json").write_text('{"task": {"code": "x"}}')
    (elsewhere / "file").write_text("precious")
    for name in links:
        is_file = "." in name
        (folder / name).symlink_to(elsewhere / "file" if is_file else elsewhere)
    for name, text in files.items():
        if not any(name == link or name.startswith(f"{link}/") for link in links):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)


def commands(run):
    yield "run", "s.toml", "--out", ".", "-q"
    yield "run", "s.toml", "--out", "../project", "-q"
    yield "explore", "npz:d.npz", "--out", ".", "-q", "--sample", "20"
    yield "report", "."
    if run is not None:
        yield "compare", run, ".", "-q"
        yield "export", ".", "-q"


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(belongings())
def test_no_command_touches_what_is_not_its_own(tmp_path_factory, made, planted):
    folder = tmp_path_factory.mktemp("foreign") / "project"
    project(folder)
    plant(folder, *planted)
    before = tree(folder.parent)
    for command in commands(made / "runs" / "s"):
        code, said = here(folder, *command)
        assert code in (1, 2) and said, command
        assert tree(folder.parent) == before, command


TARGETS = {
    "README.md": ("export", "RUN", "-o", "README.onnx"),
    "README.onnx": ("export", "RUN", "-o", "README.onnx"),
    "README.int8.md": ("export", "RUN", "-o", "README.onnx", "--quantize"),
    "README.int8.onnx": ("export", "RUN", "-o", "README.onnx", "--quantize"),
    "compare.html": ("compare", "RUN", "RUN2"),
    "compare.json": ("compare", "RUN", "RUN2"),
    "answers.csv": ("predict", "x.png", "--out", "answers.csv"),
    "answers.json": ("predict", "x.png", "--out", "answers.json"),
    "answers.npz": ("predict", "x.png", "--out", "answers.npz"),
}


@pytest.mark.parametrize("link", [False, True])
@pytest.mark.parametrize("name", TARGETS)
def test_a_file_that_is_not_ours_is_kept_unless_it_is_given_up(copy, made, tmp_path, name, link):
    for number, text in enumerate(FILES[name]):
        folder = tmp_path / str(number) / "here"
        folder.mkdir(parents=True)
        (folder.parent / "else").write_text(text)
        if link:
            (folder / name).symlink_to(folder.parent / "else")
        else:
            (folder / name).write_text(text)
        before = tree(folder.parent)
        runs = {"RUN": made / "runs/s", "RUN2": copy / "runs/s"}
        code, said = here(folder, *(runs.get(word, word) for word in TARGETS[name]))
        assert code == 2 and name in said[-1] and "--force" in said[-1]
        assert tree(folder.parent) == before


def test_with_force_it_is_replaced_and_what_a_link_leads_to_is_not(copy, made, tmp_path, vestry):
    (tmp_path / "README.md").symlink_to(tmp_path / "mine")
    (tmp_path / "mine").write_text("precious")
    (tmp_path / "README.onnx").write_text("junk")
    export = ("export", made / "runs/s", "-o", "README.onnx", "-q")
    done = vestry(*export, "--force", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "mine").read_text() == "precious"
    assert not (tmp_path / "README.md").is_symlink()
    again = vestry(*export, cwd=tmp_path)
    assert again.returncode == 0, "our own are written anew"
    with (tmp_path / "README.md").open("a") as card:
        card.write("\nWhat I found out.\n")
    changed = vestry(*export, cwd=tmp_path)
    assert changed.returncode == 2 and "README.md is there and is no model card" in changed.stderr


@pytest.mark.parametrize(
    "command", [("compare",), ("export", "-o", "runs/s/members/Linear/model.onnx")]
)
def test_not_even_force_replaces_what_is_read(copy, made, command):
    if command == ("compare",):
        command = ("compare", made / "runs/s", "runs/s", "--out", "runs/s/results.html")
    else:
        command = ("export", "runs/s", *command[1:])
    before = tree(copy)
    code, said = here(copy, *command, "--force", "-q")
    assert code == 2 and "lies among the files of the run" in said[-1]
    assert tree(copy) == before


def test_answers_do_not_replace_the_images_and_take_the_place_of_answers(vestry, tmp_path):
    from PIL import Image

    Image.new("L", (28, 28), 90).save(tmp_path / "x.png")
    project(tmp_path)
    data = (tmp_path / "d.npz").read_bytes()
    code, said = here(tmp_path, "predict", "d.npz", "--out", "d.npz", "--force")
    assert code == 2 and "is what is to be answered" in said[-1]
    assert (tmp_path / "d.npz").read_bytes() == data
    for suffix in ("csv", "json", "npz"):
        for _ in range(2):
            done = vestry("predict", "x.png", "--out", f"a.{suffix}", "-q", cwd=tmp_path)
            assert done.returncode == 0, done.stderr


def test_an_exploration_is_not_replaced_by_one_of_other_data(tmp_path):
    for name in ("one", "two"):
        project(tmp_path / name)
    look = ("explore", "--sample", "20", "-q")
    own = (*look, "npz:d.npz", "--out", "../explorations/d")
    assert here(tmp_path, *look, "npz:one/d.npz")[0] == 0
    before = tree(tmp_path / "explorations")
    code, said = here(tmp_path, *look, "npz:two/d.npz")
    assert code == 2 and "is of another source (What is in npz:one/d.npz)" in said[-1]
    assert tree(tmp_path / "explorations") == before
    assert here(tmp_path / "one", *own)[0] == 0, "the same data, named from another folder"
    (tmp_path / "explorations/d/vestry.json").unlink()  # as earlier versions left it
    assert here(tmp_path / "one", *own)[0] == 0
    assert here(tmp_path, *look, "npz:two/d.npz", "--force")[0] == 0
    marker = json.loads((tmp_path / "explorations/d/vestry.json").read_text())
    assert Path(marker["file"]) == (tmp_path / "two/d.npz").resolve()
