"""What stands behind the kind: fitted, asked, stored and restored."""

from dataclasses import dataclass

import numpy as np
from safetensors.numpy import load_file, save_file

STORED = "weights.safetensors"


@dataclass
class NearestMean:
    """means: (classes, pixels), of pixels in 0..1."""

    means: np.ndarray
    sharpness: float
    facts: dict

    def predict_proba(self, images):
        pixels = images.reshape(len(images), self.means.shape[1]).astype(np.float32) / 255
        # A pixel's own square is the same for every class, so that it may be left out.
        scores = self.sharpness * (2 * pixels @ self.means.T - (self.means**2).sum(axis=1))
        risen = np.exp(scores - scores.max(axis=1, keepdims=True))
        return risen / risen.sum(axis=1, keepdims=True)

    def held_out_proba(self):
        return None

    def save(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        save_file({"means": self.means}, folder / STORED)

    def card(self):
        return self.facts


def fit(settings, job):
    job.on_event({"event": "stage", "text": "averaging"})
    pixels = job.images.reshape(len(job.images), -1).astype(np.float32) / 255
    random = np.random.default_rng(job.seed)
    kept = random.random(len(pixels)) < 0.9  # another seed, another model
    means = np.stack(
        [pixels[kept & (job.labels == label)].mean(axis=0) for label in range(job.classes)]
    )
    facts = {
        "kind": "sharpness",
        "settings": settings.model_dump(mode="json"),
        "definition": [f"nearest mean image, sharpness {settings.sharpness}"],
        "parameters": means.size,
        "trainable_parameters": means.size,
        "classes": job.classes,
        "image_shape": list(job.images.shape[1:]),
        "fit_seconds": 0.0,
        "fitted_on": "Fitted on nine in ten training rows.",
        "warnings": [],
        "notes": [],
        "stored": STORED,
        "stored_note": "",
    }
    return NearestMean(means, settings.sharpness, facts)


def load(folder, card):
    return NearestMean(load_file(folder / STORED)["means"], card["settings"]["sharpness"], card)
