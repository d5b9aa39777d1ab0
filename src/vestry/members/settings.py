"""The settings of each kind of member, by the kind's name; nothing heavy is imported for them."""

from vestry.members.backbones.settings import BackboneSettings
from vestry.members.estimators.estimator_settings import EstimatorSettings
from vestry.members.networks.settings import NetworkSettings
from vestry.members.onnx_models.onnx_settings import OnnxSettings

MEMBER_SETTINGS: dict[
    str,
    type[EstimatorSettings] | type[NetworkSettings] | type[BackboneSettings] | type[OnnxSettings],
] = {
    "estimator": EstimatorSettings,
    "layers": NetworkSettings,
    "backbone": BackboneSettings,
    "onnx": OnnxSettings,
}
