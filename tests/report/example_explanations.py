"""Made-up explanations for a made-up run: two members with maps, one of them linear, one forest."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Maps = dict[str, NDArray[np.float16]]


def add_explanations(results: dict[str, Any]) -> Maps:
    """Adds `explanations` of every member; gives the maps. Linear has weights, Forest importance.

    Neighbours are training images that the run shows anyway.
    """
    rng = np.random.default_rng(5)
    shape = tuple(results["data"]["image_shape"][:2])
    samples = results["data"]["samples"]
    training = list(zip(samples["ids"], samples["labels"], strict=True))
    maps: Maps = {}
    found = {}
    for place, name in enumerate(results["members"]):
        found[name] = entry(results, name, training)
        for image in found[name]["images"]:
            maps[f"{name}/{image['map']}"] = rng.normal(0, 0.1, shape).astype(np.float16)
        if place == 0:
            keys = [f"weight/{label}" for label in range(len(results["data"]["classes"]))]
            found[name]["weights"] = {"maps": keys, "rows": 200, "labels_equal": 199, "gap": 1e-6}
            maps |= {f"{name}/{key}": rng.normal(0, 2, shape).astype(np.float16) for key in keys}
        if place == 1:
            found[name]["importance"] = importance()
            maps[f"{name}/importance"] = abs(rng.normal(0, 0.01, shape)).astype(np.float16)
    results["explanations"] = found
    return maps


def entry(results: dict[str, Any], name: str, training: list[tuple[str, int]]) -> dict[str, Any]:
    hardest = results["members"][name]["mistakes"]["hardest"][:6]
    wrong = {row["id"] for row in hardest}
    shown = [(row["id"], row["truth"], row["predicted"], "mistake") for row in hardest]
    shown += [
        (image["id"], image["truth"], image["votes"][name]["label"], "sample")
        for image in results["votes"]["images"][:6]
        if image["id"] not in wrong
    ]
    return {
        "method": "occlusion",
        "settings": {"patch": 7, "stride": 2, "places": 289, "cover": "mean training image"},
        "images": [
            {
                "split": "test", "id": image, "truth": truth, "predicted": said, "role": role,
                "confidence": 0.9, "map": f"map/{number:02d}", "peak": 0.4, "gain": 0.1,
                "changed": 0.05 if number % 2 else 0.0, "middle": 0.4,
            }
            for number, (image, truth, said, role) in enumerate(shown)
        ],
        "summary": {
            "images": len(shown), "peak": 0.4, "changed": len(shown) // 2, "middle": 0.4,
            "middle_area": 0.25,
        },
        "weights": None,
        "importance": None,
        "nearest": [
            {
                "id": row["id"], "truth": row["truth"], "predicted": row["predicted"],
                "images": [
                    {"id": image, "label": label, "distance": 0.3 + 0.1 * place}
                    for place, (image, label) in enumerate(training[:3])
                ],
            }
            for row in hardest
        ],
        "nearest_among": 3000,
        "reason": None,
        "limited": None,
    }  # fmt: skip


def importance() -> dict[str, Any]:
    return {
        "map": "importance", "block": 1, "rows": 400, "of": 1000, "seen": False, "accuracy": 0.87,
        "blocks": 64, "constant": 4, "harmless": 50, "most_accuracy": 0.01,
        "most": {"row": 3, "column": 4, "accuracy": 0.0075, "probability": 0.012},
    }  # fmt: skip
