"""A stored model as ONNX nodes, from raw images to probabilities."""

import numpy as np
from safetensors.numpy import load_file


def nearest_mean_graph(graph, folder, card):
    means = load_file(folder / card["stored"])["means"]
    sharpness = np.float32(card["settings"]["sharpness"])
    pixels = graph.reshape(graph.cast("images", "float"), -1, means.shape[1])
    weights = graph.constant(2 * sharpness * means.T / np.float32(255), "weights")
    bias = graph.constant(-sharpness * (means**2).sum(axis=1), "bias")
    scores = graph.add("Add", graph.add("MatMul", pixels, weights), bias)
    return graph.add("Softmax", scores, axis=1)
