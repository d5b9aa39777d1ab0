"""NetworkClassifier: the study's own training behind scikit-learn's interface."""

import copy
import pickle
import random
import tempfile

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from vestry import NetworkClassifier
from vestry.errors import VestryError
from vestry.members.kind import FitJob
from vestry.members.networks.layers.conv import Conv
from vestry.members.networks.layers.dense import Dense
from vestry.members.networks.layers.flatten import Flatten
from vestry.members.networks.network_member import fit
from vestry.members.networks.settings import NetworkSettings
from vestry.sklearn_api.checks import ParameterError, held_out_rows

LAYERS = [{"conv": 4, "kernel": 3}, {"pool": 2}, {"flatten": True}, {"dense": 8}]


@pytest.fixture(scope="module")
def digits():
    """300 real digits as (n, 8, 8) bytes."""
    pixels, labels = load_digits(return_X_y=True)
    images = np.rint(pixels * 255 / 16).astype(np.uint8).reshape(-1, 8, 8)
    return images[:300], labels[:300]


def member(images, labels, tmp_path, validation=None, **settings):
    nothing = (images[:0], labels[:0])
    held_images, held_labels = validation or nothing
    job = FitJob(images, labels, held_images, held_labels, 10, 3, 1, tmp_path, lambda _: None)
    return fit(NetworkSettings(layers=LAYERS, precision="fp32", **settings), job)


def test_bytes_give_the_same_network_as_a_study(digits, tmp_path):
    images, labels = digits
    study = member(images[:200], labels[:200], tmp_path, epochs=2).predict_proba(images[200:])
    network = NetworkClassifier(LAYERS, epochs=2, random_state=3).fit(images[:200], labels[:200])
    np.testing.assert_array_equal(network.predict_proba(images[200:]), study)
    flat = NetworkClassifier(LAYERS, image_shape=(8, 8), epochs=2, random_state=3)
    flat.fit(images[:200].reshape(200, 64), labels[:200])
    np.testing.assert_array_equal(flat.predict_proba(images[200:].reshape(-1, 64)), study)


def test_how_it_is_trained_is_what_a_study_says(digits, tmp_path):
    images, labels = digits
    given = {
        "optimizer": "sgd",
        "momentum": 0.9,
        "nesterov": True,
        "batch_size": 64,
        "schedule": {"linear": True},
        "label_smoothing": 0.1,
        "clip_norm": 2.0,
        "balance": "weights",
        "ema": 0.9,
        "augmentation": "auto",
        "epochs": 2,
    }
    study = member(images[:200], labels[:200], tmp_path, **given)
    network = NetworkClassifier(LAYERS, random_state=3, **given).fit(images[:200], labels[:200])
    np.testing.assert_array_equal(
        network.predict_proba(images[200:]), study.predict_proba(images[200:])
    )
    assert network.card_["mirroring"]["rows"] == 200
    for wrong in ({"ema": 1.0}, {"balance": "much"}, {"nesterov": True}, {"clip_norm": 0}):
        with pytest.raises(ParameterError, match=next(iter(wrong))):
            NetworkClassifier(LAYERS, **wrong).fit(images[:200], labels[:200])


def test_early_stopping_is_the_studys_on_the_rows_held_out(digits, tmp_path):
    images, labels = digits
    learnt, held = held_out_rows(labels, 0.2, 3)
    stopping = {"patience": 1, "restore_best": True}
    study = member(
        *(images[learnt], labels[learnt], tmp_path, (images[held], labels[held])),
        **{"epochs": 40, "learning_rate": 0.02, "early_stopping": stopping},
    )
    network = NetworkClassifier(
        LAYERS,
        epochs=40,
        learning_rate=0.02,
        early_stopping=True,
        patience=1,
        validation_fraction=0.2,
        random_state=3,
    ).fit(images, labels)
    np.testing.assert_array_equal(network.predict_proba(images), study.predict_proba(images))
    assert network.n_iter_ == len(network.history_) == len(study.history) < 40
    losses = [row["validation_loss"] for row in network.history_]
    assert network.card_["training"]["best_epoch"] == 1 + int(np.argmin(losses))


def test_the_same_seed_gives_the_same_bits_and_another_does_not(digits):
    images, labels = digits

    def answer(seed):
        return NetworkClassifier(LAYERS, epochs=1, random_state=seed).fit(images, labels)

    first = answer(0).predict_proba(images)
    np.testing.assert_array_equal(answer(0).predict_proba(images), first)
    drawn = answer(np.random.RandomState(5)).predict_proba(images)
    np.testing.assert_array_equal(answer(np.random.RandomState(5)).predict_proba(images), drawn)
    assert not np.array_equal(answer(1).predict_proba(images), first)
    assert not np.array_equal(drawn, first)


def test_nothing_of_the_process_or_the_disk_is_changed(digits, tmp_path, monkeypatch):
    images, labels = digits
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    torch.manual_seed(1)
    np.random.seed(1)
    random.seed(1)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    state = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    NetworkClassifier(LAYERS, epochs=1, random_state=0).fit(images, labels).predict(images)
    after = torch.get_num_threads()
    torch.set_num_threads(before)
    assert after == 2
    assert torch.equal(torch.get_rng_state(), state[0])
    assert np.array_equal(np.random.get_state()[1], state[1])
    assert random.getstate() == state[2]
    assert not list(tmp_path.iterdir())


def test_a_fitted_network_is_copied_and_pickled_by_its_user(digits):
    images, labels = digits
    network = NetworkClassifier(LAYERS, epochs=1, random_state=0).fit(images, labels)
    expected = network.predict_proba(images)
    content = pickle.dumps(network)
    assert b"torch" not in content
    for other in (pickle.loads(content), copy.deepcopy(network)):  # noqa: S301 - our own
        np.testing.assert_array_equal(other.predict_proba(images), expected)
        assert other.history_ == network.history_


def test_labels_of_any_kind_come_back(digits):
    images, labels = digits
    names = np.array([f"digit {9 - label}" for label in labels], dtype=object)
    network = NetworkClassifier(epochs=15, random_state=0).fit(images, names)
    assert network.classes_.tolist() == sorted(set(names))
    assert network.score(images, names) > 0.95
    table = network.predict_proba(images)
    assert table.shape == (300, 10) and table.dtype == np.float32
    assert (network.classes_[table.argmax(axis=1)] == network.predict(images)).all()


def test_flat_rows_are_standardised_whatever_their_scale_and_constant_ones_ignored(digits):
    images, labels = digits
    rows = images.reshape(300, 64).astype(np.float64)
    scale = 10.0 ** np.linspace(-6, 6, 64)
    plain = NetworkClassifier(epochs=3, random_state=0).fit(rows, labels)
    scaled = NetworkClassifier(epochs=3, random_state=0).fit(rows * scale - 7 * scale, labels)
    expected = plain.predict_proba(rows)
    np.testing.assert_allclose(scaled.predict_proba(rows * scale - 7 * scale), expected, atol=1e-4)
    constant = rows.std(axis=0) == 0
    assert constant.sum() > 0
    rows[:, constant] = 1e6
    np.testing.assert_array_equal(plain.predict_proba(rows), expected)


def test_other_images_are_standardised_by_channel(digits):
    images, labels = digits
    colour = np.stack([images / 255, images * 30.0 - 1000], axis=3)
    network = NetworkClassifier(LAYERS, epochs=1, random_state=0).fit(colour, labels)
    prepared = network.input_.apply(colour.reshape(300, -1))
    assert prepared.shape == (300, 8, 8, 2)
    np.testing.assert_allclose(prepared.mean(axis=(0, 1, 2), dtype=float), 0, atol=1e-5)
    np.testing.assert_allclose(prepared.std(axis=(0, 1, 2), dtype=float), 1, atol=1e-5)
    assert network.n_features_in_ == 128


def test_layers_are_dictionaries_or_objects_and_are_chosen_by_the_shape(digits):
    images, labels = digits
    objects = [Conv(conv=4, kernel=3), *LAYERS[1:3], Dense(dense=8)]
    given = NetworkClassifier(objects, epochs=1, random_state=0).fit(images, labels)
    same = NetworkClassifier(LAYERS, epochs=1, random_state=0).fit(images, labels)
    np.testing.assert_array_equal(given.predict_proba(images), same.predict_proba(images))
    own = NetworkClassifier(epochs=1, random_state=0)
    kinds = [type(layer).__name__ for layer in own.fit(images, labels).settings_.layers]
    assert kinds == ["Conv", "Pool", "Conv", "Pool", "Flatten", "Dense"]
    flat = own.fit(images.reshape(300, 64), labels).settings_.layers
    assert flat == (Flatten(flatten=True), Dense(dense=128), Dense(dense=64))
    tiny = own.fit(images[:, :3, :3], labels).settings_.layers
    assert [type(layer).__name__ for layer in tiny] == ["Conv", "Conv", "Flatten", "Dense"]


def test_augmentation_is_that_of_a_study(digits, tmp_path):
    images, labels = digits
    augmentation = {"shift": 0.1}
    study = member(images, labels, tmp_path, epochs=1, augmentation=augmentation)
    network = NetworkClassifier(LAYERS, epochs=1, augmentation=augmentation, random_state=3)
    network.fit(images, labels)
    np.testing.assert_array_equal(network.predict_proba(images), study.predict_proba(images))
    with pytest.raises(ParameterError, match="augmentation takes uint8 images"):
        network.fit(images / 255, labels)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"epochs": 0}, "NetworkClassifier: `epochs`.*greater than or equal to 1"),
        ({"optimizer": "adan"}, "`optimizer` cannot be 'adan'; did you mean `adam`"),
        ({"layers": [{"dens": 8}]}, "layer 1: unknown layer `dens`; did you mean `dense`"),
        ({"layers": [{"dense": 8}]}, r"layer 1 \(dense\).*put \{ flatten = true \}"),
        ({"image_shape": (7, 8)}, r"image_shape = \(7, 8\) does not describe rows of 64 features"),
        ({"image_shape": 8}, "image_shape = 8 does not describe"),
        ({"image_shape": (16, 4)}, r"X holds images of \(8, 8\)"),
        ({"early_stopping": True, "patience": 0}, "early_stopping.patience"),
        ({"early_stopping": True, "validation_fraction": 1.5}, "not between 0 and 1"),
        ({"early_stopping": True, "validation_fraction": 1e-9}, "holds none out"),
        ({"threads": 0}, "threads = 0 is no number of cores"),
        ({"random_state": -1}, "Seed must be between 0"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(digits, parameters, words):
    with pytest.raises(ValueError, match=words):
        NetworkClassifier(**{"epochs": 1} | parameters).fit(*digits)


def test_rows_that_cannot_be_are_refused_with_their_reason(digits):
    images, labels = digits
    network = NetworkClassifier(LAYERS, epochs=1, random_state=0)
    with pytest.raises(ParameterError, match="one class only"):
        network.fit(images, np.zeros(300))
    with pytest.raises(ParameterError, match="X is flat, and `image_shape` makes images"):
        network.fit(images.reshape(300, 64), labels)
    with pytest.raises(ParameterError, match="feature 1 are too large"):
        network.set_params(layers=None).fit(np.linspace(-1e200, 1e200, 600).reshape(300, 2), labels)
    network.set_params(layers=LAYERS).fit(images, labels)
    with pytest.raises(ParameterError, match=r"images of \(4, 16\)"):
        network.predict(images.reshape(300, 4, 16))
    with pytest.raises(ParameterError, match="fitted on uint8 images, 0 to 255"):
        network.predict(images / 255)
    assert (network.predict(images.astype(float)) == network.predict(images)).all()
    with pytest.raises(VestryError, match="training diverged"):
        NetworkClassifier(optimizer="sgd", learning_rate=1e30).fit(images / 255, labels)


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
def test_every_class_has_its_share_held_out_and_none_loses_all(fraction):
    labels = np.repeat(np.arange(6), [1, 2, 10, 50, 200, 1])
    for seed in range(20):
        learnt, held = held_out_rows(labels, fraction, seed)
        assert np.array_equal(np.sort(np.concatenate([learnt, held])), np.arange(len(labels)))
        counts = np.bincount(labels[held], minlength=6)
        assert (counts < np.bincount(labels)).all()
        assert (abs(counts[2:5] - fraction * np.array([10, 50, 200])) <= 1).all()
    assert not np.array_equal(held, held_out_rows(labels, fraction, 0)[1])
