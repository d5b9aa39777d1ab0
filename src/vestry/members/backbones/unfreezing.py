"""What a study file says of a backbone's layers that go on learning, and which ones can."""

from pydantic import BaseModel, ConfigDict, Field

from vestry.members.backbones.published import PUBLISHED

_EARLIER = "stays frozen; to train all of such a network, give its `layers`"


class FineTuning(BaseModel):
    """Of a backbone's last layers, once the head is fitted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: int = Field(5, ge=1, le=10_000, description="over the training rows")
    learning_rate: float = Field(
        1e-4,
        gt=0,
        description="of the backbone's layers, by Adam; the head goes on at a tenth of its own",
    )


def check_unfrozen(backbone: str, layers: int, is_graph: bool) -> None:
    """Raise ValueError where so many of its layers cannot be trained here.

    is_graph: whether it is a file; how many it has is seen once that is read.
    """
    if is_graph:
        return
    if backbone not in PUBLISHED:
        raise ValueError(f"unfreeze: {backbone} {_EARLIER}")
    if layers > (most := PUBLISHED[backbone].layers):
        raise ValueError(f"unfreeze: {backbone} has {most} layers that can be fine-tuned")
