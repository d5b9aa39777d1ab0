"""Frames of one object by likeness alone: how many planted ones are found, and where none are.

python benchmarks/bursts.py [SOURCE ...]

Signs of 43 designs are drawn, each object on its own ground, and seen 5 to 30 times from ever
nearer, moved, in another light, with noise; in no order and without names. Told are pairs of images
of one object: how many of those that were found are right, and how many of the right ones were
found; and what a forest reaches on a random fifth, on whole tracks held out as they are known, and
as they were found. Of each SOURCE (such as `folder:photographs`), drawn at several sizes, the share
of images that stand apart from their class as frames do, and whether frames are reported.
"""

import sys
import time

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from vestry.audit import tracks as module
from vestry.audit.pictures import small_images
from vestry.data.paths import DataPaths
from vestry.data.source import load_source

SIZE, SIDE, DESIGNS = 160, 32, 43
KINDS = {
    "sign fills the image": {"parts": (0.7, 0.78)},
    "sign grows": {"parts": (0.5, 0.78)},
    "sign fills the image, and as many alone": {"parts": (0.7, 0.78), "alone": 2000},
}


def sign(design, random):
    """A drawn sign on its own ground, a little turned, in its own light."""
    waves = np.hypot(np.fft.fftfreq(SIZE)[:, None], np.fft.fftfreq(SIZE)) + 1 / SIZE
    noise = np.fft.fft2(random.normal(size=(SIZE, SIZE, 3)), axes=(0, 1))
    field = np.fft.ifft2(noise / waves[:, :, None] ** random.uniform(1, 1.6), axes=(0, 1)).real
    ground = random.uniform(60, 180, 3) + random.uniform(15, 45) * field / np.abs(field).std()
    layer = Image.new("RGBA", (SIZE, SIZE))
    draw, middle, radius = ImageDraw.Draw(layer), SIZE / 2, SIZE * random.uniform(0.27, 0.33)
    own = np.random.default_rng(1000 + design)
    sides = (60, 60, 4, 3)[design % 4]
    rim = ("#c8141e", "#143cb4", "#f0f0f0", "#c8141e")[design % 4]
    inner = ("#f0f0f0", "#143cb4", "#f0c828", "#f0f0f0")[design % 4]
    draw.regular_polygon((middle, middle, radius), sides, fill=rim)
    draw.regular_polygon((middle, middle, 0.75 * radius), sides, fill=inner)
    for _ in range(3):
        x, y = middle + own.uniform(-0.4, 0.4, 2) * radius
        wide, high = own.uniform(0.05, 0.22, 2) * radius
        shape = draw.rectangle if own.random() < 0.5 else draw.ellipse
        shape((x - wide, y - high, x + wide, y + high), fill="white" if rim == inner else "black")
    turned = layer.rotate(random.normal(0, 5), Image.Resampling.BILINEAR)
    picture = Image.fromarray(np.clip(ground, 0, 255).astype(np.uint8)).convert("RGBA")
    picture.alpha_composite(turned)
    return picture.convert("RGB").filter(ImageFilter.GaussianBlur(random.uniform(0, 2)))


def frames(picture, count, parts, random):
    """(count, SIDE, SIDE, 3): the last from nearest, with most pixels."""
    light, found = random.uniform(0.7, 1.2), []
    for near in np.linspace(0, 1, count):
        half = (parts[1] - (parts[1] - parts[0]) * near) * SIZE / 2 * random.uniform(0.97, 1.03)
        x, y = SIZE / 2 + random.normal(0, 0.04 * half, 2)
        box = np.clip((x - half, y - half, x + half, y + half), 0, SIZE)
        pixels = round(14 + (1.5 * SIDE - 14) * near)
        seen = picture.resize((pixels, pixels), Image.Resampling.BOX, tuple(box))
        values = np.asarray(seen.resize((SIDE, SIDE), Image.Resampling.BILINEAR), float)
        values = values * light * random.uniform(0.92, 1.08) + random.normal(0, 4, values.shape)
        found.append(np.clip(values, 0, 255).astype(np.uint8))
    return found


def planted(objects, parts, alone=0, seed=0):
    """Images, labels and objects of all rows, in no order."""
    random = np.random.default_rng(seed)
    images, labels, things = [], [], []
    for thing in range(objects + alone):
        design = int(random.integers(DESIGNS))
        own = frames(sign(design, random), int(random.integers(5, 31)), parts, random)
        own = own if thing < objects else own[-1:]
        images += own
        labels += [design] * len(own)
        things += [thing] * len(own)
    order = random.permutation(len(images))
    return np.array(images)[order], np.array(labels)[order], np.array(things)[order]


def pair_count(*names):
    counts = np.unique(np.stack(names), axis=1, return_counts=True)[1]
    return float((counts * (counts - 1) / 2).sum())


def grouped(images, labels, groups):
    """A forest's accuracy on whole groups held out, or by a random split: mean of two."""
    flat, found = images.reshape(len(images), -1), []
    for seed in range(2):
        if groups is None:
            learnt, tested = train_test_split(
                np.arange(len(flat)), test_size=0.2, random_state=seed
            )
        else:
            cut = GroupShuffleSplit(1, test_size=0.2, random_state=seed)
            learnt, tested = next(cut.split(flat, labels, groups))
        forest = RandomForestClassifier(100, n_jobs=2, random_state=seed)
        forest.fit(flat[learnt], labels[learnt])
        found.append(forest.score(flat[tested], labels[tested]))
    return float(np.mean(found))


def told_of_planted(kind):
    images, labels, things = planted(300, **KINDS[kind])
    found = module.tracks(module.coarse(small_images(images)), labels)
    if found is None:
        print(f"{kind}: {len(images):,} images, none found")
        return
    inside = found.of >= 0
    both = pair_count(found.of[inside], things[inside])
    groups = np.where(inside, found.of, len(images) + np.arange(len(images)))
    right = both / pair_count(found.of[inside]), both / pair_count(things)
    ways = {"at random": None, "by objects": things, "by tracks": groups}
    forest = [f"{way} {grouped(images, labels, each):.1%}" for way, each in ways.items()]
    print(
        f"{kind}: {len(images):,} images, {inside.mean():.1%} in {found.of.max() + 1} tracks of "
        f"300, {found.apart:.1f} times apart; pairs right {right[0]:.1%}, found {right[1]:.1%}; "
        f"forest {', '.join(forest)}",
        flush=True,
    )


def told_of_source(name, rows, drawn):
    images, labels = rows.images[drawn], rows.labels[drawn]
    started = time.perf_counter()
    values = module.coarse(small_images(images))
    is_found = module.tracks(values, labels) is not None
    seconds = time.perf_counter() - started
    classes = [module._Class.of(values, np.flatnonzero(labels == k)) for k in np.unique(labels)]
    able = [each for each in classes if len(each.rows) >= module._FEWEST]
    apart = sum(len(track) for each in able for track in each.tracks(module._SEEN))
    print(
        f"{name}: {len(drawn):,} images, {apart / len(drawn):.1%} stand apart, "
        f"{'REPORTED' if is_found else 'not reported'}, {seconds:.1f} s",
        flush=True,
    )


def main():
    for kind in KINDS:
        told_of_planted(kind)
    for name in sys.argv[1:]:
        rows = load_source(name, DataPaths.of(), None, (64, 64) if "folder" in name else None).train
        sizes = sorted({min(size, len(rows)) for size in (150, 500, 2000, len(rows))})
        for size in sizes:
            for seed in range(3 if size < len(rows) else 1):
                drawn = np.random.default_rng(seed).permutation(len(rows))[:size]
                told_of_source(name, rows, np.sort(drawn))


if __name__ == "__main__":
    main()
