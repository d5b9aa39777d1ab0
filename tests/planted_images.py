"""A small set of images with nothing wrong in it, and what can be planted there."""

import numpy as np

from vestry.data.image_set import ImageSet, array_ids

CLASSES = ("bars", "rings", "waves")
SIDE = 12


def clean_images(count: int, seed: int, size: int = SIDE) -> tuple[np.ndarray, np.ndarray]:
    """`count` noisy patterns of three kinds, (count, size, size) in 0..1, and their labels."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % len(CLASSES)
    down, across = np.mgrid[0:size, 0:size] / size
    patterns = [
        lambda a, b: np.sin(9 * across + a),
        lambda a, b: np.cos(14 * np.hypot(across - 0.5 + 0.1 * a, down - 0.5 + 0.1 * b)),
        lambda a, b: np.sin(6 * (across + down) + a) * np.cos(5 * down + b),
    ]
    shifts = random.uniform(-1, 1, (count, 2))
    made = [patterns[label](*shift) for label, shift in zip(labels, shifts, strict=True)]
    noisy = np.array(made) + random.normal(0, 0.35, (count, size, size))
    return np.clip(0.5 + noisy / 5, 0, 1), labels.astype(np.int64)


def image_set(images: np.ndarray, labels: np.ndarray, split: str) -> ImageSet:
    pixels = np.rint(np.asarray(images) * 255).astype(np.uint8)
    return ImageSet(pixels, labels, CLASSES, array_ids(split, len(labels)))


def clean_sets(train: int = 240, test: int = 60) -> dict[str, ImageSet]:
    return {
        "train": image_set(*clean_images(train, 1), "train"),
        "test": image_set(*clean_images(test, 2), "test"),
    }


def planted_npz(path):
    """Floats with, in this order: a duplicate within (train 10 as 13), across (train 20 as test 5),
    a near-duplicate (train 30 as test 6), a label conflict (train 40 as 41), a blank image (train
    50), one far from its class (train 60), missing values (train 70 and test 7)."""
    (images, labels), (test, test_labels) = clean_images(240, 1), clean_images(60, 2)
    images[13] = images[10]
    test[5], test_labels[5] = images[20], labels[20]
    test[6], test_labels[6] = np.clip(images[30] + 0.004, 0, 1), labels[30]
    test[6, 0, 0] += 0.01
    images[41] = images[40]
    images[50] = 0.4
    images[60] = np.random.default_rng(9).uniform(0, 1, images[60].shape)
    images[70, 3, 2:5] = np.nan
    test[7, 0, 0] = np.nan
    np.savez_compressed(
        path,
        images=images.astype(np.float32),
        labels=labels,
        test_images=test.astype(np.float32),
        test_labels=test_labels,
        classes=np.array(CLASSES),
    )
    return path
