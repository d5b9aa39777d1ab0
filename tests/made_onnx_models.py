"""Models as users bring them: trained elsewhere, written as ONNX by other means than ours."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def sklearn_model(path, images, labels, *, estimator=None, features=None, **options):
    """A scikit-learn pipeline on flat pixels from 0 to 1, by skl2onnx. Returns the pipeline.

    features: what is fitted on, where that is not the images' own pixels.
    """
    import warnings

    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = (images.reshape(len(images), -1) / 255).astype(np.float32)
    rows = rows if features is None else features
    if estimator is None:
        estimator = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1)
    pipeline = make_pipeline(StandardScaler(), estimator)
    pipeline.fit(rows, labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        model = convert_sklearn(
            pipeline,
            initial_types=[("X", FloatTensorType([None, rows.shape[1]]))],
            options={id(pipeline): options} if options else None,
        )
    path.write_bytes(model.SerializeToString())
    return pipeline


def dense_model(path, weights, kind=TensorProto.FLOAT):
    """A linear classifier of flat pixels with its softmax. weights: (pixels, classes)."""
    pixels, classes = weights.shape
    whole = kind in (TensorProto.UINT8, TensorProto.INT32, TensorProto.INT64)
    computed = TensorProto.FLOAT if whole else kind
    values = weights.astype(helper.tensor_dtype_to_np_dtype(computed))
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["x"], ["numbers"], to=computed),
            helper.make_node("MatMul", ["numbers", "w"], ["scores"]),
            helper.make_node("Softmax", ["scores"], ["y"], axis=1),
        ],
        "dense",
        [helper.make_tensor_value_info("x", kind, ["rows", pixels])],
        [helper.make_tensor_value_info("y", computed, ["rows", classes])],
        [numpy_helper.from_array(values, "w")],
    )
    return write(path, graph)


def network(*, channels=1, size=8, classes=10, seed=0):
    """A small convolutional network of torch, with drawn weights."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    made = nn.Sequential(
        nn.Conv2d(channels, 6, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(6 * ((size + 1) // 2) ** 2, classes),
    )
    with torch.no_grad():
        for weights in made.parameters():
            weights.mul_(3)
    return made.eval()


def network_model(
    path,
    made,
    *,
    shape=("rows", 1, 8, 8),
    classes=10,
    opset=17,
    softmax=False,
    channels_last=False,
):
    """`made` as a graph: what an exporter of torch would write. shape: of its input."""
    values = {name: weights.detach().numpy() for name, weights in made.named_parameters()}
    nodes = []
    if channels_last:
        nodes.append(helper.make_node("Transpose", ["x"], ["planes"], perm=[0, 3, 1, 2]))
    nodes += [
        helper.make_node(
            "Conv",
            ["planes" if channels_last else "x", "0.weight", "0.bias"],
            ["a"],
            strides=[2, 2],
            pads=[1, 1, 1, 1],
            kernel_shape=[3, 3],
        ),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Reshape", ["b", "flat"], ["c"]),
        helper.make_node("Gemm", ["c", "3.weight", "3.bias"], ["scores"], transB=1),
    ]
    if softmax:
        nodes.append(helper.make_node("Softmax", ["scores"], ["y"], axis=1))
    given = "y" if softmax else "scores"
    weights = [numpy_helper.from_array(value, name) for name, value in values.items()]
    weights.append(numpy_helper.from_array(np.array([0, -1], np.int64), "flat"))
    graph = helper.make_graph(
        nodes,
        "theirs",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(given, TensorProto.FLOAT, [shape[0], classes])],
        weights,
    )
    return write(path, graph, opset)


def written_by_torch(path, made, *, shape=(1, 8, 8), open_rows=True):
    """The file that PyTorch's own exporter writes of `made`."""
    import warnings

    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it would rather use its new exporter, an extra package
        torch.onnx.export(
            made,
            (torch.zeros(1, *shape),),
            str(path),
            dynamo=False,
            input_names=["images"],
            dynamic_axes={"images": {0: "rows"}} if open_rows else None,
        )


def write(path, graph, opset=17, domains=()):
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="theirs")
    path.write_bytes(model.SerializeToString())
    return path


def one_operator(
    path,
    operator="Identity",
    *,
    shape=("rows", 10),
    given=("rows", 10),
    kind=TensorProto.FLOAT,
    out=TensorProto.FLOAT,
    domain="",
    **attributes,
):
    """A file with one operator between its input and its output."""
    graph = helper.make_graph(
        [helper.make_node(operator, ["x"], ["y"], domain=domain, **attributes)],
        "odd",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info("y", out, given)],
    )
    return write(path, graph, domains=(domain,) if domain else ())


def with_external_weights(path, made):
    """The network's file, its weights beside it."""
    network_model(path, made)
    model = onnx.load(str(path))
    onnx.save_model(
        model,
        str(path),
        save_as_external_data=True,
        size_threshold=0,
        location="weights.bin",
    )
    return path
