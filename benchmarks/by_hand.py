"""What a competent user writes by hand for a few grey images: plain scikit-learn, plain PyTorch.

Nothing of Vestry is used here. Each function takes (n, height, width) bytes with labels (n,) and
more such images, and gives the labels of these. What is chosen is chosen by five folds.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC
from torch import Tensor, nn
from torch.nn import functional

Images, Labels = NDArray[np.uint8], NDArray[np.int64]
ByHand = Callable[[Images, Labels, Images], Labels]
_C = {"C": [1, 3, 10, 30, 100]}
_CELL, _BINS, _BLOCK, _CLIP = 4, 9, 2, 0.2
_EPOCHS, _BATCH, _RATE, _DECAY, _MOST_SHIFT = 60, 32, 2e-3, 1e-2, 2


def _fitted(model: object, prepared: Callable[[Images], NDArray[np.float64]]) -> ByHand:
    def answer(images: Images, labels: Labels, others: Images) -> Labels:
        return model.fit(prepared(images), labels).predict(prepared(others))  # type: ignore[attr-defined,no-any-return]

    return answer


def pixels(images: Images) -> NDArray[np.float64]:
    return images.reshape(len(images), -1) / 255


def hog(images: Images) -> NDArray[np.float64]:
    """Histograms of unsigned directions in blocks of cells, clipped, as Dalal and Triggs (2005)
    have them and scikit-image makes them: 4 px a cell, 9 bins, blocks of 2 x 2."""
    grey = images / 255
    down, across = np.zeros_like(grey), np.zeros_like(grey)
    down[:, 1:-1], across[:, :, 1:-1] = (
        grey[:, 2:] - grey[:, :-2],
        grey[:, :, 2:] - grey[:, :, :-2],
    )
    bins = (np.mod(np.arctan2(down, across), np.pi) / np.pi * _BINS).astype(int) % _BINS
    weights = np.hypot(down, across)[..., None] * np.eye(_BINS)[bins]
    n, rows, columns = len(images), images.shape[1] // _CELL, images.shape[2] // _CELL
    weights = weights[:, : rows * _CELL, : columns * _CELL]
    cells = weights.reshape(n, rows, _CELL, columns, _CELL, _BINS).sum(axis=(2, 4))
    blocks = np.lib.stride_tricks.sliding_window_view(cells, (_BLOCK, _BLOCK), axis=(1, 2))
    found = blocks.reshape(n, rows - _BLOCK + 1, columns - _BLOCK + 1, -1)
    clipped = (found / (np.linalg.norm(found, axis=-1, keepdims=True) + 1e-5)).clip(max=_CLIP)
    whole = clipped / (np.linalg.norm(clipped, axis=-1, keepdims=True) + 1e-5)
    return whole.reshape(n, -1)


def network(images: Images, labels: Labels, others: Images) -> Labels:
    """Three convolutions, trained on images that are mirrored and moved."""
    torch.manual_seed(0)
    mean, spread = images.mean() / 255, images.std() / 255
    x, y = _scaled(images, mean, spread), torch.from_numpy(labels)
    model = _convolutions(images.shape[1], int(labels.max()) + 1)
    steps = -(-len(x) // _BATCH)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=_EPOCHS * steps)
    for _ in range(_EPOCHS):
        for rows in torch.randperm(len(x)).split(_BATCH):
            loss = functional.cross_entropy(model(_altered(x[rows])), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    model.eval()
    with torch.inference_mode():
        answers = [model(part).argmax(dim=1) for part in _scaled(others, mean, spread).split(500)]
    return torch.cat(answers).numpy()


def _scaled(images: Images, mean: float, spread: float) -> Tensor:
    return torch.from_numpy((images[:, None] / 255 - mean) / spread).float()


def _convolutions(side: int, classes: int) -> nn.Sequential:
    model, before = nn.Sequential(), 1
    for filters in (32, 64, 128):
        model.extend([nn.Conv2d(before, filters, 3, padding=1), nn.BatchNorm2d(filters), nn.ReLU()])
        model.append(nn.MaxPool2d(2))
        before, side = filters, side // 2
    rest = [nn.Flatten(), nn.Dropout(0.5), nn.Linear(before * side * side, classes)]
    return model.extend(rest)


def _altered(images: Tensor) -> Tensor:
    """Each mirrored or not, and moved by up to two pixels."""
    n, _, height, width = images.shape
    mirrored = torch.where(torch.rand(n, 1, 1, 1) < 0.5, images.flip(3), images)
    padded = functional.pad(mirrored, [_MOST_SHIFT] * 4, value=float(images.min()))
    down, across = torch.randint(0, 2 * _MOST_SHIFT + 1, (2, n, 1))
    rows, columns = down + torch.arange(height), across + torch.arange(width)
    moved = padded[torch.arange(n)[:, None, None], 0, rows[:, :, None], columns[:, None, :]]
    return moved[:, None]


FAMILIES: dict[str, ByHand] = {
    "logistic regression": _fitted(LogisticRegression(max_iter=1_000), pixels),
    "k-NN": _fitted(
        GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 3, 5, 7]}, cv=5), pixels
    ),
    "random forest": _fitted(RandomForestClassifier(500, random_state=0), pixels),
    "SVC": _fitted(GridSearchCV(SVC(), _C, cv=5), pixels),
    "HOG and SVC": _fitted(GridSearchCV(SVC(), _C, cv=5), hog),
    "small CNN": network,
}
