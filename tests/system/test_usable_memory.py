"""How much memory there is for a process: the machine's, or less in a container."""

from pathlib import Path

import pytest

from vestry.system import platform_calls
from vestry.system.platform_calls import memory_bytes, usable_memory


@pytest.mark.parametrize("place", ["memory.max", "memory/memory.limit_in_bytes"])
def test_a_containers_limit_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr(platform_calls, "_GROUPS", tmp_path)
    monkeypatch.setattr(platform_calls.sys, "platform", "linux")
    assert usable_memory() == memory_bytes()
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_text("max\n")
    assert usable_memory() == memory_bytes()
    path.write_text("1048576\n")
    assert usable_memory() == 1_048_576
