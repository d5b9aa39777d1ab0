"""Converted weights in the cache are known again by their sum, and made anew where they are not."""

from dataclasses import replace
from pathlib import Path

import pytest

from vestry.data.paths import DataPaths
from vestry.members.backbones import downloads
from vestry.members.backbones.kept_weights import is_kept, note_sum
from vestry.members.backbones.published import PUBLISHED
from vestry.members.model_paths import ModelPaths


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"weights" * 1000)
    note_sum(path)
    return path


def test_what_was_kept_is_found_again(kept: Path) -> None:
    assert is_kept(kept) and is_kept(kept)
    assert not is_kept(kept.with_name("others.onnx"))


@pytest.mark.parametrize("damage", [b"", b"\0" * 7000, b"weights" * 999 + b"weighty"])
def test_what_is_no_longer_what_was_kept_is_removed(kept: Path, damage: bytes) -> None:
    kept.write_bytes(damage)
    assert not is_kept(kept)
    assert list(kept.parent.iterdir()) == []


def test_what_an_earlier_version_kept_gets_a_sum(kept: Path) -> None:
    (kept.parent / f"{kept.name}.json").unlink()
    assert is_kept(kept)
    kept.write_bytes(b"others")
    assert not is_kept(kept)


def test_published_weights_that_were_changed_in_the_cache_are_not_taken(tmp_path: Path) -> None:
    backbone = PUBLISHED["resnet50"]
    places = replace(ModelPaths.of(DataPaths.of(base=tmp_path)), cache=tmp_path, published=())
    path = tmp_path / downloads._kept_name(backbone)
    path.write_bytes(b"converted")
    note_sum(path)
    assert downloads.find(backbone, places) == path
    path.write_bytes(b"converteD")
    assert downloads.find(backbone, places) is None and not path.exists()
