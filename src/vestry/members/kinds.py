"""The kinds of model that there are: those of this package, and those of other packages."""

import functools
from collections.abc import Mapping

from vestry.errors import MemberError, did_you_mean
from vestry.members.backbones.kind import BACKBONE
from vestry.members.estimators.kind import ESTIMATOR
from vestry.members.kind import ModelKind
from vestry.members.networks.kind import NETWORK
from vestry.members.onnx_models.kind import ONNX
from vestry.system.plugins import brought

_OWN = (ESTIMATOR, NETWORK, BACKBONE, ONNX)
GROUP = "vestry.model_kinds"
"""Entry points of other packages, each a `ModelKind` under the kind's own name."""


@functools.cache
def model_kinds() -> Mapping[str, ModelKind]:
    """All kinds by name; StudyError where another package's is none, or takes a name twice."""
    return brought(GROUP, ModelKind, _OWN)


def kind_named(name: str) -> ModelKind:
    """Raises MemberError where nothing that is installed brings such a kind."""
    kinds = model_kinds()
    if name not in kinds:
        raise MemberError(
            f"there is no kind of model {name!r} here{did_you_mean(name, kinds)} "
            "Install the package that brought it"
        )
    return kinds[name]
