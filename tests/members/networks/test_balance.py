"""Classes of unlike size: what weighs, what is drawn, and what a network makes of it."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from vestry.members.networks.balance import balanced_order, class_weights
from vestry.members.networks.network_member import fit
from vestry.members.networks.settings import NetworkSettings

LAYERS = [{"flatten": True}]
label_lists = st.lists(st.integers(0, 4), min_size=1, max_size=80)


@examples(deadline=None)
@given(label_lists)
def test_weights_make_classes_alike_and_leave_the_mean(labels):
    labels = torch.tensor(labels)
    weights = class_weights(labels, 6)
    total = torch.zeros(6).index_add_(0, labels, weights[labels])
    there = total[labels.unique()]
    torch.testing.assert_close(there, torch.full_like(there, len(labels) / len(there)))
    assert weights[5] == 1  # a class that is not there


@examples(deadline=None)
@given(label_lists, st.integers(0, 100))
def test_the_order_has_every_class_as_often_and_every_row_evenly(labels, seed):
    labels = np.array(labels)
    order = balanced_order(labels, np.random.default_rng(seed))
    assert len(order) == len(labels)
    counts = np.bincount(labels[order], minlength=5)[np.unique(labels)]
    assert np.ptp(counts) <= 1
    for label in np.unique(labels):
        assert np.ptp(np.bincount(order, minlength=len(labels))[labels == label]) <= 1


def blobs(counts, seed=0):
    """Two classes that overlap, told by how bright they are."""
    random = np.random.default_rng(seed)
    labels = np.repeat([0, 1], counts)
    means = np.where(labels, 140, 110)[:, None, None]
    images = np.clip(random.normal(means, 60, (len(labels), 4, 4)), 0, 255).astype(np.uint8)
    return images, labels


@pytest.mark.parametrize("balance", ["weights", "sampling"])
def test_a_rare_class_is_found_more_often(job, balance):
    images, labels = blobs((460, 40))
    asked, truth = blobs((300, 300), seed=1)
    rows = {"images": images, "labels": labels, "classes": 2, "ids": None}
    rows |= {"validation_images": asked[:50], "validation_labels": truth[:50]}
    found = {
        way: fit(
            NetworkSettings(layers=LAYERS, epochs=15, learning_rate=0.01, balance=way), job(**rows)
        )
        for way in (None, balance)
    }
    share = {
        way: member.predict_proba(asked)[truth == 1].argmax(1).mean()
        for way, member in found.items()
    }
    assert share[balance] > share[None] + 0.2
    right = found[balance].predict_proba(asked).argmax(1) == truth
    assert right.mean() > 0.75
    assert any("classes" in note for note in found[balance].card()["notes"])


def test_balanced_rows_weigh_one_and_change_no_bit(job):
    images, labels = blobs((100, 100))
    rows = {"images": images, "labels": labels, "classes": 2, "ids": None}
    rows |= {"validation_images": images[:9], "validation_labels": labels[:9]}
    plain, weighted = (
        fit(NetworkSettings(layers=LAYERS, epochs=2, balance=way), job(**rows))
        for way in (None, "weights")
    )
    assert plain.history[-1]["train_loss"] == weighted.history[-1]["train_loss"]
