"""What stands on a frozen backbone: layers that are trained, or an estimator that is fitted."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vestry.members.backbones.settings import HEAD_FILE, BackboneSettings
from vestry.members.estimators import estimator
from vestry.members.estimators.fitted_estimator import EstimatorMember
from vestry.members.estimators.onnx_member import OnnxMember
from vestry.members.kind import FitJob
from vestry.members.networks import network_member
from vestry.members.networks.network_member import NetworkMember
from vestry.members.networks.settings import NetworkSettings
from vestry.storage.tried import Tried


class Head(Protocol):
    """A model whose images are features, (n, height, width, channels) float32."""

    def predict_proba(self, images: Any) -> NDArray[np.float32]: ...

    def held_out_proba(self) -> NDArray[np.float32] | None: ...

    def save(self, folder: Path) -> None: ...

    def card(self) -> dict[str, Any]: ...

    @property
    def tried(self) -> Tried | None: ...


@dataclass
class _EstimatorHead:
    member: EstimatorMember | OnnxMember

    def predict_proba(self, images: Any) -> NDArray[np.float32]:
        return self.member.predict_proba(images)

    def held_out_proba(self) -> NDArray[np.float32] | None:
        return self.member.held_out_proba()

    def save(self, folder: Path) -> None:
        if isinstance(self.member, EstimatorMember):
            self.member.save(folder, HEAD_FILE)
        else:
            self.member.save(folder)

    def card(self) -> dict[str, Any]:
        return self.member.card()

    @property
    def tried(self) -> Tried | None:
        """An estimator has no epochs."""
        return None


def fitted_head(settings: BackboneSettings, job: FitJob) -> Head:
    """job: its images are features, which trainer and estimators take as well as pixels."""
    if settings.head is not None:
        return _EstimatorHead(estimator.fit(settings.head, job))
    head: NetworkMember = network_member.fit(_network(settings), job)
    head.threads = job.threads  # what was best for training it says nothing of the backbone
    return head


def asked_apart(head: Head) -> Head:
    """The same head, which counts what it is asked for itself: `head` says in its card what it was
    asked about."""
    if isinstance(head, _EstimatorHead) and isinstance(head.member, EstimatorMember):
        return _EstimatorHead(replace(head.member))
    return head


def _network(settings: BackboneSettings) -> NetworkSettings:
    """The head as a network of its own, whose images are features."""
    own = set(NetworkSettings.model_fields) - {"kind", "scale"}
    return NetworkSettings(**settings.model_dump(include=own), scale="unit")


def loaded_head(settings: BackboneSettings, folder: Path, card: dict[str, Any]) -> Head:
    """The head that `save` wrote into `folder`. card: its own. Raises MemberError where its file
    is not there."""
    if settings.head is not None:
        return _EstimatorHead(OnnxMember(folder / HEAD_FILE, card))
    return network_member.load(folder, card)
