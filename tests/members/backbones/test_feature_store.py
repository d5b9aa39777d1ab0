"""Kept features: found by content, whole or not there, bounded, shared between processes."""

import multiprocessing
import os
import signal
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestry.members.backbones.feature_store import (
    LIMIT_VARIABLE,
    FeatureStore,
    image_digests,
    limit,
    size_of,
)

WIDTH = 5
LARGE = 2**30


def digests(*numbers):
    return [number.to_bytes(16, "big") for number in numbers]


def values(*numbers):
    return np.repeat(np.array(numbers, np.float32)[:, None], WIDTH, axis=1)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "features"


def store(root, backbone="a", width=WIDTH, most=LARGE):
    return FeatureStore(root, backbone, width, most)


def found(store, *numbers):
    """What the store has of these numbers."""
    features = np.full((len(numbers), store.width), -1, np.float32)
    mask = store.find(digests(*numbers), features)
    assert (features[~mask] == -1).all()
    return {
        n: float(row[0]) for n, row, there in zip(numbers, features, mask, strict=True) if there
    }


@given(st.lists(st.lists(st.integers(1, 40), min_size=1, unique=True), max_size=5), st.data())
@settings(max_examples=40, deadline=None)
def test_what_was_added_is_found_in_any_order_and_nothing_else(tmp_path_factory, shards, data):
    root = tmp_path_factory.mktemp("features")
    first = store(root)
    for shard in shards:
        first.add(digests(*shard), values(*shard))
    known = {number for shard in shards for number in shard}
    asked = data.draw(st.lists(st.integers(1, 60)))
    for reader in (first, store(root)):
        if asked:
            assert found(reader, *asked) == {n: float(n) for n in asked if n in known}


def test_another_backbone_s_features_are_not_found(root):
    store(root).add(digests(1), values(1))
    assert found(store(root, "b"), 1) == {}
    assert found(store(root, width=7), 1) == {}


def test_a_reader_sees_what_another_process_adds_later(root):
    reader, writer = store(root), store(root)
    assert found(reader, 1, 2) == {}
    writer.add(digests(1), values(1))
    assert found(reader, 1, 2) == {1: 1.0}
    writer.add(digests(2), values(2))
    assert found(reader, 1, 2) == {1: 1.0, 2: 2.0}


def test_a_damaged_shard_is_passed_over(root):
    writer = store(root)
    writer.add(digests(1), values(1))
    (shard,) = writer.folder.iterdir()
    writer.add(digests(2), values(2))
    assert found(writer, 1, 2) == {1: 1.0, 2: 2.0}
    shard.write_bytes(shard.read_bytes()[:60])
    assert found(store(root), 1, 2) == {2: 2.0}
    assert found(writer, 1, 2) == {2: 2.0}  # though it had known the shard
    shard.write_bytes(b"")
    assert found(store(root), 1, 2) == {2: 2.0}


def test_the_backbone_that_was_used_longest_ago_makes_room(root):
    row = values(1).nbytes + 1000  # a shard's own header is small
    for name in ("old", "used", "new"):
        store(root, name, most=LARGE).add(digests(1), values(1))
        stamp = {"old": 1, "used": 2, "new": 3}[name] * 1_000_000
        os.utime(root / name, (stamp, stamp))
    assert found(store(root, "used"), 1)  # which makes it the last one used
    full = sum(size_of(folder) for folder in root.iterdir())
    fourth = store(root, "fourth", most=full + row // 100)
    fourth.add(digests(1), values(1))
    assert {folder.name for folder in root.iterdir()} == {"used", "new", "fourth"}
    assert len(fourth.notes) == 1 and "were removed" in fourth.notes[0]
    assert found(fourth, 1) == {1: 1.0}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 60)), max_size=12))
@settings(max_examples=30, deadline=None)
def test_it_never_grows_beyond_its_bound(tmp_path_factory, shards):
    root, most = tmp_path_factory.mktemp("features"), 4000
    for backbone, rows in shards:
        writer = store(root, backbone, most=most)
        writer.add(digests(*range(rows)), values(*range(rows)))
        assert sum(size_of(f) for f in root.iterdir() if f.is_dir()) <= most + 500  # a header


def test_one_backbone_too_large_for_the_bound_is_kept_in_part_and_said(root):
    writer = store(root, most=1000)
    for number in range(30):
        writer.add(digests(number), values(number))
    kept = found(store(root), *range(30))
    assert 0 < len(kept) < 30 and kept == {n: float(n) for n in range(len(kept))}
    assert len(writer.notes) == 1 and LIMIT_VARIABLE in writer.notes[0]


def test_where_nothing_can_be_written_that_is_said(root):
    root.write_text("a file stands where the folder would")
    writer = store(root)
    writer.add(digests(1), values(1))
    assert "not kept for later runs" in writer.notes[0]
    with writer.alone(lambda: pytest.fail("nobody else is there")):
        assert found(writer, 1) == {}


def test_the_environment_sets_the_bound(monkeypatch):
    assert limit() == 4 * 2**30
    monkeypatch.setenv(LIMIT_VARIABLE, "0.5")
    assert limit() == 2**29


def write_until_killed(root, start):
    writer = store(root)
    for number in range(start, start + 100_000):
        writer.add(digests(number), values(number))


def test_two_processes_write_at_once_and_one_is_killed_half_way(root):
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=write_until_killed, args=(root, start)) for start in (1, 200_000)
    ]
    for process in processes:
        process.start()
    deadline = time.monotonic() + 60
    while len(list(root.glob("a/[!.]*"))) < 200 and time.monotonic() < deadline:
        time.sleep(0.05)
    for process in processes:
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    numbers = [*range(1, 3000), *range(200_000, 203_000)]
    kept = found(store(root), *numbers)
    assert len(kept) >= 200 or len(list(root.glob("a/[!.]*"))) >= 200
    assert {1, 200_000} <= kept.keys() and all(kept[n] == float(n) for n in kept)


def hold(root, ready, done):
    with store(root).alone(lambda: None):
        ready.set()
        done.wait(60)


def test_one_process_at_a_time_computes_and_a_killed_one_lets_go(root):
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    process = context.Process(target=hold, args=(root, ready, done))
    process.start()
    assert ready.wait(60)
    waited = []

    def waiting():
        waited.append(True)
        os.kill(process.pid, signal.SIGKILL)

    leftover = root / "a" / ".part-0123abcd.safetensors"
    leftover.parent.mkdir()
    leftover.touch()
    with store(root).alone(waiting):
        assert waited and not leftover.exists()
    process.join()
    with store(root).alone(lambda: pytest.fail("nobody else is there")):
        pass


def test_digests_tell_images_apart_by_pixels_and_shape():
    images = np.arange(48, dtype=np.uint8).reshape(4, 3, 4)
    names = image_digests(images)
    assert len(set(names)) == 4 and names == image_digests(images.copy())
    assert set(image_digests(images.reshape(4, 4, 3))).isdisjoint(names)
    assert image_digests(images[::2]) == names[::2]
