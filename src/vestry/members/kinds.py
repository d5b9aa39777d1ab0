"""The kinds of model that there are: those of this package, and those of other packages."""

from vestry.errors import MemberError, did_you_mean
from vestry.members.backbones.kind import BACKBONE
from vestry.members.estimators.kind import ESTIMATOR
from vestry.members.given_predictions.kind import GIVEN
from vestry.members.kind import ModelKind
from vestry.members.modules.kind import MODULE
from vestry.members.networks.kind import NETWORK
from vestry.members.onnx_models.kind import ONNX
from vestry.system.registry import Registry

KINDS: Registry[ModelKind] = Registry("kind", __name__, lambda thing: isinstance(thing, ModelKind))
"""By name, in the order in which a study's reader is told of them."""

KINDS.register(ESTIMATOR)
KINDS.register(NETWORK)
KINDS.register(MODULE)
KINDS.register(BACKBONE)
KINDS.register(ONNX)
KINDS.register(GIVEN)


def kind_named(name: str) -> ModelKind:
    """Raises MemberError where nothing that is installed brings such a kind."""
    if name not in KINDS:
        raise MemberError(
            f"there is no kind of model {name!r} here: install the package that brought it"
            f"{did_you_mean(name, KINDS)}"
        )
    return KINDS[name]
