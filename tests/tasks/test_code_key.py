"""A task's key goes by what its code computes, not by where or how it is written down."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import vestry
from vestry.pipeline.tasks.code_key import code_key

PACKAGE = Path(vestry.__file__).parent
PLACES = ("robustness", "pipeline.tasks.corruption")
NUMBER = "robustness/settings.py"


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The package in a folder of its own, to be changed."""
    root = tmp_path_factory.mktemp("copy")
    shutil.copytree(
        PACKAGE, root / "vestry", ignore=shutil.ignore_patterns("__pycache__", "ready", "page")
    )
    return root


@pytest.fixture
def changed(copy):
    """Writes a file of the copy; what was there is put back."""
    before = {}

    def write(name, text):
        file = copy / "vestry" / name
        before.setdefault(file, file.read_text() if file.exists() else None)
        file.write_text(text)

    yield write
    for file, text in before.items():
        file.write_text(text) if text is not None else file.unlink()


def key(root, *places):
    return printed(root, f"print(code_key(*{places or PLACES}))")


def printed(root, code):
    code = f"from vestry.pipeline.tasks.code_key import code_key; {code}"
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def source(copy, name):
    return (copy / "vestry" / name).read_text()


def test_a_comment_and_a_docstring_keep_the_key(copy, changed):
    before = key(copy)
    text = source(copy, NUMBER)
    _, _, rest = text.partition('"""\n')
    changed(
        NUMBER, f'"""Other words, but the same code.\n"""\n# a remark\n{rest}' if rest else text
    )
    assert key(copy) == before


def test_a_moved_module_keeps_the_key(copy, changed):
    before = key(copy)
    for file in (copy / "vestry").rglob("*.py"):
        name = file.relative_to(copy / "vestry").as_posix()
        if "vestry.robustness.settings" in file.read_text():
            moved = source(copy, name).replace("robustness.settings", "robustness.elsewhere")
            changed(name, moved)
    changed("robustness/elsewhere.py", source(copy, NUMBER))
    text = source(copy, NUMBER)
    (copy / "vestry" / NUMBER).unlink()
    try:
        assert key(copy) == before
    finally:
        (copy / "vestry" / NUMBER).write_text(text)


def test_another_number_in_the_code_is_another_key(copy, changed):
    before = key(copy)
    changed(NUMBER, source(copy, NUMBER) + "\nLEVELS = 6\n")
    with_six = key(copy)
    changed(NUMBER, source(copy, NUMBER).replace("LEVELS = 6", "LEVELS = 7"))
    assert len({before, with_six, key(copy)}) == 3


def test_code_that_is_imported_by_others_counts(copy, changed):
    """`tasks.corruption` imports `tasks.stored_models`, which nobody names here."""
    before = key(copy, "pipeline.tasks.corruption")
    name = "pipeline/tasks/stored_models.py"
    changed(name, source(copy, name) + "\nOTHER = 1\n")
    assert key(copy, "pipeline.tasks.corruption") != before


def test_a_number_in_a_layers_file_is_another_key_of_a_fit(copy, changed):
    before = key(copy, "members", "pipeline.tasks.fit")
    file = "members/networks/layers/batch_norm.py"
    changed(file, source(copy, file).replace("_MOMENTUM = 0.99", "_MOMENTUM = 0.98"))
    assert key(copy, "members", "pipeline.tasks.fit") != before


def test_what_no_result_depends_on_does_not_count(copy, changed):
    before = key(copy, "members", "pipeline.tasks.fit")
    for name in ("report/formatting.py", "storage/run_folder.py"):
        changed(name, source(copy, name) + "\nOTHER = 1\n")
    assert key(copy, "members", "pipeline.tasks.fit") == before


def test_no_module_is_imported_to_be_digested(copy):
    """Some of them import torch, which a run whose fits are found again does without."""
    loaded = "print(code_key('members', 'pipeline.tasks.fit') and set(sys.modules) - before)"
    found = printed(copy, f"import sys; before = set(sys.modules); {loaded}")
    assert "torch" not in found and "vestry.members" not in found


def test_a_place_that_is_none_is_refused():
    """A package was renamed once, and what stood in it no longer counted."""
    with pytest.raises(LookupError, match=r"no such module: vestry\.run\.tasks"):
        code_key("members", "run.tasks.fit")
