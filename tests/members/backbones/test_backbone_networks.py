"""VGG16 and ResNet50 against what is published: names, shapes, counts and what they compute."""

import pytest
import torch
from torch.nn import functional

from vestry.members.backbones.published import PUBLISHED
from vestry.members.backbones.weights import MODULES, random_backbone

VGG16_FILTERS = {
    **{0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128), 10: (128, 256), 12: (256, 256)},
    **{14: (256, 256), 17: (256, 512)},
    **dict.fromkeys((19, 21, 24, 26, 28), (512, 512)),
}
"""Inputs and filters of the 3 x 3 convolution at each place of torchvision's `features`."""
RESNET50_LAYERS = {1: (3, 64, 64), 2: (4, 256, 128), 3: (6, 512, 256), 4: (3, 1024, 512)}
"""Blocks, inputs and width of each of torchvision's `layer1` to `layer4`."""


def vgg16_shapes():
    for place, (inputs, filters) in VGG16_FILTERS.items():
        yield f"features.{place}.weight", (filters, inputs, 3, 3)
        yield f"features.{place}.bias", (filters,)


def norm_shapes(name, channels):
    for part in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.{part}", (channels,)
    yield f"{name}.num_batches_tracked", ()


def resnet50_shapes():
    yield "conv1.weight", (64, 3, 7, 7)
    yield from norm_shapes("bn1", 64)
    for layer, (blocks, inputs, width) in RESNET50_LAYERS.items():
        for block in range(blocks):
            name, entering = f"layer{layer}.{block}", inputs if block == 0 else 4 * width
            yield f"{name}.conv1.weight", (width, entering, 1, 1)
            yield from norm_shapes(f"{name}.bn1", width)
            yield f"{name}.conv2.weight", (width, width, 3, 3)
            yield from norm_shapes(f"{name}.bn2", width)
            yield f"{name}.conv3.weight", (4 * width, width, 1, 1)
            yield from norm_shapes(f"{name}.bn3", 4 * width)
            if block == 0:
                yield f"{name}.downsample.0.weight", (4 * width, entering, 1, 1)
                yield from norm_shapes(f"{name}.downsample.1", 4 * width)


SHAPES = {"vgg16": vgg16_shapes, "resnet50": resnet50_shapes}


@pytest.fixture(scope="module", params=sorted(PUBLISHED))
def name(request):
    return request.param


@pytest.fixture(scope="module")
def module(name):
    """Random weights, and statistics of batch norm that do not happen to be 0 and 1."""
    module = random_backbone(PUBLISHED[name]).eval()
    random = torch.Generator().manual_seed(5)
    for key, tensor in module.state_dict().items():
        if key.endswith(("running_mean", "bn1.bias", "bn2.bias", "downsample.1.bias")):
            tensor.normal_(0, 0.2, generator=random)
        if key.endswith(("running_var", "bn3.weight")):
            tensor.uniform_(0.5, 2, generator=random)
    return module


def test_names_and_shapes_are_torchvision_s_in_its_order(name, module):
    found = [(key, tuple(tensor.shape)) for key, tensor in module.state_dict().items()]
    assert found == list(SHAPES[name]())


def test_parameters_are_as_published(name, module):
    count = sum(parameter.numel() for parameter in module.parameters())
    assert count == {"vgg16": 14_714_688, "resnet50": 23_508_032}[name]
    assert count == PUBLISHED[name].parameters


@pytest.mark.parametrize("size", [(32, 32), (33, 70), (64, 32)])
def test_the_feature_map_is_as_large_as_planned(name, module, size):
    with torch.inference_mode():
        channels, height, width = module(torch.zeros(1, 3, *size))[0].shape
    height_, width_, channels_ = PUBLISHED[name].feature_map(size)
    assert (height, width, channels) == (height_, width_, channels_)


def norm(x, state, name):
    """Batch normalisation in inference mode, written out."""
    mean, variance, scale, shift = (
        state[f"{name}.{part}"].view(1, -1, 1, 1)
        for part in ("running_mean", "running_var", "weight", "bias")
    )
    return (x - mean) / (variance + 1e-5).sqrt() * scale + shift


def vgg16(x, state):
    for place in range(31):
        if place in VGG16_FILTERS:
            weight, bias = state[f"features.{place}.weight"], state[f"features.{place}.bias"]
            x = functional.conv2d(x, weight, bias, padding=1).clamp(min=0)
        elif place - 1 not in VGG16_FILTERS:  # neither a convolution nor its activation
            x = functional.max_pool2d(x, 2)
    return x


def resnet50(x, state):
    x = norm(functional.conv2d(x, state["conv1.weight"], stride=2, padding=3), state, "bn1")
    x = functional.max_pool2d(x.clamp(min=0), 3, stride=2, padding=1)
    for layer, (blocks, _, _) in RESNET50_LAYERS.items():
        for block in range(blocks):
            x = bottleneck(x, state, f"layer{layer}.{block}", 2 if layer > 1 and block == 0 else 1)
    return x


def bottleneck(x, state, name, stride):
    y = norm(functional.conv2d(x, state[f"{name}.conv1.weight"]), state, f"{name}.bn1")
    y = functional.conv2d(y.clamp(min=0), state[f"{name}.conv2.weight"], None, stride, 1)
    y = norm(y, state, f"{name}.bn2").clamp(min=0)
    y = norm(functional.conv2d(y, state[f"{name}.conv3.weight"]), state, f"{name}.bn3")
    if f"{name}.downsample.0.weight" in state:
        x = functional.conv2d(x, state[f"{name}.downsample.0.weight"], stride=stride)
        x = norm(x, state, f"{name}.downsample.1")
    return (x + y).clamp(min=0)


REFERENCES = {"vgg16": vgg16, "resnet50": resnet50}


def test_outputs_are_those_of_the_published_computation(name, module):
    images = torch.randn(3, 3, 45, 38, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        exact = REFERENCES[name](images, module.state_dict())
        given = module(images)
    assert torch.allclose(given, exact, rtol=1e-3, atol=1e-4 * float(exact.abs().max()))


def test_outputs_equal_torchvision_s_for_the_same_weights(name, module):
    try:
        import torchvision
    except Exception as error:  # beside the CPU build of torch its operators are not registered
        pytest.skip(f"torchvision does not import here: {error}")
    theirs = getattr(torchvision.models, name)(weights=None).eval()
    missing, unexpected = theirs.load_state_dict(module.state_dict(), strict=False)
    assert not unexpected
    assert {key.partition(".")[0] for key in missing} <= {"classifier", "fc"}
    images = torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    parts = theirs.features if name == "vgg16" else torch.nn.Sequential(*[*theirs.children()][:-2])
    with torch.inference_mode():
        assert torch.allclose(module(images), parts(images), rtol=1e-4, atol=1e-5)


def test_random_weights_come_from_the_seed_alone(name):
    torch.manual_seed(0)
    first = random_backbone(PUBLISHED[name], 3).state_dict()
    torch.manual_seed(1)
    again, other = (random_backbone(PUBLISHED[name], seed).state_dict() for seed in (3, 4))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


def test_random_convolutions_have_he_s_deviation_by_fan_out(name, module):
    for key, weight in MODULES[name]().state_dict().items():
        if weight.ndim == 4 and weight.numel() > 100_000:
            drawn = module.state_dict()[key]
            fan_out = weight.shape[0] * weight.shape[2] * weight.shape[3]
            assert float(drawn.std()) == pytest.approx((2 / fan_out) ** 0.5, rel=0.02)
