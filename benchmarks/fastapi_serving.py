"""The other side of `serving.py`: study A's CNN in PyTorch behind FastAPI, as its tutorials do it.

A plain `def` endpoint, which FastAPI runs in its thread pool; Pillow; `torch.inference_mode`.
"""

import io
import socket
import sys

import numpy as np
import torch
import uvicorn
from fastapi import FastAPI, File, UploadFile
from PIL import Image
from torch import nn

from cnn_a import CLASSES, CONVOLUTIONS, FLAT, HIDDEN, SIDE, weights


def network() -> nn.Module:
    layers: list[nn.Module] = []
    for number, (before, after) in enumerate(CONVOLUTIONS):
        layers += [nn.Conv2d(before, after, 3), nn.ReLU()]
        if number < 2:
            layers.append(nn.MaxPool2d(2))
    layers += [nn.Flatten(), nn.Linear(FLAT, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, len(CLASSES))]
    model = nn.Sequential(*layers)
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), weights().values(), strict=True):
            parameter.copy_(torch.from_numpy(value))
    return model.eval()


app = FastAPI()
model = network()


@app.post("/predict")
def predict(image: UploadFile = File()) -> dict[str, object]:  # noqa: B008 - FastAPI's own way
    picture = Image.open(io.BytesIO(image.file.read())).convert("L").resize((SIDE, SIDE))
    pixels = torch.from_numpy(np.asarray(picture, np.float32) / 255)
    with torch.inference_mode():
        probabilities = model(pixels[None, None]).softmax(dim=1)[0]
    label = int(probabilities.argmax())
    return {
        "class": CLASSES[label],
        "confidence": float(probabilities[label]),
        "probabilities": probabilities.tolist(),
    }


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", file=sys.stderr, flush=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    server.run([listener])
