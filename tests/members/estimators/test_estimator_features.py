"""Features before an estimator: each step against a slow or another reference, learnt from the rows
that a model learns from alone, computed once, and the same in the stored file."""

from dataclasses import replace
from itertools import product
from math import atan2, ceil, hypot, pi, sqrt

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.kernel_approximation import Nystroem
from sklearn.svm import SVC

from made_jobs import fit_job
from vestry.attribution.weights import linear, read_graph
from vestry.errors import StudyError
from vestry.members.backbones.feature_store import LIMIT_VARIABLE
from vestry.members.estimators import estimator as kind
from vestry.members.estimators.features.feature_step import FEATURES
from vestry.members.estimators.features.learnt_features import learn_features
from vestry.members.estimators.features.steps.lbp import pattern_classes
from vestry.members.estimators.kind import EstimatorSettings
from vestry.members.kind import PlanContext
from vestry.members.kinds import kind_named
from vestry.members.model_paths import ModelPaths

LOGISTIC = "sklearn.linear_model.LogisticRegression"


def settings_of(*steps, estimator=LOGISTIC, **more):
    return EstimatorSettings(estimator=estimator, features=list(steps), **more)


def learnt(images, *steps, seed=0, **more):
    return learn_features(settings_of(*steps).features, images, seed, **more)


def noise(count, *shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Features are kept for this test alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def job(tmp_path):
    """Four classes: a bright bar at one of two angles, in one of two halves."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 4, 400)
    images = random.integers(0, 60, (400, 12, 14), np.uint8)
    for image, label in zip(images, labels, strict=True):
        place = random.integers(1, 4) + 6 * (label // 2)
        if label % 2:
            image[:, place] = 255
        else:
            image[place] = 255
    return fit_job(images, labels, (200, 300), 4, tmp_path / "work")


# Histograms of oriented gradients, beside a plain one that goes pixel by pixel.


def plain_hog(image, cell, bins, signed, block):
    grey = image[..., None] / 255 if image.ndim == 2 else image / 255
    height, width, _ = grey.shape
    down, across = ceil(height / cell), ceil(width / cell)
    top, left = (down * cell - height) // 2, (across * cell - width) // 2
    cells = np.zeros((down, across, bins))
    turn = 2 * pi if signed else pi
    for y, x in product(range(height), range(width)):
        dy = grey[min(y + 1, height - 1), x] - grey[max(y - 1, 0), x]
        dx = grey[y, min(x + 1, width - 1)] - grey[y, max(x - 1, 0)]
        channel = np.rint((dy**2 + dx**2) * 255**2).argmax()  # the first of those that tie
        length = hypot(dy[channel], dx[channel])
        place = (atan2(dy[channel], dx[channel]) % turn) / turn * bins
        for i, j in product(range(down), range(across)):
            near = [
                max(0, 1 - abs(at + 0.5 - (number + 0.5) * cell) / cell)
                for at, number in ((y + top, i), (x + left, j))
            ]
            for k in range(bins):
                gap = min((place - k) % bins, (k - place) % bins)
                cells[i, j, k] += length * near[0] * near[1] * max(0, 1 - gap)
    offsets = np.arange(-(cell // 2), cell + cell // 2) + 0.5 - cell / 2
    cells /= (1 - np.abs(offsets) / cell).sum() ** 2
    found = np.zeros((block * block * bins, down - block + 1, across - block + 1))
    for i, j in product(*map(range, found.shape[1:])):
        parts = [cells[i + a, j + b] for a, b in product(range(block), range(block))]
        one = np.concatenate(parts)
        one = np.minimum(one / sqrt((one**2).sum() + 0.03**2), 0.2)
        found[:, i, j] = one / sqrt((one**2).sum() + 0.03**2)
    return found.reshape(-1)


@settings(deadline=None, max_examples=25)
@example((6, 10), True, 2, 4, True, 1, 11740)  # two channels tie
@given(
    st.tuples(st.integers(6, 13), st.integers(6, 13)),
    st.booleans(),
    st.sampled_from([2, 3, 4, 5]),
    st.sampled_from([4, 9, 12]),
    st.booleans(),
    st.sampled_from([1, 2]),
    st.integers(0, 2**16),
)
def test_hog_is_what_a_plain_one_gives(size, colour, cell, bins, signed, block, seed):
    images = noise(2, *size, *([3] if colour else []), seed=seed)
    images[0, :4] = 77  # flat, with a border
    made, found = learnt(images, {"hog": cell, "bins": bins, "signed": signed, "block": block})
    assert found.shape[1] == made.width
    expected = [plain_hog(image, cell, bins, signed, block) for image in images]
    assert np.abs(found - expected).max() < 2e-3  # acos in single precision


def test_signed_bins_alone_tell_dark_to_bright_from_bright_to_dark():
    edge = np.zeros((1, 8, 8), np.uint8)
    edge[:, :, 4:] = 200
    both = np.concatenate([edge, 200 - edge])
    unsigned = learnt(both, {"hog": 4, "bins": 8})[1]
    signed = learnt(both, {"hog": 4, "bins": 8, "signed": True})[1]
    assert np.allclose(unsigned[0], unsigned[1], atol=1e-5)
    assert np.abs(signed[0] - signed[1]).max() > 0.1


# Local binary patterns, patches and random convolutions, the slow way.


def plain_lbp(image, cell, far):
    grey = image @ [0.299, 0.587, 0.114] if image.ndim == 3 else image.astype(float)
    classes, count = pattern_classes()
    inner = [side - 2 * far for side in grey.shape]
    found = np.zeros((count, inner[0] // cell, inner[1] // cell))
    around = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
    for y, x in product(range(inner[0]), range(inner[1])):
        if y // cell < found.shape[1] and x // cell < found.shape[2]:
            middle = grey[y + far, x + far] - 0.02
            others = [grey[y + far + a * far, x + far + b * far] >= middle for a, b in around]
            code = sum(int(other) << k for k, other in enumerate(others))
            found[classes[code], y // cell, x // cell] += 1
    return np.sqrt(found / cell**2).reshape(-1)


@pytest.mark.parametrize("shape", [(9, 11), (8, 8, 3)])
@pytest.mark.parametrize(("cell", "far"), [(2, 1), (4, 2), (3, 1)])
def test_local_binary_patterns_are_what_plain_ones_are(shape, cell, far):
    images = noise(3, *shape) // 8 * 8
    found = learnt(images, {"lbp": cell, "distance": far})[1]
    assert np.allclose(found, [plain_lbp(image, cell, far) for image in images], atol=1e-6)


def test_58_patterns_change_twice_at_most():
    classes, count = pattern_classes()
    assert count == 59 and sorted(set(classes.tolist())) == list(range(59))
    assert classes[0b00011100] != classes[0b00111000] and classes[0b0101] == classes[0b10010]


@pytest.mark.parametrize("shape", [(9, 11), (9, 10, 3)])
@pytest.mark.parametrize("stride", [1, 2])
def test_patches_answer_by_how_much_nearer_they_are_than_the_mean(shape, stride):
    images = noise(40, *shape)
    step = {"patches": 12, "size": 4, "stride": stride}
    made, found = learnt(images, step)
    taken = made.extractors[0][1]
    expected = []
    for image in images[:3]:
        planes = (image[None] if image.ndim == 2 else image.transpose(2, 0, 1)) / 255
        places = [range(0, side - 3, stride) for side in shape[:2]]
        near = np.zeros((12, *map(len, places)))
        for (i, y), (j, x) in product(*map(enumerate, places)):
            patch = planes[:, y : y + 4, x : x + 4].reshape(-1)
            patch = (patch - patch.mean()) / sqrt(patch.var() + 10 / 255**2)
            white = patch @ taken["whitening"] - taken["shift"]
            far = np.linalg.norm(taken["centres"] - white, axis=1)
            near[:, i, j] = np.maximum(0, far.mean() - far)
        half = [(len(each) + 1) // 2 for each in places]
        parts = [
            near[:, rows, columns].mean(axis=(1, 2))
            for rows in (slice(None, half[0]), slice(-half[0], None))
            for columns in (slice(None, half[1]), slice(-half[1], None))
        ]
        expected.append(np.stack(parts, axis=1).reshape(-1))
    assert np.abs(found[:3] - expected).max() < 1e-3


def test_flat_images_have_patches_too():
    images = np.repeat(np.array([0, 90, 255], np.uint8), 10)[:, None, None] * np.ones(
        (1, 8, 8), np.uint8
    )
    assert np.isfinite(learnt(images, {"patches": 5, "size": 3})[1]).all()


@pytest.mark.parametrize("shape", [(9, 12), (8, 8, 3)])
def test_random_convolutions_count_places_above_a_drawn_one(shape):
    images = noise(20, *shape)
    made, found = learnt(images, {"random_convolutions": 7})
    taken, expected = made.extractors[0][1], []
    planes = images[0][..., None] / 255 if len(shape) == 2 else images[0] / 255
    forms = [tuple(map(int, key.split(".")[:2])) for key in taken if key.endswith("kernels")]
    for size, apart in sorted(forms):
        kernels, answers = (taken[f"{size}.{apart}.{word}"] for word in ("kernels", "answers"))
        reach = size // 2 * apart
        padded = np.pad(planes, ((reach, reach), (reach, reach), (0, 0)))
        maps = np.zeros((len(kernels), *shape[:2]))
        for y, x in product(range(shape[0]), range(shape[1])):
            window = padded[y : y + 2 * reach + 1 : apart, x : x + 2 * reach + 1 : apart]
            maps[:, y, x] = np.einsum("hwc,kchw->k", window, kernels) - answers
        half = [(side + 1) // 2 for side in shape[:2]]
        shares = [
            (maps[:, rows, columns] > 1e-4).mean(axis=(1, 2))
            for rows in (slice(None, half[0]), slice(-half[0], None))
            for columns in (slice(None, half[1]), slice(-half[1], None))
        ]
        expected += [np.stack(shares, axis=1).reshape(-1), maps.max(axis=(1, 2))]
    assert np.allclose(found[0], np.concatenate(expected), atol=1e-4)


# What takes all numbers before it.


def test_components_are_scikit_learns():
    images = noise(60, 5, 6)
    pixels = images.reshape(60, -1) / 255
    for whiten in (False, True):
        made, found = learnt(images, {"pixels": True}, {"pca": 9, "whiten": whiten})
        reference = PCA(9, whiten=whiten, svd_solver="full").fit(pixels)
        fresh = noise(10, 5, 6, seed=1)
        expected = reference.transform(fresh.reshape(10, -1) / 255)
        signs = np.sign((made.apply(fresh) * expected).sum(axis=0))
        assert np.allclose(made.apply(fresh) * signs, expected, atol=1e-3)
        assert found.shape == (60, 9)


@pytest.mark.parametrize(("rows", "left"), [(6, 5), (50, 30), (2, 1)])
def test_fewer_rows_leave_fewer_components_and_it_is_said(rows, left):
    made, found = learnt(noise(rows, 5, 6), {"pixels": True}, {"pca": 40})
    assert found.shape[1] == made.width == left
    assert bool(made.notes) == (left < 30)  # 30 pixels have no more than 30, which planning says


def test_nystroem_is_scikit_learns_with_the_gamma_of_an_svc():
    images = noise(50, 4, 4)
    found = learnt(images, {"pixels": True}, {"nystroem": 20})[1]
    pixels = images.reshape(50, -1) / 255
    reference = Nystroem(
        gamma=1 / (16 * pixels.var()), n_components=20, random_state=0
    ).fit_transform(pixels)
    assert np.abs(found @ found.T - reference @ reference.T).max() < 1e-3
    assert learnt(images, {"pixels": True}, {"nystroem": 99})[0].notes


def test_z_scores_are_of_the_rows_to_learn_from():
    images = noise(30, 4, 4)
    images[:, 0] = 7
    found = learnt(images, {"pixels": True}, {"scale": "standard"})[1]
    assert np.abs(found.mean(axis=0)).max() < 1e-5 and np.abs(found[:, :4]).max() < 1e-5
    assert found[:, 4:].std(axis=0) == pytest.approx(1, abs=1e-4)


def test_steps_side_by_side_have_the_spread_of_the_first_times_their_weight():
    images = noise(50, 8, 8)
    alone = learnt(images, {"hog": 4})[1]
    both = learnt(images, {"hog": 4}, {"pixels": True, "weight": 0.5})[1]
    width = alone.shape[1]
    assert np.allclose(both[:, :width], alone, atol=1e-6)
    spread = [np.sqrt(part.var(axis=0).sum()) for part in (alone, both[:, width:])]
    assert spread[1] == pytest.approx(0.5 * spread[0], rel=1e-3)


# Every step, as a model has it.

CASES = {
    "hog": [{"hog": 4, "bins": 12, "signed": True}],
    "pixels": [{"pixels": True}],
    "lbp": [{"lbp": 4}],
    "patches": [{"patches": 16, "size": 4}],
    "random_convolutions": [{"random_convolutions": 30}],
    "pca": [{"hog": 3}, {"pixels": True}, {"pca": 20}],
    "scale": [{"hog": 4}, {"scale": "standard"}],
    "nystroem": [{"hog": 4}, {"pca": 20}, {"nystroem": 50}],
}


def test_every_step_has_a_case():
    assert set(CASES) == set(FEATURES)


@pytest.mark.parametrize("steps", CASES.values(), ids=CASES)
@pytest.mark.parametrize("colour", [False, True])
def test_the_stored_file_answers_as_the_fit_did(job, tmp_path, steps, colour):
    if colour:
        stacked = {
            name: np.stack(
                [getattr(job, name), 255 - getattr(job, name) // 2, getattr(job, name)], -1
            )
            for name in ("images", "validation_images")
        }
        job = replace(job, **stacked)
    member = kind.fit(settings_of(*steps, params={"max_iter": 2000}), job)
    given = member.predict_proba(job.validation_images)
    assert (given.argmax(axis=1) == job.validation_labels).mean() > 0.6
    member.save(tmp_path)
    assert member.card()["stored"], member.card()["stored_note"]
    restored = kind.load(tmp_path, member.card()).predict_proba(job.validation_images)
    assert np.abs(restored - given).max() < 1e-4


@pytest.mark.parametrize(
    "estimator",
    [
        *("sklearn.svm.SVC", "sklearn.svm.LinearSVC", "sklearn.linear_model.SGDClassifier"),
        *("sklearn.ensemble.RandomForestClassifier", "sklearn.neighbors.KNeighborsClassifier"),
        "sklearn.ensemble.HistGradientBoostingClassifier",
    ],
)
def test_any_estimator_takes_them_and_is_stored(job, tmp_path, estimator):
    steps = settings_of({"hog": 4}, {"pixels": True}, estimator=estimator)
    member = kind.fit(steps, job)
    member.save(tmp_path)
    assert member.card()["stored"], member.card()["stored_note"]
    assert member.card()["definition"][0] == f"hog 4; pixels: {member.scaling.width} features"


def test_a_refit_learns_its_steps_anew_and_folds_learn_from_their_own_rows(job):
    steps = settings_of({"pixels": True}, {"pca": 5}, estimator="sklearn.svm.SVC", refit=True)
    member = kind.fit(steps, job)
    whole = np.concatenate([job.images, job.validation_images])
    labels = np.concatenate([job.labels, job.validation_labels])
    made, features = learn_features(steps.features, whole, 0)
    fresh = noise(20, 12, 14)
    reference = SVC().fit(features, labels).predict(made.apply(fresh))
    assert np.array_equal(member.predict_proba(fresh).argmax(axis=1), reference)
    assert np.abs(features.mean(axis=0)).max() < 1e-4
    only = kind.fit(steps.model_copy(update={"refit": False}), job)
    other = kind.fit(
        steps.model_copy(update={"refit": False}),
        replace(job, validation_images=noise(100, 12, 14)),
    )
    assert np.array_equal(only.scaling.apply(fresh), other.scaling.apply(fresh))


def test_a_linear_model_of_features_has_no_weights_of_pixels(job, tmp_path):
    for steps in ([{"pixels": True}], [{"hog": 4}]):
        member = kind.fit(settings_of(*steps), job)
        member.save(tmp_path)
        assert linear(read_graph(tmp_path / "model.onnx"), (12, 14), 4) is None


# Computed once.


def test_features_are_kept_by_images_and_settings(cache, monkeypatch):
    images = noise(30, 12, 12)
    steps = [{"hog": 4}, {"pca": 5}]
    first, kept = learnt(images, *steps, cache=cache)
    again, found = learnt(images[::-1], *steps, cache=cache)
    assert (first.found, again.found) == (0, 30) and np.allclose(kept[::-1], found, atol=1e-3)
    assert any("at hand" in note for note in again.notes)
    more = np.concatenate([images, noise(5, 12, 12, seed=1)])
    assert learnt(more, {"hog": 4}, cache=cache)[0].found == 30
    assert learnt(images, {"hog": 4, "bins": 8}, cache=cache)[0].found == 0
    assert learnt(noise(30, 12, 12, seed=2), {"hog": 4}, cache=cache)[0].found == 0
    assert learnt(images, {"pixels": True}, cache=cache)[0].found == 0
    assert learnt(images, {"pixels": True}, cache=cache)[0].found == 0  # quicker than a disk
    patches = [learnt(images, {"patches": 4}, seed=s, cache=cache)[0].found for s in (0, 0, 1)]
    assert patches == [0, 30, 0]
    monkeypatch.setenv(LIMIT_VARIABLE, "0")
    assert learnt(images, {"hog": 4}, cache=cache)[0].found == 0


def test_other_fits_find_them_as_a_study_runs(job, cache):
    steps = settings_of({"hog": 4}, estimator="sklearn.svm.SVC")
    first = kind.fit(steps, job)
    second = kind.fit(settings_of({"hog": 4}), job)
    assert not any("at hand" in note for note in first.card()["notes"])
    assert any("200 images were at hand" in note for note in second.card()["notes"])


# What is wrong with them is said before any work.


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([], "at least 1"),
        ([{"pca": 5}], "there are none: begin with"),
        ([{"hog": 4}, {"pca": 5}, {"pixels": True}], "come first"),
        ([{"hgo": 4}], "step 1: unknown step `hgo`; did you mean `hog`"),
        ([{"hog": 4}, {"size": 5}], "step 2: found 'size', but a step is one of"),
        (["hog"], "a table such as"),
        ([{"hog": 4, "bin": 3}], "bin"),
        ([{"hog": 1}], "greater than or equal to 2"),
        ([{"pixels": False}], "True"),
    ],
)
def test_what_is_no_list_of_steps(steps, said):
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        settings_of(*steps)


def test_scale_and_features_do_not_go_together():
    with pytest.raises(ValueError, match="leave it out beside `features`"):
        settings_of({"hog": 4}, scale="unit")


@pytest.mark.parametrize(
    "step",
    [
        *({"hog": 8}, {"patches": 4, "size": 9}, {"patches": 4, "size": 8}, {"lbp": 8}),
        {"random_convolutions": 3, "grid": 9},
    ],
)
def test_a_step_that_does_not_go_into_the_images_is_named_in_planning(step, tmp_path):
    plan = kind_named("estimator").plan(
        PlanContext((8, 8), ("a", "b"), ModelPaths(tmp_path, (), (), tmp_path))
    )
    with pytest.raises(StudyError, match=r"features: .*(8 x 8|1 x 1|0 x 0)"):
        plan.describe(settings_of(step))
    assert plan.describe(settings_of({"hog": 4}, {"pca": 99})).endswith(
        "36 features (hog 4; pca 99)"
    )


def test_settings_come_back_and_studies_without_features_are_what_they_were():
    made = settings_of({"hog": 4, "signed": True}, {"pca": 5})
    assert EstimatorSettings(**made.model_dump(mode="json")) == made
    plain = EstimatorSettings(estimator=LOGISTIC).model_dump(mode="json")
    assert "features" not in plain and plain["scale"] == "unit"
