"""What early stopping follows, of one epoch's validation rows: less is better."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from vestry.members.networks.settings import Monitor


def monitored(
    monitor: Monitor, found: Mapping[str, float], log_probabilities: Tensor, labels: Tensor
) -> float:
    """found: the epoch's figures, with `loss` and `accuracy`. log_probabilities: (n, classes);
    labels: (n,), at least one."""
    if monitor == "val_loss":
        return found["loss"]
    if monitor == "val_accuracy":
        return -found["accuracy"]
    values, truth = log_probabilities.double().numpy(), labels.numpy()
    said = values.argmax(axis=1)
    if monitor == "val_roc_auc":
        return -_area(np.exp(values), truth)
    from sklearn.metrics import f1_score, recall_score  # noqa: PLC0415 - most studies do without

    of_class = f1_score if monitor == "val_macro_f1" else recall_score
    return -float(of_class(truth, said, labels=np.unique(truth), average="macro", zero_division=0))


def _area(values: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Under the ROC curve; of more than two classes the mean of each against the rest. 0.5 where
    the rows are all of one class."""
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415 - most studies do without

    classes = values.shape[1]
    kinds = [k for k in ([1] if classes == 2 else range(classes)) if 0 < (truth == k).mean() < 1]
    areas = [float(roc_auc_score(truth == k, values[:, k])) for k in kinds]
    return sum(areas) / len(areas) if areas else 0.5
