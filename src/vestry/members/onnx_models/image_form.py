"""The form in which a file's model takes images: what the study says, else what the file shows."""

from dataclasses import dataclass

from vestry.errors import MemberError
from vestry.members.onnx_models.kind import Channels, InputSettings, Layout
from vestry.members.onnx_models.model_file import FLOATS, ModelFile, Value

_LARGEST_SIDE = 2048
_COUNTS = {"grey": 1, "rgb": 3, "bgr": 3}
_USUAL: dict[int, Channels] = {1: "grey", 3: "rgb"}


@dataclass(frozen=True)
class ImageForm:
    """size: (height, width). channel_axis: whether a grey image's channel is an axis of its own.

    mean, deviation: a number a channel.
    """

    size: tuple[int, int]
    channels: Channels
    layout: Layout
    channel_axis: bool
    scale: str
    mean: tuple[float, ...] | None
    deviation: tuple[float, ...] | None

    @property
    def depth(self) -> int:
        return _COUNTS[self.channels]

    @property
    def words(self) -> str:
        height, width = self.size
        order = "flat" if self.layout == "flat" else self.layout.replace("_", " ")
        scaled = ["pixels / 255" if self.scale == "unit" else "pixels 0 to 255"]
        if self.mean:
            scaled.append(f"minus {', '.join(f'{value:g}' for value in self.mean)}")
        if self.deviation:
            scaled.append(f"over {', '.join(f'{value:g}' for value in self.deviation)}")
        return f"{height} x {width}, {self.channels}, {order}; {', '.join(scaled)}"


def image_form(file: ModelFile, settings: InputSettings, image_shape: tuple[int, ...]) -> ImageForm:
    """How images of `image_shape` come to what `file` takes.

    Raises MemberError where its input leaves that open, or says something else than `settings`.
    """
    try:
        return _settled(file.input, settings, image_shape)
    except MemberError as error:
        raise MemberError(f"{file.path}: {error}") from None


def _settled(taken: Value, settings: InputSettings, image_shape: tuple[int, ...]) -> ImageForm:
    layout = _layout_of(taken, settings)
    if layout == "flat":
        channels, size = _flat_form(taken, settings, image_shape)
    else:
        channels, size = _spatial_form(taken, settings, layout, image_shape)
    depth = _COUNTS[channels]
    return ImageForm(
        size,
        channels,
        layout,
        taken.dimensions is None or len(taken.dimensions) == 4,
        _scale_of(taken, settings),
        _by_channel(settings.mean, depth, "mean"),
        _by_channel(settings.deviation, depth, "deviation"),
    )


def _layout_of(taken: Value, settings: InputSettings) -> Layout:
    sides = taken.dimensions
    if sides is None:
        if settings.layout is None:
            raise MemberError("its input has no shape; say input = { layout = ... }")
        return settings.layout
    if len(sides) == 2:
        found: Layout | None = "flat"
    elif len(sides) in (3, 4):
        found = _four_sided(sides)
    else:
        raise MemberError(f"its input is {taken.words}; images have 2 to 4 sides")
    given = settings.layout
    if given is not None and (given == "flat") != (len(sides) == 2):
        raise MemberError(f"its input is {taken.words}, not {given}")
    if len(sides) == 3:
        return "channels_last"  # one channel has no order
    layout = given or found
    if layout is None:
        raise MemberError(
            f"its input, {taken.words}, does not show which side holds the channels; say input = "
            '{ layout = "channels_first" } or "channels_last"'
        )
    return layout


def _four_sided(sides: tuple[int | None, ...]) -> Layout | None:
    first, last = sides[1] in _USUAL, sides[-1] in _USUAL
    if first == last:
        return None
    return "channels_first" if first else "channels_last"


def _spatial_form(
    taken: Value, settings: InputSettings, layout: Layout, image_shape: tuple[int, ...]
) -> tuple[Channels, tuple[int, int]]:
    sides = taken.dimensions or (None,) * 4
    if len(sides) == 3:
        sides = (*sides, 1)
    depth, own = (sides[1], sides[2:]) if layout == "channels_first" else (sides[3], sides[1:3])
    channels = _channels_of(taken, depth, settings, image_shape)
    asked = settings.size or image_shape[:2]
    size = tuple(given or side for given, side in zip(own, asked, strict=True))
    if settings.size is not None and size != tuple(settings.size):
        raise MemberError(f"its input is {taken.words}; it cannot take size = {settings.size}")
    return channels, _checked(size)


def _channels_of(
    taken: Value, depth: int | None, settings: InputSettings, image_shape: tuple[int, ...]
) -> Channels:
    given = settings.channels
    if depth is None:
        return given or _USUAL[3 if len(image_shape) == 3 else 1]
    if depth not in _USUAL or (given is not None and _COUNTS[given] != depth):
        what = given or "1 channel or 3"
        raise MemberError(f"its input is {taken.words}, {depth} channels; {what} is taken")
    return given or _USUAL[depth]


def _flat_form(
    taken: Value, settings: InputSettings, image_shape: tuple[int, ...]
) -> tuple[Channels, tuple[int, int]]:
    height, width = settings.size or image_shape[:2]
    own = 3 if len(image_shape) == 3 else 1
    depths = [_COUNTS[settings.channels]] if settings.channels else [own, 4 - own]
    count = taken.dimensions[1] if taken.dimensions else None
    for depth in depths:
        if count in (None, height * width * depth):
            return settings.channels or _USUAL[depth], _checked((height, width))
    raise MemberError(
        f"its input is {taken.words}, but {height} x {width} pixels x {depths[0]} make "
        f"{height * width * depths[0]:,}; say which images it takes: input = {{ size = [HEIGHT, "
        'WIDTH], channels = "grey" }'
    )


def _checked(size: tuple[int, ...]) -> tuple[int, int]:
    if max(size) > _LARGEST_SIDE:
        raise MemberError(f"images of {size} are not made; a side has {_LARGEST_SIDE} at most")
    height, width = size
    return height, width


def _scale_of(taken: Value, settings: InputSettings) -> str:
    is_float = taken.type in FLOATS
    if not is_float and settings.scale == "unit":
        raise MemberError(
            f"its input is {taken.words}; of pixels 0 to 1 whole numbers would leave nothing; say "
            'scale = "none"'
        )
    return settings.scale or ("unit" if is_float else "none")


def _by_channel(given: list[float] | None, depth: int, key: str) -> tuple[float, ...] | None:
    if given is None:
        return None
    if len(given) not in (1, depth):
        raise MemberError(f"{key}: {len(given)} numbers for {depth} channel")
    return tuple(given) * (depth if len(given) == 1 else 1)
