"""A run as a Jupyter notebook that reads its `results.json`; it needs pandas."""

import json
from collections.abc import Iterable
from typing import Any

from vestry.report.table import markdown_text
from vestry.report.taken_home.content import Content

_READ = """# Needs pandas: pip install pandas
import json
from pathlib import Path

import pandas as pd
from IPython.display import SVG

RESULTS = Path({path!r})  # the run; put the new path here if you move this notebook
results = json.loads(RESULTS.read_text(encoding="utf-8"))
models = {{**results["members"], **results["committees"]}}"""
_RANKING = """rows = []
for row in results["ranking"]:
    model = models[row["name"]]
    low, high = model["intervals"]["test"]["accuracy"]
    cost = model.get("cost") or {}
    rows.append(
        {
            "rank": row["rank"],
            "model": row["name"],
            "validation": row["validation_accuracy"],
            "test": row["test_accuracy"],
            "test_low": low,
            "test_high": high,
            "ms": (cost.get("latency") or {}).get("median_ms"),
            "mb": cost["bytes"] / 1e6 if cost.get("bytes") else None,
            "fit_seconds": model["fit_seconds"],
            "parameters": model["parameters"],
        }
    )
ranking = pd.DataFrame(rows)
ranking"""
_CLASSES = """recall = pd.DataFrame(
    {
        name: {of: scores["recall"] for of, scores in model["scores"]["test"]["per_class"].items()}
        for name, model in models.items()
    }
)
recall"""
_PAIRS = """pairs = pd.DataFrame((results["comparisons"] or {"pairs": []})["pairs"])
pairs"""


def notebook_report(content: Content, path: str) -> str:
    """path: from the notebook's folder to the run's `results.json`. Figures are shown from
    `figures/KEY.svg`."""
    cells = [*_cells(content, path)]
    whole = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
        },
        "cells": [{"id": f"cell-{number}", **cell} for number, cell in enumerate(cells)],
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _cells(content: Content, path: str) -> Iterable[dict[str, Any]]:
    yield _words(
        f"# {markdown_text(content.title)}\n\n{markdown_text(' '.join(content.sentences))}"
    )
    yield _code(_READ.format(path=path))
    for heading, code in (
        ("Every model: accuracies are shares, with the 95% interval on test", _RANKING),
        ("Recall by class on the test images", _CLASSES),
        ("Every two models on the test images", _PAIRS),
    ):
        yield _words(f"## {heading}")
        yield _code(code)
    for part in content.parts:
        if part.figures:
            yield _words(f"## {markdown_text(part.heading)}")
        for figure in part.figures:
            yield _words(f"**{markdown_text(figure.title)}**")
            yield _code(f'SVG(filename="figures/{figure.key}.svg")')


def _words(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code(text: str) -> dict[str, Any]:
    empty: dict[str, Any] = {"metadata": {}, "outputs": [], "execution_count": None}
    return {"cell_type": "code", "source": text, **empty}
