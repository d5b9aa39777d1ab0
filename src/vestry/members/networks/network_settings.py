"""What a study file says of a member of the kind `layers`."""

from typing import Literal

from pydantic import Field

from vestry.members.networks.layers import Layers
from vestry.members.networks.training import TrainingSettings


class NetworkSettings(TrainingSettings):
    """A network as data, and how it is trained."""

    kind: Literal["layers"] = "layers"
    layers: Layers = Field(min_length=1, description="the output layer is added")
