"""A run folder is one study's: who may go on in it, what stays, and what is removed."""

import json
import shutil
from pathlib import Path

import pytest
from planted import ALL, LINEAR, here, plant_data, project, study, tree

RUN = ("run", "s.toml", "--cores", "1")


def went_on(done):
    """Whether a run was let in and found its fits finished."""
    return done.returncode == 0 and ": done" not in done.stderr


def without_marker(run):
    (run / "vestry.json").unlink()
    return run


def refused(folder, *command, words):
    before = tree(folder)
    code, said = here(folder, *command)
    assert code == 2 and words in said[-1], said
    assert tree(folder) == before
    return said[-1]


def test_the_marker_says_what_the_folder_is(made):
    marker = json.loads((made / "runs/s/vestry.json").read_text())
    assert marker["vestry"] == "run" and marker["title"] == "Ours"
    assert marker["file"] == str((made / "s.toml").resolve())
    assert marker["from_here"] == "../../s.toml"
    assert marker["makers"] == ["committees/Both", "members/Bayes", "members/Linear"]


def test_the_same_file_goes_on_whatever_is_set_over_it_and_from_wherever(copy, vestry):
    (copy / "s.toml").write_text((copy / "s.toml").read_text() + "[votes]\nrows = 5\n")
    assert went_on(vestry(*RUN, "--set", "votes.seed=3", cwd=copy))
    elsewhere = vestry("run", copy / "s.toml", "--runs", "project/runs", cwd=copy.parent)
    assert went_on(elsewhere), elsewhere.stderr
    renamed = study().replace("Ours", "Ours, called otherwise")
    (copy / "s.toml").write_text(renamed)
    assert went_on(vestry(*RUN, cwd=copy)), "the same file, whatever it says now"


def test_another_study_of_the_same_name_is_told_whose_folder_it_is(copy):
    project(copy / "other")  # of the same title, even
    owner = refused(copy, "run", "other/s.toml", words="is the run folder of another study")
    assert "s.toml ('Ours'); give --out or --runs another folder for other/s.toml" in owner
    refused(copy, "run", "other/s.toml", "--out", "runs/s", words="of another study")


def test_a_moved_project_goes_on_and_a_changed_copy_does_not(copy, vestry):
    # The first project is still where it was, so this one is a copy of it.
    (copy / "s.toml").write_text(study(title="A study of its own"))
    refused(copy, *RUN, words="of another study")
    (copy / "s.toml").write_text(study())
    assert went_on(vestry(*RUN, cwd=copy))
    moved = copy.parent / "moved"
    copy.rename(moved)
    (moved / "s.toml").write_text(study(title="Moved, then called otherwise"))
    assert went_on(vestry(*RUN, cwd=moved))


def test_a_run_brought_from_another_machine_is_known_by_name_and_title(copy, vestry, tmp_path):
    run = copy / "runs/s"
    facts = json.loads((run / "vestry.json").read_text())
    foreign = facts | {"file": "/another/machine/s.toml", "from_here": "../../../nowhere/s.toml"}
    (run / "vestry.json").write_text(json.dumps(foreign))
    project(tmp_path / "here")
    (tmp_path / "here/t.toml").write_text(study())
    (tmp_path / "here/s2.toml").write_text(study(title="Other"))
    for name in ("t.toml", "s2.toml"):
        refused(tmp_path / "here", "run", name, "--out", run, words="of another study")
    done = vestry("run", "s.toml", "--out", run, cwd=tmp_path / "here")
    assert went_on(done) and "which is no longer there; by name and title" in done.stderr


@pytest.mark.parametrize("change", [lambda run: None, lambda run: (run / "study.toml").unlink()])
def test_a_run_of_an_earlier_version_is_gone_on_with(copy, vestry, change):
    change(without_marker(copy / "runs/s"))
    done = vestry(*RUN, cwd=copy)
    assert went_on(done) and "was made by an earlier version" in done.stderr
    assert (copy / "runs/s/vestry.json").is_file()


def test_an_unfinished_run_of_an_earlier_version_is_gone_on_with(copy, vestry):
    for path in without_marker(copy / "runs/s").iterdir():
        if path.name not in ("tasks", "test_looks.jsonl"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    done = vestry(*RUN, cwd=copy)
    assert went_on(done) and "it holds nothing but finished tasks" in done.stderr


def test_a_run_of_an_earlier_version_is_no_other_studys(copy, vestry):
    without_marker(copy / "runs/s")
    project(copy / "other")
    said = refused(copy, "run", "other/s.toml", words="of another study, s.toml ('Ours')")
    assert "copy its folder `tasks` into the new one" in said
    shutil.copytree(copy / "runs/s/tasks", copy / "new/tasks")
    assert went_on(vestry("run", "other/s.toml", "--out", "new", cwd=copy)), "as it says"


@pytest.mark.parametrize("kept", ["results.json", "tasks"])
def test_half_of_what_a_run_of_an_earlier_version_holds_is_not_enough(copy, kept):
    run = without_marker(copy / "runs/s")
    (run / "mine.txt").write_text("precious")
    (run / "results.json").unlink() if kept == "tasks" else shutil.rmtree(run / "tasks")
    refused(copy, *RUN, words="holds other files")


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_a_folder_that_lost_its_marker_and_half_its_files_goes_on(copy, vestry):
    run = without_marker(copy / "runs/s")
    cut(run / "results.json")
    cut(run / "report.html")
    (run / "study.toml").write_bytes(bytes(900))
    cut(run / "members/Linear/card.json")
    (run / "members/Bayes/card.json").unlink()
    (run / ".part-0123abcd.json").write_text("{")
    done = vestry(*RUN, cwd=copy)
    assert done.returncode == 0 and "it holds nothing but finished tasks" in done.stderr
    assert not (run / ".part-0123abcd.json").exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("results.json", '{"mine": 1}'),
        ("results.json", "my notes"),
        ("report.html", "<!doctype html><title>Mine</title>"),
        ("study.toml", 'title = "Mine"\n'),
        ("study.toml", "# mine\n"),
    ],
)
def test_what_somebody_else_has_put_among_finished_tasks_is_theirs(copy, name, text):
    run = without_marker(copy / "runs/s")
    for path in (run / "results.json", run / "report.html", run / "study.toml"):
        path.unlink()
    (run / name).write_text(text)
    refused(copy, *RUN, words="holds other files")


def test_a_folder_beside_models_that_are_lost_is_not_taken_for_one(copy):
    run = without_marker(copy / "runs/s")
    shutil.rmtree(run / "members/Linear")
    (run / "members/Linear").mkdir()
    (run / "members/Linear/notes.txt").write_text("precious")
    refused(copy, *RUN, words="holds no model of Vestry's")


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "/" * 5_000, "x/" * 3_000])
def test_a_marker_that_names_what_can_be_no_file_is_of_no_study_here(copy, vestry, name):
    marker = copy / "runs/s/vestry.json"
    facts = json.loads(marker.read_text()) | {"file": name, "from_here": name, "title": "Other"}
    marker.write_text(json.dumps(facts))
    refused(copy, *RUN, words="is the run folder of another study")
    (copy / "runs/s/results.json").unlink()
    listed = vestry("runs", cwd=copy)
    assert listed.returncode == 0 and "goes on where it was" in listed.stdout, listed
    assert vestry("export", "runs/s", "-o", "m.onnx", cwd=copy).returncode == 2


LINKED = ["members", "tasks", "committees", "figures", "results.json", "report.html",
          "members/Linear", "members/Linear/card.json", "vestry.json"]  # fmt: skip


@pytest.mark.parametrize("name", LINKED)
def test_nothing_is_written_through_a_link(copy, name):
    there, elsewhere = copy / "runs/s" / name, copy / "elsewhere"
    there.rename(elsewhere)
    there.symlink_to(elsewhere)
    before = tree(copy)
    code, said = here(copy, *RUN)
    assert code == 2 and ("is a link" in said[-1] or "vestry.json" in name), said
    assert tree(copy) == before


def test_a_run_folder_may_itself_be_a_link_to_a_new_folder_or_its_own(copy, vestry):
    (copy / "large disk").mkdir()
    (copy / "linked").symlink_to(copy / "large disk")
    for _ in range(2):
        assert vestry(*RUN, "--out", "linked", cwd=copy).returncode == 0
    assert (copy / "large disk/report.html").is_file() and (copy / "linked").is_symlink()
    (copy / "lost").symlink_to(copy / "nowhere")
    refused(copy, *RUN, "--out", "lost", words="leads nowhere")
    (copy / "theirs").mkdir()
    (copy / "theirs/x").write_text("precious")
    (copy / "led").symlink_to(copy / "theirs")
    refused(copy, *RUN, "--out", "led", words="holds other files")


def test_what_a_study_no_longer_has_is_removed_and_nothing_else(copy, vestry):
    run = copy / "runs/s"
    planted = ["members/Linear/notes.txt", "members/Bayes/notes.txt", "members/mine/x/y.txt",
               "members/Linear/my-fold/x", "committees/old/card.json", "members/mine/card.json",
               "notes.txt", "members/.part-mine", "members/.part-01234567/x"]  # fmt: skip
    for name in planted:
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        (run / name).write_text('{"name": "mine"}')
    leftover = run / "tasks/.part-0123abcd.npz"
    leftover.touch()
    (copy / "s.toml").write_text(study(body=LINEAR))
    done = vestry(*RUN, cwd=copy)
    assert done.returncode == 0, done.stderr
    assert all((run / name).read_text() == '{"name": "mine"}' for name in planted)
    assert [path.name for path in (run / "members/Bayes").iterdir()] == ["notes.txt"]
    assert not (run / "committees/Both").exists() and not leftover.exists()


def test_a_new_member_does_not_take_a_folder_that_is_not_a_models(copy):
    (copy / "runs/s/members/New").mkdir()
    (copy / "runs/s/members/New/model.onnx").write_text("precious")
    (copy / "s.toml").write_text(study(body=ALL + LINEAR.replace("Linear", "New")))
    refused(copy, *RUN, words="holds no model of Vestry's, and New would be written there")


def test_what_a_study_reads_is_not_written_over(copy):
    refused(copy, "run", "runs/s/study.toml", "--out", "runs/s", words="another")
    for folder in ("figures", "members/Linear"):
        shutil.copy(copy / "d.npz", copy / "runs/s" / folder / "d.npz")
        (copy / "s.toml").write_text(study(source=f"npz:runs/s/{folder}/d.npz"))
        refused(copy, *RUN, words="is read by the study")
    onnx = '[[member]]\nname = "Mine"\nonnx = "runs/s/members/Linear/model.onnx"\n'
    (copy / "s.toml").write_text(study(body=LINEAR + onnx))
    refused(copy, *RUN, words="is read by the study")


def test_a_study_and_the_one_before_it_do_not_share_a_folder(copy):
    project(copy / "before")
    text = study().replace("[data]", 'after = ["before/s.toml"]\n[data]', 1)
    (copy / "s.toml").write_text(text)
    refused(copy, *RUN, "--out", "new/s", words="is the run folder of another study")
    refused(copy, *RUN, words="is the run folder of another study")


def test_the_run_before_goes_beside_and_is_held_to_the_same(copy, vestry):
    (copy / "first.toml").write_text(study(title="First"))
    (copy / "s.toml").write_text(study().replace("[data]", 'after = ["first.toml"]\n[data]', 1))
    (copy / "runs/first").mkdir()
    (copy / "runs/first/x").write_text("precious")
    refused(copy, *RUN, words="holds other files")
    (copy / "empty").mkdir()
    done = vestry("run", "../s.toml", "--out", ".", cwd=copy / "empty")
    assert done.returncode == 0, done.stderr
    assert (copy / "first/report.html").is_file() and (copy / "empty/report.html").is_file()


@pytest.mark.parametrize("command", ["export", "compare", "report"])
def test_what_follows_a_run_works_from_any_folder_and_after_a_move(made, copy, command, tmp_path):
    shutil.copytree(made, tmp_path / "second/project")
    run, second = copy / "runs/s", tmp_path / "second/project/runs/s"
    arguments = {"export": (run, "-o", tmp_path / "m.onnx"), "report": (run,),
                 "compare": (run, second, "--out", tmp_path / "c.html")}[command]  # fmt: skip
    for folder in (tmp_path, copy / "runs", copy, Path("/")):
        assert here(folder, command, *arguments)[0] == 0
    for one in (run, second):
        without_marker(one)  # as earlier versions left it
    for folder in (tmp_path, copy / "runs", copy):
        assert here(folder, command, *arguments)[0] == 0


def test_a_run_moved_alone_finds_its_data_and_changed_data_are_told(copy, tmp_path):
    assert here(copy, *RUN)[0] == 0
    (copy / "runs/s").rename(tmp_path / "alone")
    export = ("export", tmp_path / "alone", "-o", tmp_path / "m.onnx", "-q")
    assert here(tmp_path, *export)[0] == 0
    plant_data(copy / "d.npz", seed=1)
    code, said = here(tmp_path, *export)
    assert code == 1 and "is no longer what alone was run on" in said[-1]
    (copy / "d.npz").unlink()
    code, said = here(tmp_path, *export)
    assert code == 1 and "the data of alone is needed again" in said[-1]


def test_members_of_every_kind_leave_files_that_are_known_for_ours(finished_run, made):
    from vestry.pipeline.run_files import OWN_FOLDER, own_file

    for run in (finished_run, made / "runs/s"):
        for path in (
            path for kind in ("members", "committees") for path in run.glob(f"{kind}/*/**")
        ):
            if path.parent.name not in ("members", "committees"):
                assert OWN_FOLDER.fullmatch(path.name)
            for file in (inner for inner in path.iterdir() if inner.is_file()):
                assert own_file().fullmatch(file.name), file
