"""What a finished folder's card says of its files, and what counts as damaged."""

import hashlib
import json
import zlib

import pytest

from vestry.storage.file_sums import MANIFEST, finish, forget_damaged

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "tasks" / "one"
    made.mkdir(parents=True)
    (made / "table.npz").write_bytes(CONTENT)
    finish(made, {"task": {"code": "x"}})
    return made


def test_the_card_has_size_and_sha_256(folder):
    card = json.loads((folder / MANIFEST).read_text())
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert card["files"] == {"table.npz": [len(CONTENT), digest]}
    assert forget_damaged(folder.parent) == []


@pytest.mark.parametrize(
    "content",
    [b"", bytes(len(CONTENT)), CONTENT[: len(CONTENT) // 2], CONTENT + b"x", b"y" + CONTENT[1:]],
)
@pytest.mark.parametrize("former", [False, True])
def test_what_is_not_as_it_was_counts_as_not_done(folder, content, former):
    path = folder / MANIFEST
    if former:  # a card as they were before there were SHA-256
        sums = {"table.npz": [len(CONTENT), zlib.crc32(CONTENT)]}
        path.write_text(json.dumps(json.loads(path.read_text()) | {"files": sums}))
        assert forget_damaged(folder.parent) == []
    (folder / "table.npz").write_bytes(content)
    assert forget_damaged(folder.parent) == ["one"] and not path.exists()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\0" * 90, b'{"files": {"gone": [1, "a"]}}']
)
def test_a_card_that_cannot_be_read_counts_as_none(folder, content):
    (folder / MANIFEST).write_bytes(content)
    assert forget_damaged(folder.parent) == ["one"]
