"""Explaining a finished run's members, from tasks to the page."""

import json

import numpy as np
import pytest

from vestry.attribution.attribution import Explainer, Subject
from vestry.attribution.budget import Budget
from vestry.attribution.nearest import Chosen
from vestry.attribution.settings import ExplanationSettings
from vestry.audit.unit_vectors import Directions
from vestry.data.dataset import load_dataset, resolved
from vestry.data.paths import DataPaths
from vestry.data.settings import DataSettings
from vestry.engine.task import Outcome, Task
from vestry.evaluation.shown_images import shown_ids
from vestry.members.estimators.kind import EstimatorSettings
from vestry.members.kind import FitJob
from vestry.members.kinds import kind_named
from vestry.pipeline.tasks.attribution import (
    explain_member,
    explanation_tasks,
    explanations,
    save_explanation_maps,
    smaller,
)
from vestry.report.page import render
from vestry.schema.reading import read_results
from vestry.storage.run_folder import RunFolder

SETTINGS = ExplanationSettings(images=3, mistakes=2, seconds=120)


@pytest.fixture(scope="module")
def digits():
    settings = DataSettings(source="digits", validation={"fraction": 0.2, "take": "last"})
    return settings, load_dataset(settings, DataPaths.of())


@pytest.fixture(scope="module")
def explained(finished_run, digits, tmp_path_factory):
    """The small study's results, its tasks, and a run folder of their own; all in this process."""
    settings, dataset = digits
    results = read_results(finished_run / "results.json")
    run = RunFolder(tmp_path_factory.mktemp("explained"))
    fitted = {
        name: Task(
            name, "x:y", {}, finished_run / "members" / name, run.path / "w", {"maker": name}
        )
        for name in results.members
    }
    context = {
        "data": resolved(settings, dataset.provenance).model_dump(mode="json"),
        "places": DataPaths.of().as_dict(),
    }
    tasks = explanation_tasks(SETTINGS, results, dataset, fitted, context, run)
    said = []
    for task in tasks.values():
        task.workspace.mkdir(parents=True)
        message = json.loads(task.message)
        explain_member(
            message["description"], message["context"], task.folder, task.workspace, said.append
        )
    return results.model_copy(update={"explanations": explanations(tasks, {})}), tasks, run, said


def test_each_member_has_maps_of_the_sample_and_its_worst_mistakes(explained):
    results, tasks, _, said = explained
    assert list(tasks) == list(results.members) == ["Net", "Linear"]
    assert all(task.is_done and not task.workspace.exists() for task in tasks.values())
    assert {event["event"] for event in said} == {"stage"}
    for name, entry in results.explanations.items():
        assert (entry.method, entry.reason, entry.limited) == ("occlusion", None, None)
        assert entry.settings.as_json() == {
            "patch": 2, "stride": 1, "places": 81, "cover": "mean training image",
        }  # fmt: skip
        votes = {image.id: image.votes[name] for image in results.votes.images}
        worst = {m.id: m for m in results.members[name].mistakes.hardest[:2]}
        assert len(entry.images) >= 4
        for image in entry.images:
            known = votes.get(image.id, worst.get(image.id))
            assert image.confidence == pytest.approx(known.confidence, abs=1e-5)
            assert image.predicted == (known.label if image.id in votes else known.predicted)
            assert 0 <= image.peak <= 1 and 0 <= image.changed <= 1
        assert [near.id for near in entry.nearest] == list(worst)
        assert entry.summary.images == len(entry.images)


def test_a_run_of_its_own_explains_its_members_and_its_page_shows_it(finished_run):
    results = json.loads((finished_run / "results.json").read_text())
    assert [e["method"] for e in results["explanations"].values()] == ["occlusion"] * 2
    with np.load(finished_run / "figures" / "explanations.npz", allow_pickle=False) as stored:
        assert f"Net/{results['explanations']['Net']['images'][0]['map']}" in stored["names"]
    page = (finished_run / "report.html").read_text()
    assert 'id="explanation"' in page and "not drawn" not in page
    assert (
        "picture not stored" not in page.partition('id="explanation"')[2].partition("<section")[0]
    )


def test_the_linear_member_has_its_weights_and_the_network_none(explained):
    results = explained[0].explanations
    assert results["Net"].weights is None and results["Net"].importance is None
    weights = results["Linear"].weights
    assert weights.labels_equal == weights.rows == 200 and weights.gap < 1e-4


def test_neighbours_are_training_images_with_their_own_labels(explained, digits):
    training = digits[1].training
    label_of = dict(zip(training.ids.tolist(), training.labels.tolist(), strict=True))
    for entry in explained[0].explanations.values():
        assert entry.nearest_among == len(training)
        for mistake in entry.nearest:
            assert len(mistake.images) == 3
            for near in mistake.images:
                assert label_of[near.id] == near.label and 0 <= near.distance <= 2
    assert {n.id for m in entry.nearest for n in m.images} <= set(shown_ids(explained[0]))


def test_the_runs_maps_carry_the_names_of_the_results_and_the_page_draws_them(explained):
    results, tasks, run, _ = explained
    save_explanation_maps(tasks, run)
    with np.load(run.explanations, allow_pickle=False) as stored:
        names, maps = [str(name) for name in stored["names"]], stored["maps"]
    expected = []
    for name, entry in results.explanations.items():
        expected += [f"{name}/{image.map}" for image in entry.images]
        expected += [f"{name}/{key}" for key in (entry.weights.maps if entry.weights else [])]
    assert names == expected and maps.shape[1:] == (8, 8)
    ids = shown_ids(results)
    images = np.zeros((len(ids), 8, 8), np.uint8)
    text = render(results, ids, images, "x", None, dict(zip(names, maps, strict=True)))
    assert 'id="explanation"' in text and "not drawn" not in text
    assert text.count('class="thumb map large x') == len(names)


def test_the_same_task_is_found_again_and_another_sample_is_another_task(explained, digits):
    results, tasks, run, _ = explained
    fitted = {
        name: Task(name, "x:y", {}, RunFolder(run.path).task(name), run.path) for name in tasks
    }
    one, again = (
        explanation_tasks(SETTINGS, results, digits[1], fitted, {}, run) for _ in range(2)
    )
    assert [t.folder for t in one.values()] == [t.folder for t in again.values()]
    other = explanation_tasks(
        ExplanationSettings(images=2, mistakes=2), results, digits[1], fitted, {}, run
    )
    assert not {t.folder for t in one.values()} & {t.folder for t in other.values()}
    assert not explanation_tasks(
        ExplanationSettings(skip=True), results, digits[1], fitted, {}, run
    )
    assert explanations({}, {}) is None


def test_a_failed_task_leaves_its_reason(explained, tmp_path):
    task = Task("Net", "x:y", {}, tmp_path / "none", tmp_path)
    found = explanations({"Net": task}, {"none": Outcome(task, "out of memory")})
    assert found["Net"].reason == "it could not be explained: out of memory"
    assert found["Net"].images == [] and found["Net"].method is None


def explainer(dataset, seconds=60.0):
    among = Directions.of_images(dataset.training, 0)
    settings = ExplanationSettings(seconds=seconds)
    return Explainer(dataset, among, settings, lambda _: None)


def test_a_forest_gets_its_importance_from_validation_rows(digits, tmp_path):
    dataset = digits[1]
    rows = dataset.training
    job = FitJob(
        rows.images, rows.labels, dataset.validation.images, dataset.validation.labels,
        10, 0, 1, tmp_path, lambda _: None,
    )  # fmt: skip
    settings = EstimatorSettings(
        estimator="sklearn.ensemble.RandomForestClassifier", params={"n_estimators": 20}
    )
    member = kind_named("estimator").load_implementation().fit(settings, job)
    member.save(tmp_path)
    member = kind_named("estimator").load_implementation().load(tmp_path, member.card())
    subject = Subject(member.predict_proba, tmp_path / "model.onnx", seen_validation=False)
    found = explainer(dataset).explain(subject, [])
    importance = found.results.importance
    assert importance.block == 1 and importance.rows == len(dataset.validation)
    right = member.predict_proba(dataset.validation.images).argmax(axis=1)
    assert importance.accuracy == pytest.approx((right == dataset.validation.labels).mean())
    # The outermost columns of digits are nearly empty: nothing can be lost there.
    assert np.abs(found.arrays["importance_probability"][:, 0]).max() < 0.005
    assert found.arrays["importance_probability"][2:6, 2:6].mean() > 0.002
    assert importance.most.probability == pytest.approx(
        float(found.arrays["importance_probability"].max())
    )
    assert found.results.weights is None and found.results.images == []


def test_what_there_was_no_time_for_is_said(digits, monkeypatch):
    dataset = digits[1]
    clock = {"now": 0.0}

    def slow(images):
        clock["now"] += 0.1 * len(images)
        return np.full((len(images), 10), 0.1, np.float32)

    monkeypatch.setattr(
        "vestry.attribution.attribution.Budget", lambda s: Budget(s, lambda: clock["now"])
    )
    images = [Chosen("test", str(name), 0, 1, "mistake") for name in dataset.test.ids[:4]]
    found = explainer(dataset, seconds=8.0).explain(Subject(slow, None, False), images).results
    assert found.settings.stride == 2 and len(found.images) == 2
    assert "There was time for 2 of 4 images in 8 s." in found.limited
    assert "moved by 2 pixels at a time" in found.limited
    assert len(found.nearest) == 4


def test_a_member_without_a_stored_model_keeps_its_mistakes_neighbours(digits):
    images = [Chosen("test", str(digits[1].test.ids[0]), 0, 1, "mistake")]
    found = explainer(digits[1]).explain(None, images).results
    assert found.method is None and found.images == [] and len(found.nearest) == 1


def test_large_maps_are_averaged_down():
    values = np.zeros((128, 64), np.float32)
    values[:64] = 1
    shown = smaller(values)
    assert shown.shape == (64, 32)
    assert shown[:32] == pytest.approx(1) and shown[32:] == pytest.approx(0)
