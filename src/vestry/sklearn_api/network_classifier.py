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

from vestry.errors import StudyError
from vestry.members.kind import FitJob
from vestry.members.networks.layers.flatten import Flatten
from vestry.members.networks.settings import NetworkSettings
from vestry.members.networks.tracing import trace
from vestry.sklearn_api.checks import ParameterError, checked, held_out_rows, seed_of
from vestry.sklearn_api.network_input import (
    NetworkInput,
    agreed_shape,
    fit_input,
    flat_rows,
    with_channels,
)

# The network that is taken where no layers are given.


_SMALLEST_POOLED = 4
"""Pixels a side below which a picture is not halved again."""


def _default_layers(shape: tuple[int, ...]) -> list[dict[str, Any]]:
    """For images (height, width, channels) a small CNN, for flat rows (features,) two dense layers.

    The CNN has two convolutions of 32 and 64 filters of 3 x 3, each followed by a pool of 2 as long
    as the picture has 4 pixels a side, and a dense layer of 64 units behind them.
    """
    if len(shape) == 1:
        return [{"dense": 128}, {"dense": 64}]
    layers: list[dict[str, Any]] = []
    side = min(shape[:2])
    for filters in (32, 64):
        layers.append({"conv": filters, "kernel": 3, "padding": "same"})
        if side >= _SMALLEST_POOLED:
            layers.append({"pool": 2})
            side //= 2
    return [*layers, {"flatten": True}, {"dense": 64}]


# A network classifier's parameters as the settings of a study's member.


def _member_settings(
    place: str, parameters: Mapping[str, Any], prepared: NetworkInput, classes: int
) -> NetworkSettings:
    """The settings of a network that takes what `prepared` gives.

    place: whom a message names. parameters: of these, those that a member has too count, and
    `patience`. Raises ParameterError for values that cannot be.
    """
    values = {name: parameters[name] for name in NetworkSettings.model_fields if name in parameters}
    if values["layers"] is None:
        values["layers"] = _default_layers(prepared.shape)
    # Bytes are standardised by the network itself, other numbers before it.
    values["scale"] = "standard" if prepared.mean is None else "unit"
    stopping = {"patience": parameters["patience"], "restore_best": True}
    values["early_stopping"] = stopping if parameters["early_stopping"] else None
    settings = checked(NetworkSettings, place, **values)
    if prepared.mean is not None and settings.augmentation is not None:
        raise ParameterError("augmentation takes uint8 images, and X is something else")
    _check_layers(settings, prepared, classes)
    if prepared.is_flat and not isinstance(settings.layers[0], Flatten):
        first = Flatten(flatten=True)
        settings = settings.model_copy(update={"layers": (first, *settings.layers)})
    return settings


def _check_layers(settings: NetworkSettings, prepared: NetworkInput, classes: int) -> None:
    """Raise ParameterError where the layers do not take such rows."""
    try:
        trace(settings.layers, prepared.shape, classes)
    except StudyError as error:
        flat = "; X is flat, and `image_shape` makes images of it" if prepared.is_flat else ""
        raise ParameterError(f"{error}{flat}") from None


if TYPE_CHECKING:
    from vestry.members.networks.network_member import NetworkMember


class NetworkClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """A neural network for images and for flat rows, trained on the CPU.

    Training is that of a study's member: with the same layers, rows and seed it gives the same
    network. X is one of

    - flat rows (n, features) of any real numbers, standardised by each feature's mean and
      deviation in the training rows; a feature that is constant there is ignored;
    - images (n, height, width) or (n, height, width, channels), or flat rows with `image_shape`.
      They are standardised by each channel's mean and deviation in the training rows, as in a
      study.

    Parameters
    ----------
    layers : list of layers, as dictionaries as a study file writes them or as objects of
        `vestry.members.networks.layers`; the output layer is added. None chooses by the shape of X:
        dense layers of 128 and 64 units for flat rows, for images two convolutions of 32 and 64
        filters of 3 x 3, each followed by a pool of 2 where the image has 4 pixels a side, and a
        dense layer of 64 units.
    image_shape : (height, width) or (height, width, channels) that flat rows are made into.
    epochs, batch_size, optimizer, learning_rate, momentum, nesterov, weight_decay, clip_norm,
    label_smoothing, balance, ema, schedule, augmentation :
        what they are in a study file, its defaults too. Augmentation takes uint8 images.
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
        nesterov: bool = False,
        weight_decay: float | None = None,
        clip_norm: float | None = None,
        label_smoothing: float = 0.0,
        balance: str | None = None,
        ema: float | None = None,
        schedule: Mapping[str, Any] | str | None = None,
        augmentation: Mapping[str, Any] | str | None = None,
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
        self.nesterov = nesterov
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.label_smoothing = label_smoothing
        self.balance = balance
        self.ema = ema
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
        self.settings_: NetworkSettings = _member_settings(
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
                **rows, threads=self.threads, workspace=Path(folder), on_event=lambda _: None
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
