"""The calls that systems do each in their own way: what Windows is asked, and what it lacks."""

import errno
import os
import subprocess
import sys

import pytest

from vestry.cli import serve
from vestry.errors import VestryError
from vestry.system import platform_calls


@pytest.fixture
def windows(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 512, raising=False)
    monkeypatch.setattr(os, "O_BINARY", 0, raising=False)


def test_a_group_is_ended_by_its_leader_with_all_below(windows, monkeypatch):
    asked = []
    monkeypatch.setattr(subprocess, "run", lambda command, **_: asked.append(command))
    platform_calls.end_group(4711)
    assert asked == [["taskkill", "/F", "/T", "/PID", "4711"]]
    assert platform_calls.group_options() == {"creationflags": 512}


def test_no_group_is_no_error(windows):
    platform_calls.end_group(4711)  # there is no taskkill here


def test_one_process_serves_where_sockets_are_not_handed_down(monkeypatch):
    monkeypatch.setattr(serve, "hands_down_sockets", lambda: False)
    with pytest.raises(VestryError, match="leave --workers out"):
        serve.serve(None, port=0, workers=2)


def test_sockets_are_handed_down_here_and_not_on_windows(windows):
    assert not platform_calls.hands_down_sockets()


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_lines_are_added_and_links_not_followed(system, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(os, "O_BINARY", 0, raising=False)
    for text in (b"one\n", b"two\n"):
        handle = platform_calls.open_to_append(tmp_path / "looks")
        os.write(handle, text)
        os.close(handle)
    assert (tmp_path / "looks").read_bytes() == b"one\ntwo\n"
    (tmp_path / "led").symlink_to(tmp_path / "looks")
    with pytest.raises(OSError) as error:
        platform_calls.open_to_append(tmp_path / "led")
    assert error.value.errno == errno.ELOOP


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_files_and_folders_are_synced_where_the_system_can(system, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", system)
    (tmp_path / "x").write_text("x")
    platform_calls.sync(tmp_path / "x")
    platform_calls.sync(tmp_path)
    assert (tmp_path / "x").read_text() == "x"
    assert platform_calls.available_cores() >= 1


def test_a_way_leads_from_one_folder_to_another(tmp_path):
    assert platform_calls.way(tmp_path / "a/x", tmp_path / "b") == "../a/x"


def test_where_no_way_leads_the_whole_path_is_given(monkeypatch, tmp_path):
    def on_another_drive(*_):
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(os.path, "relpath", on_another_drive)
    assert platform_calls.way(tmp_path / "x", tmp_path) == (tmp_path / "x").as_posix()
