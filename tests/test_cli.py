"""The command line: help, data, schema, check, and bad input in one clear line each."""

import gzip
import json
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image

from studies_at_hand import SMALL_STUDY
from vestry.cli.app import app

ROOT = Path(__file__).parent.parent
VERBS = ["run", "runs", "judge", "explore", "report", "compare", "schema", "check", "data"]


def test_help_lists_every_verb_and_each_has_an_example(vestry):
    top = vestry("--help")
    assert top.returncode == 0
    for verb in VERBS:
        assert re.search(rf"^\W*{verb}\b", top.stdout, re.MULTILINE)
        pages = [vestry(verb, "--help")]
        if verb == "data":
            pages = [vestry(verb, sub, "--help") for sub in ("list", "fetch", "verify")]
        for page in pages:
            assert page.returncode == 0 and "Example" in page.stdout


def test_the_documentation_names_every_command_and_option():
    text = (ROOT / "docs" / "commands.md").read_text()
    for words, command in every_command(typer.main.get_command(app), "vestry"):
        assert f"## `{words}`" in text, f"undocumented: {words}; run `make docs`"
        for option in (name for parameter in command.params for name in parameter.opts):
            assert option in text, f"undocumented: {words} {option}; run `make docs`"


def every_command(group, path):
    for name, command in group.commands.items():
        words = f"{path} {name}"
        yield from (
            every_command(command, words) if hasattr(command, "commands") else [(words, command)]
        )


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['vestry', '--help']\n"
        "from vestry.cli.entry import called; called()\n"
        "print(sorted({'torch', 'sklearn', 'numpy', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_version_and_a_wrong_verb(vestry):
    assert vestry("--version").stdout.startswith("vestry ")
    wrong = vestry("rnu")
    assert wrong.returncode == 2 and "Traceback" not in wrong.stderr


def test_check_and_schema_and_data_list_are_json_where_asked(vestry):
    assert json.loads(vestry("check", "--json").stdout)["torch"]
    assert "member" in json.loads(vestry("schema").stdout)["properties"]
    sources = [row["source"] for row in json.loads(vestry("data", "list", "--json").stdout)]
    files = {"idx:DIR", "npz:FILE", "folder:DIR", "csv:FILE", "parquet:FILE", "hf:DIR", "zip:FILE"}
    published = {"fashion-mnist", "mnist", "kmnist", "emnist-letters", "cifar10", "medmnist:NAME"}
    assert files | published | {"digits", "path:PATH"} == set(sources)


def test_data_verify_finds_a_changed_byte(vestry, fashion_mnist, tmp_path):
    good = vestry("data", "verify", "--data", fashion_mnist)
    assert good.returncode == 0 and good.stdout.count("good") == 4
    copy = tmp_path / "fashion-mnist"
    copy.mkdir()
    for file in (fashion_mnist / "fashion-mnist").iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    labels = copy / "t10k-labels-idx1-ubyte.gz"
    content = bytearray(labels.read_bytes())
    content[100] ^= 1
    labels.write_bytes(content)
    bad = vestry("data", "verify", "--data", tmp_path)
    assert bad.returncode == 1 and bad.stdout.count("damaged") == 1


def truncated(folder):
    for name, array in idx_arrays().items():
        write_idx(folder / f"{name}.gz", array)
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-20])
    return "idx:."


def claims_a_billion(folder):
    for name, array in idx_arrays().items():
        write_idx(folder / f"{name}.gz", array)
    header = struct.pack(">BBBB3I", 0, 0, 8, 3, 10**9, 28, 28)
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(header + bytes(1000)))
    return "idx:."


def label_out_of_range(folder):
    images = np.zeros((6, 8, 8), np.uint8)
    labels = np.array([0, 1, 0, 1, 0, 7])
    np.savez(folder / "x.npz", images=images, labels=labels, classes=np.array(["a", "b"]))
    return "npz:x.npz"


def one_class(folder):
    (folder / "pictures" / "cats").mkdir(parents=True)
    for i in range(4):
        Image.new("L", (8, 8), i).save(folder / "pictures" / "cats" / f"{i}.png")
    return "folder:pictures"


def two_hundred_megapixels(folder):
    for name in ("cats", "dogs"):
        (folder / "pictures" / name).mkdir(parents=True)
        for i in range(4):
            Image.new("L", (8, 8), i).save(folder / "pictures" / name / f"{i}.png")
    Image.new("1", (20_000, 10_000)).save(folder / "pictures" / "cats" / "huge.png")
    return "folder:pictures"


def idx_arrays():
    rng = np.random.default_rng(0)
    return {
        "train-images-idx3-ubyte": rng.integers(0, 255, (30, 8, 8), dtype=np.uint8),
        "train-labels-idx1-ubyte": rng.integers(0, 3, 30, dtype=np.uint8),
    }


def write_idx(path, array):
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes()))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (truncated, "train-images-idx3-ubyte.gz"),
        (claims_a_billion, "1,000,000,000"),
        (label_out_of_range, "out of range"),
        (one_class, "class"),
        (two_hundred_megapixels, "huge.png"),
    ],
)
def test_bad_data_is_one_line_and_exit_code_1(vestry, tmp_path, make, said):
    source = make(tmp_path)
    text = SMALL_STUDY.replace('"digits"', json.dumps(source))
    (tmp_path / "s.toml").write_text(text)
    done = vestry("run", "s.toml", cwd=tmp_path)
    assert done.returncode == 1 and done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if line.startswith("vestry:")]
    assert len(lines) == 1 and said in lines[0] and "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("results.json"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("epochs = 2", "epoch = 2", "did you mean `epochs`?"),
        ("conv = 8", "cnv = 8", "did you mean `conv`?"),
        ('"Net", "Linear"]', '"Nett", "Linear"]', "did you mean `Net`?"),
        ("{ pool = 2 }", "{ pool = 2 }, { pool = 2 }, { pool = 2 }", "below 1 x 1"),
    ],
)
def test_a_bad_study_is_one_line_and_exit_code_2(vestry, small_study, old, new, said):
    small_study.write_text(SMALL_STUDY.replace(old, new, 1))
    done = vestry("run", small_study, cwd=small_study.parent)
    assert done.returncode == 2 and done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if line.startswith("vestry:")]
    assert len(lines) == 1 and said in lines[0] and "Traceback" not in done.stderr
    assert not list(small_study.parent.rglob("results.json"))


def test_an_unreadable_study_is_one_line_and_exit_code_2(vestry, tmp_path):
    done = vestry("run", tmp_path, cwd=tmp_path)
    assert done.returncode == 2 and "cannot be read" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_report_of_no_run_says_what_to_do(vestry, tmp_path):
    done = vestry("report", tmp_path)
    assert done.returncode == 1 and "vestry run" in done.stderr
