"""Test labels are opened in one place, and every look is counted, whatever is deleted."""

import ast
import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import vestry
from vestry.data.image_set import ImageSet
from vestry.data.sealed import SealedLabels, SealedSet
from vestry.errors import RunError
from vestry.evaluation.comparison import best_of
from vestry.evaluation.vault import Vault

SOURCE = Path(vestry.__file__).parent


def rows(labels=(0, 1, 1, 0, 1), classes=("a", "b")):
    labels = np.array(labels, np.int64)
    images = np.arange(len(labels) * 4, dtype=np.uint8).reshape(-1, 2, 2)
    ids = np.array([f"test/{i}" for i in range(len(labels))])
    return ImageSet(images, labels, classes, ids)


@pytest.fixture
def vault(tmp_path):
    return Vault(tmp_path / "register", tmp_path / "run" / "test_looks.jsonl")


def test_a_look_is_written_down_in_both_places_and_opens_the_labels(vault):
    sealed = SealedSet(rows())
    opened = vault.open(sealed, "hash", ["A", "B"], "comparing")
    assert opened.labels.tolist() == [0, 1, 1, 0, 1]
    (look,) = vault.looks(sealed.fingerprint)
    assert (look["study"], look["models"], look["why"]) == ("hash", ["A", "B"], "comparing")
    assert json.loads(vault.record.read_text()) == look


def test_sealed_rows_have_no_labels_for_anyone_else():
    sealed = SealedSet(rows())
    assert not hasattr(sealed, "labels")
    assert sealed.class_counts().tolist() == [2, 3]
    assert len(sealed) == 5


@pytest.mark.parametrize(
    ("name", "caller"),
    [("unsealed", "evaluation/vault.py"), ("labels_to_seal", "data/packed_rows.py")],
)
def test_the_vault_alone_unseals_and_what_seals_again_alone_packs(name, caller):
    callers = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == name
    }
    assert callers == {caller}


def test_deleting_the_runs_list_does_not_reset_the_count(vault):
    sealed = SealedSet(rows())
    for _ in range(2):
        vault.open(sealed, "hash", ["A"], "comparing")
    vault.record.unlink()
    vault.open(sealed, "other", ["A"], "comparing")
    found = vault.uses(sealed, "hash", 0.9)
    assert (found.count, found.comparisons, found.studies) == (3, 3, 2)
    assert found.of_this_study == 2


def test_looks_before_any_model_are_no_comparisons(vault):
    sealed = SealedSet(rows())
    vault.open(sealed, "hash", [], "the look at the data")
    found = vault.uses(sealed, "hash", 0.9)
    assert (found.count, found.comparisons) == (1, 0)


def pictures(count=40, seed=0, side=28):
    """Blobs on black, as small pictures are."""
    random = np.random.default_rng(seed)
    images = np.zeros((count, side, side), np.uint8)
    for image in images:
        for _ in range(4):
            row, column = random.integers(0, side - 8, 2)
            image[row : row + 8, column : column + 8] = random.integers(60, 250)
    return images


def sealed_of(images, labels=None, prefix="test"):
    labels = np.arange(len(images)) % 2 if labels is None else labels
    ids = np.array([f"{prefix}/{row}" for row in range(len(images))])
    return SealedSet(ImageSet(images, labels.astype(np.int64), ("a", "b"), ids))


def test_other_test_rows_have_a_count_of_their_own(vault):
    vault.open(sealed_of(pictures(seed=0)), "hash", ["A"], "comparing")
    found = vault.uses(sealed_of(pictures(seed=1)), "hash", 0.9)
    assert (found.count, found.comparisons, found.sets) == (0, 0, 0)
    assert [(each.comparisons, each.rows) for each in found.used] == [(0, 40)]


def one_pixel(images):
    images[:, 3, 4] ^= 0xFF
    return images


CHANGES = {
    "another order": lambda images: images[::-1],
    "a row left out": lambda images: images[1:],
    "one pixel of one image": lambda images: np.concatenate([one_pixel(images[:1]), images[1:]]),
    "one pixel of each image": one_pixel,
    "a grey level of each": lambda images: images + np.uint8(1),
    "colour": lambda images: np.repeat(images[..., None], 3, axis=3),
}


@pytest.mark.parametrize("change", CHANGES)
def test_images_are_known_again_whatever_else_changed(vault, change):
    vault.open(sealed_of(pictures()), "first", ["A"], "comparing")
    vault.open(sealed_of(pictures()), "first", ["A"], "comparing")
    changed = sealed_of(CHANGES[change](pictures()), prefix="elsewhere")
    assert changed.fingerprint != sealed_of(pictures()).fingerprint
    vault.open(changed, "second", ["B"], "comparing")
    found = vault.uses(changed, "second", 0.9)
    assert (found.comparisons, found.studies, found.of_this_study, found.sets) == (3, 2, 1, 2)
    often = sum(each.rows for each in found.used if each.comparisons == 3)
    assert often >= 0.9 * len(changed), found.used


def test_rows_that_some_sets_share_are_counted_for_themselves(vault):
    first, second = pictures(seed=0), pictures(seed=1)
    vault.open(sealed_of(first), "one", ["A"], "comparing")
    mixed = sealed_of(np.concatenate([first[:10], second[:30]]))
    vault.open(mixed, "two", ["A"], "comparing")
    found = vault.uses(mixed, "two", 0.9)
    assert [(each.comparisons, each.rows) for each in found.used] == [(2, 10), (1, 30)]
    assert found.comparisons == 1, "the other set is another one, for most of its rows"


def test_tables_alone_are_known_by_ids_and_labels(vault):
    ids = np.array([f"r{row}" for row in range(20)])
    labels = np.arange(20) % 2
    vault.open(SealedLabels(ids, labels, ("a", "b")), "one", ["A"], "judging")
    fewer = SealedLabels(ids[::-1][1:], labels[::-1][1:], ("a", "b"))
    assert vault.open(fewer, "two", ["A"], "judging").tolist() == labels[::-1][1:].tolist()
    assert vault.uses(fewer, "two", 0.9).comparisons == 2
    assert vault.uses(SealedLabels(ids, 1 - labels, ("a", "b")), "x", 0.9).comparisons == 0


def test_a_register_of_an_earlier_version_counts_what_it_can(vault):
    old, new = sealed_of(pictures()), sealed_of(pictures()[1:])
    vault.open(old, "one", ["A"], "comparing")
    vault.rows_of(old.fingerprint).unlink()
    found = vault.uses(new, "two", 0.9)
    assert (found.comparisons, found.unmatched_sets) == (0, 1)
    vault.rows_of(old.fingerprint).write_bytes(b"damaged")
    assert vault.uses(new, "two", 0.9).unmatched_sets == 1
    assert vault.uses(old, "one", 0.9).comparisons == 1


def test_a_damaged_line_still_counts(vault):
    sealed = SealedSet(rows())
    vault.open(sealed, "hash", ["A"], "comparing")
    with vault.file(sealed.fingerprint).open("a") as file:
        file.write('{"when": "20\n')
    assert vault.uses(sealed, "hash", 0.9).count == 2


def test_where_nothing_can_be_written_down_nothing_is_opened(tmp_path):
    (tmp_path / "register").write_text("in the way")
    with pytest.raises(RunError, match="VESTRY_LOOKS"):
        Vault(tmp_path / "register").open(SealedSet(rows()), "hash", ["A"], "comparing")


def look(folder):
    Vault(Path(folder)).open(SealedSet(rows()), "hash", ["A"] * 50, "comparing")


def test_many_at_once_lose_no_look(tmp_path):
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(look, [str(tmp_path)] * 40))
    looks = Vault(tmp_path).looks(SealedSet(rows()).fingerprint)
    assert len(looks) == 40
    assert all(found["models"] == ["A"] * 50 for found in looks)


@given(
    counts=st.lists(st.integers(1, 30), min_size=2, max_size=6),
    share=st.floats(0.05, 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_beginning_of_the_order_holds_each_class_in_its_share(counts, share, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    order = SealedSet(rows(labels, tuple("abcdef"[: len(counts)]))).order(seed)
    assert sorted(order.tolist()) == list(range(len(labels)))
    taken = round(share * len(labels))
    drawn = np.bincount(labels[order[:taken]], minlength=len(counts))
    assert (np.abs(drawn - taken * np.array(counts) / len(labels)) <= 2).all()


def test_luck_is_that_of_the_best_of_many_draws():
    draws = np.random.default_rng(0).binomial(10_000, 0.9, size=(20_000, 8)) / 10_000
    found, best = best_of(8, 0.9, 10_000), draws.max(axis=1)
    assert found.mean == pytest.approx(best.mean() - 0.9, rel=0.03)
    assert found.deviation == pytest.approx(best.std(), rel=0.05)
    assert best_of(1, 0.9, 10_000).mean == 0
