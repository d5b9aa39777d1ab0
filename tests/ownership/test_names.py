"""Names that become folders: members and committees are held to the same, before any work."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted import BAYES, LINEAR, here, project, tree

from vestry.errors import RunError
from vestry.storage.names import folder_name, is_folder_name
from vestry.storage.run_folder import RunFolder

BAD = ["../members/Linear", "a/b", "/usr/x", "..", ".hidden", " x", "x ", "", "a\\b", "a:b", "a\nb",
       "a\u0085b", "a\u2028b", "\U0001f408" * 80, "x" * 81]  # fmt: skip
GOOD = [
    "Net v1.5",
    "søt",
    "猫" * 60,
    "\U0001f408" * 50,
    "\U0001f468\u200d\U0001f469",
    "x" * 80,
    "-q",
]


def bodies(name):
    said = '"' + "".join(f"\\U{ord(sign):08x}" for sign in name) + '"'
    yield BAYES + LINEAR.replace('"Linear"', said)
    yield LINEAR + BAYES + f'[[committee]]\nname = {said}\nmembers = ["Linear", "Bayes"]\n'


@pytest.mark.parametrize("name", BAD)
def test_a_name_that_can_be_no_folder_is_refused_for_members_and_committees(tmp_path, name):
    for body in bodies(name):
        project(tmp_path, body=body)
        before = tree(tmp_path)
        code, said = here(tmp_path, "run", "s.toml")
        assert code == 2 and "cannot be a folder's name too" in said[-1]
        assert tree(tmp_path) == before


@given(st.text(max_size=90) | st.sampled_from(GOOD))
def test_a_name_that_is_taken_is_one_folder_inside_the_run(tmp_path_factory, name):
    run = RunFolder(tmp_path_factory.mktemp("named"))
    if not is_folder_name(name):
        for place in (run.member, run.committee):
            with pytest.raises(RunError):
                place(name)
        return
    for place in (run.member(name), run.committee(name), run.exports / f"{name}.int8.onnx"):
        place.mkdir(parents=True)
        assert place.resolve().relative_to(run.path.resolve()).parts[1:] == (place.name,)


@pytest.mark.parametrize("name", GOOD)
def test_usual_names_are_taken(name):
    assert folder_name(name) == name


@pytest.mark.parametrize("twin", ["LINEAR", "linear"])
def test_names_that_are_one_folder_on_some_disks_are_refused(tmp_path, twin):
    project(tmp_path, body=LINEAR + BAYES.replace("Bayes", twin))
    code, said = here(tmp_path, "run", "s.toml")
    assert code == 2 and "are one folder on disks that" in said[-1]


def test_a_name_in_the_results_of_another_machine_does_not_lead_out(copy):
    path = copy / "runs/s/results.json"
    path.write_text(path.read_text().replace('"Both"', '"../../../Both"'))
    (copy / "Both").mkdir()
    before = tree(copy)
    for command in (("export", "runs/s", "--model", "../../../Both"), ("compare", "runs/s", ".")):
        code, said = here(copy, *command)
        assert code in (1, 2) and "Traceback" not in said[-1]
    assert tree(copy) == before
