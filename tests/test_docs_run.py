"""The tutorial and the recipes, done as they are written, one after the other in one folder."""

import re
import shlex

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from documented import blocks
from studies_at_hand import SMALL_STUDY

FIGURE = re.compile(r"\d[\d,.]*")
ANSWER = re.compile(r"^(Too few images to choose; ahead so far|Recommended): .*")
"""Of a study whose models differ by one image: on another machine it may be the other answer."""
FEWER_POINTS = {"explore": ("--sample", "300"), "run": ("--set", "exploration.sample=300")}
"""Of pictures that no text speaks of; 1,797 would take as long as all the rest."""
RANKED = re.compile(r"\s+\d+\. ")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for number, name in enumerate(("cat", "dog") * 12):
        (tmp_path / "photographs" / name).mkdir(parents=True, exist_ok=True)
        pixels = np.random.RandomState(number).randint(0, 255, (40, 30 + number, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photographs" / name / f"{number}.png")
    digit = Image.fromarray((load_digits().images[0] * 15).astype(np.uint8))
    digit.save(tmp_path / "zero.png")
    (tmp_path / "pictures").mkdir()
    digit.save(tmp_path / "pictures" / "zero.png")
    (tmp_path / "first.toml").write_text(SMALL_STUDY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shown(line):
    """A line without what differs a little from machine to machine."""
    return " ".join(FIGURE.sub("#", ANSWER.sub("the answer", line)).split())


def check_command(vestry, command, below):
    program, *arguments = shlex.split(command)
    assert program == "vestry"
    done = vestry(*arguments)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    printed = {shown(line) for line in done.stdout.splitlines()}
    quoted = [line for line in below.splitlines() if line.strip() and not RANKED.match(line)]
    assert not [line for line in quoted if shown(line) not in printed], done.stdout


def check_program(program, text):
    done = program(text)
    assert done.returncode == 0, f"{text}\n{done.stderr}"


def follow(document, vestry, program):
    for block in blocks(document, "console", "python"):
        if block.language == "python":
            compile(block.text, document, "exec")
        if block.language == "python" and block.runs:
            check_program(program, block.text)
        for command, below in block.commands if block.runs else ():
            check_command(vestry, command, below)


def write_the_tutorials_study(folder, decided):
    study, decision = (block.text for block in blocks("docs/tutorial.md", "toml"))
    source = 'source = "digits"\nvalidation = { fraction = 0.2 }\n'
    text = study.replace(source, f"{source}\n{decision}") if decided else study
    (folder / "digits.toml").write_text(text)


def test_the_tutorial(folder, vestry, program):
    def run(*arguments):
        if arguments == ("run", "digits.toml"):
            write_the_tutorials_study(folder, decided=(folder / "runs" / "digits").exists())
        return vestry(*arguments, *FEWER_POINTS.get(arguments[0], ()))

    follow("docs/tutorial.md", run, program)


def test_the_recipes(folder, vestry, program):
    follow("docs/how-to.md", vestry, program)
