"""Several runs side by side: one ranking, pairs, and what changed; rows joined by their ids."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from makers import scored_entries, small_run, table

from vestry.errors import TableError
from vestry.evaluation.paired_tests import holm, mcnemar
from vestry.evaluation.predictions import align_rows, in_order
from vestry.evaluation.run_changes import run_changes
from vestry.evaluation.run_comparison import RunEvidence, compared_runs
from vestry.evaluation.two_way import mean_accuracy


def runs(*skills, seed=0):
    """Runs of makers (name: skill) whose test rows have the same truth."""
    made = [small_run(own, seed=seed) for own in skills]
    truth = made[0][1].truth
    evidence = [
        RunEvidence(f"run{number}", scored_entries(results)["members"], found.tested)
        for number, (results, found) in enumerate(made, 1)
    ]
    assert all(np.array_equal(found.truth, truth) for _, found in made)
    return evidence, truth


def test_the_ranking_is_by_validation_or_by_test():
    evidence, truth = runs({"A": 3.0, "B": 1.0}, {"A": 2.0, "C": 0.2})
    for split in ("validation", "test"):
        found = compared_runs(evidence, truth, split)
        entries = {run.name: run.entries for run in evidence}
        figures = [entries[row.run][row.name].scores.on(split).accuracy for row in found.ranking]
        assert figures == sorted(figures, reverse=True)
        assert [row.rank for row in found.ranking] == [1, 2, 3, 4]


def test_every_pair_is_in_the_family_and_the_verdicts_follow_holm():
    evidence, truth = runs({"A": 3.0, "B": 1.0}, {"A": 2.9, "C": 0.2})
    found = compared_runs(evidence, truth, "validation")
    tables = {f"{run.name} / {name}": t for run in evidence for name, t in run.tables.items()}
    right = {label: t.labels == truth for label, t in tables.items()}
    labels = list(right)
    counts = [
        ((right[a] & ~right[b]).sum(), (right[b] & ~right[a]).sum())
        for i, a in enumerate(labels)
        for b in labels[i + 1 :]
    ]
    adjusted = holm([mcnemar(int(one), int(other)).p for one, other in counts])
    assert found.tests.family == len(counts) == 6
    told = [pair.p_holm for pair in found.tests.pairs]
    assert all(any(p == pytest.approx(known) for known in adjusted) for p in told)
    (twins,) = [pair for pair in found.tests.pairs if pair.same_name]
    assert (twins.one.label, twins.other.label) == ("run2 / A", "run1 / A")
    assert twins.both_best
    first, *others = found.ranking
    assert first.on_test is None and first.label in ("run1 / A", "run2 / A")
    (other,) = [row.on_test for row in others if row.name == "A"]
    assert other.p_holm == twins.p_holm
    assert (other.mark in ("ahead", "behind")) == twins.told_apart
    sign = 1 if first.label == "run1 / A" else -1
    assert other.difference == pytest.approx(sign * twins.difference.value)
    low, high = twins.difference.interval
    assert other.interval == ((low, high) if sign > 0 else (-high, -low))


def test_rows_in_another_order_find_their_places():
    rng = np.random.default_rng(1)
    first = table(rng.integers(0, 4, 50), 1.0, rng)
    shuffled = rng.permutation(50)
    other = in_order(first, first.ids[shuffled])
    assert np.array_equal(other.probabilities, first.probabilities[shuffled])
    back = in_order(other, first.ids)
    assert np.array_equal(back.probabilities, first.probabilities)
    with pytest.raises(TableError, match="others than those asked for"):
        in_order(first, first.ids[:-1])


@given(st.lists(st.text(min_size=1), unique=True, min_size=1), st.randoms())
def test_places_are_those_of_the_ids(names, random):
    shuffled = list(names)
    random.shuffle(shuffled)
    ids, among = np.array(names, dtype=object), np.array(shuffled, dtype=object)
    places = align_rows(ids, among)
    assert [shuffled[place] for place in places] == names
    assert align_rows(ids, np.array([*shuffled[1:], "\x00other"], dtype=object)) is None
    assert align_rows(ids, np.array([*shuffled, shuffled[0]], dtype=object)) is None


def test_changes_are_told_once():
    net = {"name": "Net", "layers": [{"dense": 8}], "epochs": 2, "batch_size": 32}
    twin = net | {"name": "Twin"}
    studies = {
        "a": {"title": "A", "training": {"epochs": 2}, "member": [net, twin], "committee": []},
        "b": {
            "title": "B",
            "training": {"epochs": 5},
            "member": [n | {"epochs": 5} for n in (net, twin)] + [{"name": "Tree", "x": 1}],
            "committee": [],
        },
    }
    found = run_changes(studies, {"a": {"versions": {"x": "1"}}, "b": {"versions": {"x": "2"}}})
    assert found.as_json() == {
        "makers": [{"kind": "member", "name": "Tree", "runs": ["b"]}],
        "settings": [{"of": ["Net", "Twin"], "key": "epochs", "values": [2, 5]}],
        "environment": [{"key": "versions.x", "values": ["1", "2"]}],
    }
    same = run_changes({"a": studies["a"], "b": studies["a"] | {"title": "C"}}, {"a": {}, "b": {}})
    assert same.as_json() == {"makers": [], "settings": [], "environment": []}


def test_all_seeds_of_all_runs_are_compared():
    """As within a run: means over seeds, one pool of both runs' members, and no first seed."""
    made = [small_run({"A": 1.2, "B": 1.0}, seeds=3, seed=seed) for seed in (0, 0)]
    truth = made[0][1].truth
    seeds = [
        {name: [tables["test"] for tables in every] for name, every in found.seeds.items()}
        for _, found in made
    ]
    seeds[1] = {name: tables[::-1] for name, tables in seeds[1].items()}
    runs = [
        RunEvidence(f"run{number}", scored_entries(results)["members"], found.tested, own)
        for number, ((results, found), own) in enumerate(zip(made, seeds, strict=True), 1)
    ]
    found = compared_runs(runs, truth, "validation")
    rights = {
        name: np.stack([table.labels == truth for table in tables])
        for name, tables in seeds[0].items()
    }
    for row in found.ranking:
        assert row.accuracy == pytest.approx(rights[row.name].mean())
        assert row.over_seeds.mean == pytest.approx(row.accuracy)
        assert row.interval == pytest.approx(mean_accuracy(rights[row.name]).interval())
    assert all(pair.method == "two-way" for pair in found.tests.pairs)
    twins = [pair for pair in found.tests.pairs if pair.same_name]
    assert len(twins) == 2
    assert all(pair.difference.value == 0 and pair.alike < len(truth) for pair in twins)
