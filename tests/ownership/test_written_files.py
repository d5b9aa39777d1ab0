"""How files are written and tidied up: whole, with the user's own mode, and nobody else's."""

import os

import pytest
from planted import BAYES, LINEAR, here, plant_data, project, study, tree

from vestry.data.paths import DataPaths
from vestry.data.sources.fashion_mnist import FASHION_MNIST
from vestry.errors import DataError, RunError
from vestry.evaluation.vault import append
from vestry.members.backbones.feature_store import FeatureStore
from vestry.storage.run_folder import atomic_path, remove_leftovers, write_text


@pytest.fixture(params=[0o022, 0o077, 0o002])
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path):
    return path.stat().st_mode & 0o777


def test_a_file_has_the_mode_that_the_umask_gives(umask, tmp_path):
    write_text(tmp_path / "x.txt", "x")
    with atomic_path(tmp_path / "y.bin") as temporary:
        temporary.unlink()  # as writers do that make a file of their own
        temporary.touch(0o600)
    assert mode(tmp_path / "x.txt") == mode(tmp_path / "y.bin") == 0o666 & ~umask


def test_no_file_of_a_run_or_an_export_is_open_to_whom_the_umask_shuts_out(copy, vestry):
    project(copy / "new", body=LINEAR)
    before = os.umask(0o077)
    try:
        assert vestry("run", "s.toml", "-q", cwd=copy / "new").returncode == 0
        assert vestry("export", "runs/s", "-q", cwd=copy / "new").returncode == 0
    finally:
        os.umask(before)
    made = [path for path in (copy / "new/runs").rglob("*") if path.is_file()]
    assert len(made) > 10 and not [path for path in made if mode(path) & 0o077]


def test_a_hard_link_keeps_the_mode_of_what_it_shows(tmp_path):
    (tmp_path / "source").write_text("x")
    (tmp_path / "source").chmod(0o640)
    with atomic_path(tmp_path / "shown") as temporary:
        temporary.unlink()
        os.link(tmp_path / "source", temporary)
    assert mode(tmp_path / "source") == mode(tmp_path / "shown") == 0o640


def test_a_link_is_replaced_and_what_it_leads_to_is_kept(tmp_path):
    (tmp_path / "mine").write_text("precious")
    (tmp_path / "x.txt").symlink_to(tmp_path / "mine")
    write_text(tmp_path / "x.txt", "x")
    assert (tmp_path / "mine").read_text() == "precious"
    assert not (tmp_path / "x.txt").is_symlink() and (tmp_path / "x.txt").read_text() == "x"


def test_what_fails_half_way_leaves_nothing(tmp_path):
    write_text(tmp_path / "x.txt", "before")
    with pytest.raises(ValueError, match="half way"), atomic_path(tmp_path / "x.txt") as temporary:
        temporary.write_text("half")
        raise ValueError("half way")
    assert tree(tmp_path) == {"x.txt": b"before"}


def test_leftovers_are_told_by_their_form_and_links_are_not_followed(tmp_path):
    run, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    (run / "tasks/x").mkdir(parents=True)
    elsewhere.mkdir()
    ours = [run / ".part-01abcdef", run / "tasks/x/.part-a_b0c9zz.npz"]
    theirs = [run / ".part-time work.txt", run / ".part-1", elsewhere / ".part-01abcdef"]
    for path in ours + theirs:
        path.touch()
    (run / "tasks/.part-01234567").mkdir()
    (run / ".part-76543210").symlink_to(elsewhere)
    (run / "linked").symlink_to(elsewhere)
    kept = {name for name in tree(tmp_path) if (tmp_path / name) not in ours}
    remove_leftovers(run)
    assert set(tree(tmp_path)) == kept


def test_a_cache_makes_room_of_shards_alone(tmp_path):
    import numpy as np

    root, elsewhere = tmp_path / "features", tmp_path / "elsewhere"
    row, digest = np.ones((1, 4), np.float32), [bytes(16)]
    for trunk in ("old", "mixed"):
        FeatureStore(root, trunk, 4, 2**20).add(digest, row)
    (root / "mixed/notes.txt").write_text("precious")
    (root / "mine").mkdir()
    (root / "mine/thesis.txt").write_text("precious")
    (root / "empty").mkdir()
    FeatureStore(tmp_path, "elsewhere", 4, 2**20).add(digest, row)
    (root / "linked").symlink_to(elsewhere)
    before = tree(tmp_path)
    FeatureStore(root, "new", 4, 1).add(digest, row)
    gone = {name for name in before if name.startswith("features/old")}
    assert tree(tmp_path) == {name: what for name, what in before.items() if name not in gone}


def test_a_register_is_not_written_through_a_link(tmp_path):
    (tmp_path / "mine").write_text("precious\n")
    (tmp_path / "looks.jsonl").symlink_to(tmp_path / "mine")
    with pytest.raises(RunError, match="could not be written down"):
        append(tmp_path / "looks.jsonl", {})
    assert (tmp_path / "mine").read_text() == "precious\n"


@pytest.mark.parametrize("linked", ["folder", "file"])
def test_a_download_does_not_mend_what_a_link_leads_to(tmp_path, linked):
    mine, cache = tmp_path / "mine", tmp_path / "cache"
    mine.mkdir()
    (mine / FASHION_MNIST.files[0].name).write_text("damaged")
    cache.mkdir()
    if linked == "folder":
        (cache / "fashion-mnist").symlink_to(mine)
    else:
        (cache / "fashion-mnist").mkdir()
        (cache / "fashion-mnist" / FASHION_MNIST.files[0].name).symlink_to(
            mine / FASHION_MNIST.files[0].name
        )
    with pytest.raises(DataError, match="is a link"):
        FASHION_MNIST.fetch(
            DataPaths(data=None, cache=cache, base=tmp_path, hosts=("http://127.0.0.1:9/",))
        )
    assert (mine / FASHION_MNIST.files[0].name).read_text() == "damaged"


def test_a_renamed_member_leaves_the_user_s_folder_alone(copy):
    plant_data(copy / "d.npz")
    (copy / "s.toml").write_text(study(body=BAYES + LINEAR.replace("Linear", "Ridge")))
    (copy / "runs/s/members/Linear/photo.jpg").write_text("precious")
    assert here(copy, "run", "s.toml", "-q")[0] == 0
    assert (copy / "runs/s/members/Ridge/card.json").is_file()
    left = [path.name for path in (copy / "runs/s/members/Linear").iterdir()]
    assert left == ["photo.jpg"]
