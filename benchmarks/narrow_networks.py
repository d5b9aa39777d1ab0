"""Small networks whose sizes are known, as a study would write them."""


def convolution(filters, *between, kernel=3, padding="same", activation="gelu"):
    """Without biases, which batch normalisation would take away again."""
    plain = {"activation": "none", "bias": False}
    conv = {"conv": filters, "kernel": kernel, "padding": padding, **plain}
    return [conv, *between, {"batch_norm": True}, {"activation": activation}]


def residual_nine(width, activation="gelu"):
    """A narrow ResNet-9: max pools after convolutions, and two residual blocks."""
    by = {"activation": activation}
    pool = {"pool": 2}
    return [
        *convolution(width, **by),
        *convolution(2 * width, pool, **by),
        {"add": convolution(2 * width, **by) * 2},
        *convolution(4 * width, pool, **by),
        *convolution(8 * width, pool, **by),
        {"add": convolution(8 * width, **by) * 2},
        {"global_pool": "average"},
    ]


def air(width):
    """After airbench (Jordan, 2024)."""
    stages = [
        layer
        for filters in (width, 2 * width, 4 * width)
        for layer in (*convolution(filters, {"pool": 2}), *convolution(filters))
    ]
    return [*convolution(width, kernel=2, padding=1), *stages, {"global_pool": "average"}]


def separable(channels, filters, stride=1):
    plain = {"activation": "none", "bias": False}
    depthwise = {"depthwise": 1, "kernel": 3, "stride": stride, "padding": "same", **plain}
    layers = [
        *(depthwise, {"batch_norm": True}, {"activation": "relu"}),
        *convolution(filters, kernel=1, activation="relu"),
    ]
    return [{"add": layers}] if channels == filters and stride == 1 else layers


def depthwise_student():
    steps = [(18, 26, 2), (26, 26, 1), (26, 36, 2), (36, 36, 1), (36, 36, 1), (36, 52, 2)]
    blocks = [layer for step in steps for layer in separable(*step)]
    return [*convolution(18, activation="relu"), *blocks, {"global_pool": "average"}]


PUBLISHED = {
    "r9-8": (residual_nine(8), 103_810, "4.3"),
    "r9-12": (residual_nine(12), 232_606, "9.7"),
    "r9-16": (residual_nine(16), 412_666, "17"),
    "r9-24": (residual_nine(24), 926_578, "39"),
    "air-16": (air(16), 74_922, "5.0"),
    "depthwise": (depthwise_student(), 9_654, "0.7"),
}
"""By name: layers, parameters that are trained, and millions of multiply-adds of a 28 x 28 image,
rounded.
"""
