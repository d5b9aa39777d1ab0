"""Files that go from machine to machine: whole and in their place, or not at all."""

import dataclasses
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestry.engine.node_store import NodeStore
from vestry.engine.shipping import Arrival, Content, contents_of, pieces_of
from vestry.errors import DamagedError, RunError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "from" / "inner").mkdir(parents=True)
    (tmp_path / "from" / "card.json").write_text("{}")
    (tmp_path / "from" / "a.bin").write_bytes(bytes(range(256)) * 40_000)
    (tmp_path / "from" / "inner" / "empty").touch()
    (tmp_path / "from" / "link").symlink_to("/etc/hosts")
    return tmp_path


def sent(folder, arrival, change=lambda content, pieces: (content, pieces)):
    for content, path in contents_of(folder / "from").items():
        content, pieces = change(content, list(pieces_of(path)))  # noqa: PLW2901
        arrival.begin(content)
        for piece in pieces:
            arrival.add(piece)


def test_what_arrives_is_what_was_sent_and_the_card_comes_last(folder):
    names = [content.name for content in contents_of(folder / "from")]
    assert names == ["a.bin", "inner/empty", "card.json"]
    arrival = Arrival(folder / "arriving")
    sent(folder, arrival)
    assert not (folder / "to").exists()
    arrival.settle(folder / "to")
    assert contents_of(folder / "to").keys() == contents_of(folder / "from").keys()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content, pieces: (content, pieces[:-1]),
        lambda content, pieces: (content, [b"x" + piece[1:] for piece in pieces]),
        lambda content, pieces: (content, [*pieces, b"more"]),
        lambda content, pieces: (dataclasses.replace(content, sha256="0" * 64), pieces),
    ],
    ids=["cut", "changed", "longer", "another"],
)
def test_of_what_is_not_whole_nothing_is_kept(folder, damage):
    arrival = Arrival(folder / "arriving")
    sent(folder, arrival, damage)
    with pytest.raises(DamagedError, match="came with"):
        arrival.settle(folder / "to")
    assert not (folder / "to").exists()


@given(st.lists(st.sampled_from(["..", "a", "/", "C:", "\\", "", "."]), max_size=4))
def test_no_name_leads_out_of_the_folder(tmp_path_factory, parts):
    place = tmp_path_factory.mktemp("place") / "arriving"
    name = "/".join(parts)
    arrival = Arrival(place)
    try:
        arrival.begin(Content(name, "", 0))
        arrival.close()
    except DamagedError:
        return
    made = [path for path in place.parent.rglob("*") if path.is_file()]
    assert all(path.resolve().is_relative_to(place) for path in made) and len(made) == 1


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return NodeStore("run", "node")


def wanted(folder, asked):
    def fetch(path):
        asked.append(path.name)
        return pieces_of(path)

    contents = contents_of(folder / "from")
    return {"model": {content: lambda p=path: fetch(p) for content, path in contents.items()}}


def test_a_node_asks_for_each_content_once(folder, store):
    asked = []
    for _ in range(2):
        with store.desk() as desk:
            (laid,) = store.lay_out(wanted(folder, asked), desk).values()
            assert contents_of(laid).keys() == contents_of(folder / "from").keys()
    assert sorted(asked) == ["a.bin", "card.json", "empty"] and not laid.exists()
    store.remove()
    assert not store.place.exists()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="permissions as POSIX has them")
def test_a_folder_that_others_may_write_into_is_not_used(store):
    store.place.chmod(0o777)
    with pytest.raises(RunError, match="somebody else's"):
        NodeStore("run", "node")
    store.place.rmdir()
    store.place.symlink_to("/")
    with pytest.raises(RunError, match="somebody else's"):
        NodeStore("run", "node")


def test_what_a_killed_run_left_goes_after_a_week(store):
    old = time.time() - 8 * 86_400
    os.utime(store.place, (old, old))
    beside = Path(NodeStore("other", "node").place)
    assert beside.exists() and not store.place.exists()
