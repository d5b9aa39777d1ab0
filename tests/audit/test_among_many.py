"""Near-duplicates among more images than are compared each with each: planted ones are found."""

import numpy as np
import pytest

from planted_images import clean_images, image_set
from vestry.audit import among_many, audit
from vestry.audit.among_many import nearest_among_many
from vestry.audit.audit import audit as audited
from vestry.audit.spectrum import SHIFTS
from vestry.audit.unit_vectors import Directions, nearest
from vestry.system.parts import missing_packages

SIDE = 28
needs_faiss = pytest.mark.skipif(bool(missing_packages("many")), reason="faiss is not installed")


def sets_with_repeats():
    """900 and 200 images; of the second ten are images of the first shifted by a pixel, ten under
    noise of two grey levels, and one the same byte for byte."""
    random = np.random.default_rng(0)
    (images, labels), (others, other_labels) = (
        clean_images(900, 1, SIDE),
        clean_images(200, 2, SIDE),
    )
    images, others = (np.rint(part * 255).astype(np.uint8) for part in (images, others))
    copied = random.choice(len(images), 21, replace=False)
    for place, row in enumerate(copied[:20]):
        moved = np.roll(images[row], SHIFTS[place % 8], axis=(0, 1))
        noisy = np.clip(np.rint(images[row] + random.normal(0, 2, images[row].shape)), 0, 255)
        others[place] = moved if place < 10 else noisy
    others[20] = images[copied[20]]
    return {
        "training": image_set(images / 255, labels, "train"),
        "test": image_set(others / 255, other_labels, "test"),
    }, copied


def near(findings, sets):
    (found,) = (each for each in findings if each.kind == "near_duplicates")
    return found.as_record(sets)


@needs_faiss
def test_planted_repeats_are_found_by_approximate_search(monkeypatch):
    monkeypatch.setattr(among_many, "PAIRS", 1000)
    monkeypatch.setattr(audit, "_DRAWN_OF_MANY", 60)
    sets, copied = sets_with_repeats()
    findings, notes = audited(sets, 0, lambda text: None)
    found = near(findings, sets)
    assert found.ids == [f"test/{row:05d}" for row in range(20)]
    pairs = {group.images[0].id: group.images[1].id for group in found.groups}
    assert pairs == {f"test/{at:05d}": f"train/{row:05d}" for at, row in enumerate(copied[:20])}
    assert (found.of, found.facts["compared_with"], found.facts["shifted"]) == (200, 900, 10)
    assert any("approximate search" in note for note in notes)
    assert any("60 drawn by class" in note and "near-dup" not in note for note in notes)


@needs_faiss
def test_the_nearest_are_those_of_comparing_all():
    sets, _ = sets_with_repeats()
    rows, queries = (Directions.of_images(each, 0) for each in sets.values())
    place, distance = nearest(queries.values, rows.values)
    found = nearest_among_many(sets["training"], sets["test"], shifted=False)
    close = distance < 0.1
    assert close.sum() == 11
    assert np.array_equal(found.place[close], place[close])
    assert found.distance[close] == pytest.approx(distance[close], abs=1e-5)
    assert (found.distance >= distance - 1e-5).all()


def test_without_the_library_a_part_is_compared_and_that_is_said(monkeypatch):
    monkeypatch.setattr(among_many, "PAIRS", 1000)
    monkeypatch.setattr(audit, "can_search", lambda: False)
    monkeypatch.setattr(audit, "MOST_ROWS", 300)
    sets, _ = sets_with_repeats()
    findings, notes = audited(sets, 0, lambda text: None)
    assert near(findings, sets).facts["compared_with"] == 300
    assert any('pip install "vestry[many]"' in note for note in notes)


def test_a_finished_look_is_taken_anew_once_the_library_is_there(tmp_path, monkeypatch):
    from vestry.audit.settings import ExplorationSettings
    from vestry.data.dataset import load_dataset
    from vestry.data.paths import DataPaths
    from vestry.data.settings import DataSettings
    from vestry.pipeline.tasks import audit as task
    from vestry.storage.run_folder import RunFolder

    dataset = load_dataset(DataSettings(source="digits"), DataPaths.of(base=tmp_path))

    def folders():
        found = []
        for there in (False, True):
            monkeypatch.setattr(task, "can_search", lambda there=there: there)
            settings = ExplorationSettings()
            made = task.exploration_task(settings, dataset, {}, RunFolder(tmp_path / "run"))
            found.append(made.folder.name)
        return found

    without, with_it = folders()
    assert without == with_it, "few images are compared alike"
    monkeypatch.setattr(among_many, "PAIRS", 1000)
    without, with_it = folders()
    assert without != with_it
