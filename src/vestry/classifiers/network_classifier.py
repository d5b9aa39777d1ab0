"""A network of this project's own trainer behind scikit-learn's interface."""

import tempfile
import warnings
from collections.abc import Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from vestry.classifiers.held_out_rows import held_out_rows
from vestry.classifiers.member_settings import member_settings
from vestry.classifiers.network_input import (
    NetworkInput,
    agreed_shape,
    fit_input,
    flat_rows,
    with_channels,
)
from vestry.classifiers.parameter_error import ParameterError
from vestry.classifiers.seed import seed_of
from vestry.members.member import FitJob
from vestry.members.networks.network_settings import NetworkSettings

if TYPE_CHECKING:
    from vestry.members.networks.network_member import NetworkMember


class NetworkClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """A neural network for images and for flat rows, trained on the CPU.

    Training is that of a study's member: with the same layers, rows and seed it gives the same
    network. X is one of

    - flat rows (n, features) of any real numbers, standardised by each feature's mean and
      deviation in the training rows; a feature that is constant there is ignored;
    - images (n, height, width) or (n, height, width, channels), or flat rows with `image_shape`.
      uint8 is scaled by 1/255, as in a study; other numbers are standardised by each channel's mean
      and deviation in the training rows.

    Parameters
    ----------
    layers : list of layers, as dictionaries as a study file writes them or as objects of
        `vestry.members.networks.layers`; the output layer is added. None chooses by the shape of X:
        dense layers of 128 and 64 units for flat rows, for images two convolutions of 32 and 64
        filters of 3 x 3, each followed by a pool of 2 where the image has 4 pixels a side, and a
        dense layer of 64 units.
    image_shape : (height, width) or (height, width, channels) that flat rows are made into.
    epochs, batch_size, optimizer, learning_rate, momentum, weight_decay, schedule, augmentation :
        what they are in a study file. Augmentation takes uint8 images.
    early_stopping : hold `validation_fraction` of the rows out, every class its share, stop when
        the loss on them has not fallen for `patience` epochs, and keep the best epoch's weights.
    precision : "fp32", or "auto" (a study's default) to compute in bfloat16 where a trial on this
        machine finds it right and faster.
    random_state : seed of weights, order, dropout and held-out rows. An int is the seed of a
        study's member.
    threads : cores to train and predict on. More than one pays for large networks on a machine at
        rest only: torch's threads wait for each other without giving way. Another number may change
        the last digits.

    Attributes
    ----------
    classes_, n_features_in_, feature_names_in_ : as everywhere in scikit-learn.
    history_ : a dictionary of figures for every epoch.
    n_iter_ : epochs trained.
    settings_ : the member's settings, layers included.
    weights_ : arrays by layer and name.
    input_ : how rows are prepared.
    card_ : what a study's page says of the network: parameters, definition, training.

    Fitting times each new layer shape once for each machine, and keeps what it finds in the user's
    cache folder, as a study does; it writes nothing else that stays. `fit` raises ParameterError, a
    ValueError, for parameters or rows that cannot be, and MemberError where training diverges.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from vestry import NetworkClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> network = NetworkClassifier(image_shape=(8, 8), epochs=5, random_state=0)
    >>> network.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.85
    True
    """

    def __init__(  # noqa: PLR0913 - scikit-learn's contract: every parameter by its own name
        self,
        layers: Sequence[Any] | None = None,
        *,
        image_shape: tuple[int, ...] | None = None,
        epochs: int = 30,
        batch_size: int = 32,
        optimizer: str = "adam",
        learning_rate: float | None = None,
        momentum: float = 0.0,
        weight_decay: float | None = None,
        schedule: Mapping[str, Any] | None = None,
        augmentation: Mapping[str, Any] | None = None,
        early_stopping: bool = False,
        patience: int = 5,
        validation_fraction: float = 0.1,
        precision: str = "fp32",
        random_state: Any = None,
        threads: int = 1,
    ) -> None:
        self.layers = layers
        self.image_shape = image_shape
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.augmentation = augmentation
        self.early_stopping = early_stopping
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.precision = precision
        self.random_state = random_state
        self.threads = threads

    def fit(self, X: Any, y: Any) -> "NetworkClassifier":  # noqa: N803 - scikit-learn's name
        """Train on rows X and their (n,) labels y, of any kind that can be told apart."""
        rows, own_shape = flat_rows(X)
        rows, y = validate_data(self, rows, y)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ParameterError("y holds one class only; a classifier needs two classes or more")
        shape = agreed_shape(self.image_shape, own_shape, rows.shape[1])
        seed = seed_of(self.random_state)
        if not isinstance(self.threads, Integral) or self.threads < 1:
            raise ParameterError(f"threads = {self.threads!r} is no number of cores, 1 or more")
        learnt, held_out = self._parted(labels, seed)
        self.input_: NetworkInput = fit_input(rows[learnt], shape)
        parameters = self.get_params(deep=False)
        self.settings_: NetworkSettings = member_settings(
            type(self).__name__, parameters, self.input_, len(self.classes_)
        )
        job: dict[str, Any] = {
            "images": self.input_.apply(rows[learnt]),
            "labels": labels[learnt],
            "validation_images": self.input_.apply(rows[held_out]),
            "validation_labels": labels[held_out],
            "classes": len(self.classes_),
            "seed": seed,
        }
        self._train(job)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float32]:  # noqa: N803 - scikit-learn's name
        """(n, classes) probabilities, columns in the order of `classes_`; rows sum to 1."""
        check_is_fitted(self)
        rows, own_shape = flat_rows(X)
        rows = validate_data(self, rows, reset=False)
        if own_shape is not None and with_channels(own_shape) != self.input_.shape:
            raise ParameterError(
                f"X holds images of {own_shape}, but it was fitted on rows of {self.input_.shape}"
            )
        return self._member().predict_proba(self.input_.apply(rows))

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803 - scikit-learn's name
        """(n,) the most probable class of each row."""
        probabilities = self.predict_proba(X)
        return np.asarray(self.classes_[probabilities.argmax(axis=1)])

    def _parted(self, labels: NDArray[np.int64], seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
        if not self.early_stopping:
            return np.arange(len(labels)), np.arange(0)
        return held_out_rows(labels, self.validation_fraction, seed)

    def _train(self, rows: dict[str, Any]) -> None:
        from vestry.members.networks import network_member  # noqa: PLC0415 - heavy

        with tempfile.TemporaryDirectory(prefix="vestry-") as folder:
            job = FitJob(
                **rows, threads=self.threads, workspace=Path(folder), report=lambda _: None
            )
            member = network_member.fit(self.settings_, job)
        tensors = member.network.tensors()
        self.weights_ = {name: tensor.numpy().copy() for name, tensor in tensors.items()}
        self.history_ = member.history
        self.card_ = member.card()
        self.n_iter_ = len(self.history_)
        for text in self.card_["warnings"]:
            warnings.warn(text, stacklevel=3)

    def _member(self) -> "NetworkMember":
        """The trained network again, from arrays: torch's own objects stay out of the state."""
        import torch  # noqa: PLC0415 - heavy

        from vestry.members.networks.network import Network  # noqa: PLC0415 - heavy
        from vestry.members.networks.network_member import NetworkMember  # noqa: PLC0415 - heavy

        network = Network(self.settings_.layers, self.input_.network_shape, len(self.classes_))
        network.restore({name: torch.tensor(array) for name, array in self.weights_.items()})
        return NetworkMember(network, self.settings_, self.card_, self.history_, self.threads)
