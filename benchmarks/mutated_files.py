"""The files that `mutations.py` changes, and what reads each: by kind, from a finished run, and as
this machine's libraries write them."""

import gzip
import io
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from mutated_bytes import FIELDS, Field
from mutated_studies import originals, outcome
from unfinished_fits import (
    checkpoint_left,
    go_on_with_fit,
    go_on_with_search,
    journal_left,
    with_its_sum,
)
from vestry.data.image_file import read_header, read_pixels
from vestry.data.paths import DataPaths
from vestry.data.source import load_source
from vestry.evaluation.vault import Vault
from vestry.pipeline.listing import runs_in
from vestry.pipeline.stored_run import stored_run
from vestry.pipeline.take_home import redraw
from vestry.pipeline.tasks.stored_models import stored_predict
from vestry.predictions.given import read_given
from vestry.predictions.table import load_table
from vestry.predictions.truth import read_truth
from vestry.serve.predictor import READY, Predictor
from vestry.serve.preprocessing import prepare
from vestry.storage.run_folder import RunFolder
from vestry.storage.tried import Tried, load_tried

PREVIEW = 16
"""One in so many files of results that are read gets its page drawn, which takes longest."""
Read = Callable[[Path], None]


@dataclass(frozen=True)
class Subject:
    """originals: contents of such files. suffix: of the file that `read` is given."""

    name: str
    originals: Sequence[bytes]
    suffix: str
    field: Field | None
    read: Read


def subjects(run: Path, folder: Path) -> list[Subject]:
    """run: a finished one. folder: for what readers need around the file."""
    return [*_data(folder), *_pictures(), *_models(run), *_of_runs(run, folder), *_others()]


def _data(folder: Path) -> list[Subject]:
    places = DataPaths.of(base=folder)
    idx = folder / "idx"
    idx.mkdir(exist_ok=True)
    images = np.random.default_rng(0).integers(0, 256, (12, 5, 5)).astype(np.uint8)
    labels = (np.arange(12) % 3).astype(np.uint8)
    head = [b"\0\0\x08\x03" + np.array([12, 5, 5], ">u4").tobytes(), b"\0\0\x08\x01\0\0\0\x0c"]
    for part in ("train", "t10k"):
        (idx / f"{part}-images-idx3-ubyte").write_bytes(head[0] + images.tobytes())
        (idx / f"{part}-labels-idx1-ubyte").write_bytes(head[1] + labels.tobytes())
    named = {"classes": np.array(["a", "b", "c"])}
    arrays = [
        {"images": images, "labels": labels, **named},
        {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels},
        {"images": images / 255, "labels": np.array(["x", "y", "z"] * 4), "groups": labels},
    ]

    def read_idx(name: str) -> Read:
        def read(path: Path) -> None:
            plain = idx / name
            kept = plain.read_bytes()
            packed = plain.with_name(f"{name}.gz")
            content = path.read_bytes()
            target = packed if content[:2] == b"\x1f\x8b" else plain
            plain.unlink()
            try:
                target.write_bytes(content)
                load_source("idx:idx", places)
            finally:
                target.unlink(missing_ok=True)
                plain.write_bytes(kept)

        return read

    of_images, of_labels = head[0] + images.tobytes(), head[1] + labels.tobytes()
    return [
        Subject("IDX images", [of_images, gzip.compress(of_images)], "", FIELDS["idx"],
                read_idx("train-images-idx3-ubyte")),
        Subject("IDX labels", [of_labels, gzip.compress(of_labels)], "", FIELDS["idx"],
                read_idx("t10k-labels-idx1-ubyte")),
        Subject("npz of images", [*map(_npz, arrays)], ".npz", FIELDS["npz"],
                lambda path: void(load_source(f"npz:{path}", places))),
    ]  # fmt: skip


def void(_: object) -> None:
    """Nothing is asked of what was read."""


def _npz(arrays: dict[str, np.ndarray]) -> bytes:
    stream = io.BytesIO()
    (np.savez_compressed if len(arrays) % 2 else np.savez)(stream, **arrays)
    return stream.getvalue()


def _pictures() -> list[Subject]:
    bundle = Predictor().bundle
    grey = np.random.default_rng(0).integers(0, 256, (20, 24)).astype(np.uint8)
    colour = np.dstack([grey, grey.T[:20, :20].repeat(2, 1)[:, :24], 255 - grey])
    made = [Image.fromarray(grey), Image.fromarray(colour)]
    more = {"PNG": [made[0].convert("1"), made[1].quantize(8), made[1].convert("RGBA"),
                    Image.fromarray(grey.astype(np.uint16) * 257)],
            "TIFF": [made[1].convert("CMYK"), Image.fromarray(grey.astype(np.uint16))],
            "GIF": [made[1].quantize(8)]}  # fmt: skip
    options: dict[str, list[dict[str, object]]] = {
        "TIFF": [{}, {"compression": "tiff_lzw"}, {"compression": "tiff_adobe_deflate"}],
        "JPEG": [{}, {"progressive": True}],
        "WEBP": [{}, {"lossless": True}],
    }

    def read(path: Path) -> None:
        header = read_header(path, "picture")
        if header is not None:
            read_pixels(path, "picture", header.colour, (8, 8))
        void(prepare(path.read_bytes(), "picture", bundle))

    return [
        Subject(
            form,
            [
                _picture(image, form, option)
                for image in made + more.get(form, [])
                for option in options.get(form, [{}])
            ],
            "",
            FIELDS["png"] if form == "PNG" else None,
            read,
        )
        for form in ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "PPM")
    ]


def _picture(image: Image.Image, form: str, options: dict[str, object]) -> bytes:
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    more = {"exif": exif} if form in ("PNG", "JPEG", "WEBP") else {}
    image.save(stream, form, **options, **more)
    return stream.getvalue()


def _models(run: Path) -> list[Subject]:
    """Files of models: exported ones, and those that a study may name."""
    images = np.zeros((2, 8, 8), np.uint8)
    cards = {path: path.parent for path in sorted(run.glob("tasks/*/card.json"))
             if json.loads(path.read_text()).get("stored")}  # fmt: skip
    homes = list(cards.values())

    def predicts(path: Path) -> None:
        model = Predictor(path)
        model.votes(np.zeros((2, *model.image_shape), np.uint8))

    def stored(name: str, home: Path) -> Read:
        def read(path: Path) -> None:
            copy = path.parent / "stored"
            if not copy.is_dir():
                shutil.copytree(home, copy)
            kept = (copy / name).read_bytes()
            (copy / name).write_bytes(path.read_bytes())
            try:
                stored_predict(copy, 1)(images)
            finally:
                (copy / name).write_bytes(kept)

        return read

    exported = [path.read_bytes() for path in sorted(run.parent.glob("*.onnx"))]
    weights = next(home for home in homes if (home / "weights.safetensors").is_file())
    return [
        Subject("ONNX", [*exported, READY.read_bytes()], ".onnx", FIELDS["onnx"], predicts),
        Subject("cards", [(weights / "card.json").read_bytes()], ".json", FIELDS["json"],
                stored("card.json", weights)),
        Subject("weights", [(weights / "weights.safetensors").read_bytes()], "",
                FIELDS["safetensors"], stored("weights.safetensors", weights)),
    ]  # fmt: skip


def _of_runs(run: Path, folder: Path) -> list[Subject]:
    """Files of a run, in a copy of it."""
    copy = folder / "runs" / "copy"
    if not copy.is_dir():
        shutil.copytree(run, copy)
    drawn = [0]

    def results(path: Path) -> None:
        (copy / "results.json").write_bytes(path.read_bytes())
        void(runs_in(copy.parent))
        void(stored_run(copy, "copy").seeds)
        drawn[0] += 1
        if drawn[0] % PREVIEW == 0:
            redraw(RunFolder(copy), force=True)

    def marker(path: Path) -> None:
        (copy / "vestry.json").write_bytes(path.read_bytes())
        void(runs_in(copy.parent))

    tables = [path.read_bytes() for path in sorted(run.glob("members/*/test.npz"))]
    right = np.arange(60).reshape(6, 10) % 3 > 0
    Tried(right, 4, right.astype(np.float16)).save(folder / "tried.npz")
    tried = [(folder / "tried.npz").read_bytes()]
    return [
        Subject("results.json", [(run / "results.json").read_bytes()], "", FIELDS["json"], results),
        Subject("vestry.json", [(run / "vestry.json").read_bytes()], "", FIELDS["json"], marker),
        Subject("tables", tables, ".npz", FIELDS["npz"], lambda path: void(load_table(path))),
        Subject("epochs tried", tried, ".npz", FIELDS["npz"], lambda path: void(load_tried(path))),
    ]


def _others() -> list[Subject]:
    """What other programs give, and what a killed run leaves."""
    ids = [f"r{number}" for number in range(9)]
    given = ["id,a,b", *(f"{name},0.25,0.75" for name in ids)]
    truth = ["id,label,split", *(f"{n},{'ab'[i % 2]},{'test' if i % 3 else 'val'}" for i, n in
                                 enumerate(ids))]  # fmt: skip
    arrays = {"ids": np.array(ids), "classes": np.array(["a", "b"]),
              "probabilities": np.full((9, 2), 0.5)}  # fmt: skip
    looks = [json.dumps({"when": "2026-01-01T00:00:00+00:00", "study": "s", "models": ["a"],
                         "why": "w", "test": "t"})] * 4  # fmt: skip

    def studies(path: Path) -> None:
        said = outcome(path.read_bytes(), path.parent)
        if said is not None:
            raise AssertionError(said)

    def register(path: Path) -> None:
        place = path.parent / "looks"
        place.mkdir(exist_ok=True)
        shutil.copy(path, place / "t.jsonl")
        void(Vault(place).looks("t"))

    return [
        Subject("TOML", [text.encode() for text in originals().values()], "", None, studies),
        Subject("predictions.csv", ["\n".join(given).encode()], ".csv", FIELDS["csv"],
                lambda path: void(read_given(path))),
        Subject("predictions.npz", [_npz(arrays)], ".npz", FIELDS["npz"],
                lambda path: void(read_given(path))),
        Subject("truth.csv", ["\n".join(truth).encode()], ".csv", FIELDS["csv"],
                lambda path: void(read_truth(path))),
        Subject("checkpoints", [checkpoint_left()], "", with_its_sum,
                lambda path: go_on_with_fit(path.read_bytes(), path.parent / "workspace")),
        Subject("journals of trials", [journal_left()], "", FIELDS["jsonl"],
                lambda path: go_on_with_search(path.read_bytes(), path.parent / "search")),
        Subject("journals of looks", ["\n".join(looks).encode() + b"\n"], "", FIELDS["jsonl"],
                register),
    ]  # fmt: skip
