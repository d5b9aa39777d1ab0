"""`[[pair]]` and `[[claim]]`: what is refused before any work, and what a run makes of them."""

import json

import pytest

from studies_at_hand import SMALL_STUDY
from vestry.errors import StudyError
from vestry.study.reader import read_study

PAIR = """
[[pair]]
what = "depth"
without = "Linear"
with = "Net"
"""
CLAIMS = """
[[claim]]
says = "The committee is worse than the net"
maker = "Both"
below = "Net"
[[claim]]
says = "31 threes are taken for eights"
maker = "Net"
truth = "3"
predicted = "8"
count = 31
[[claim]]
says = "0.9%"
maker = "Linear"
score = "accuracy"
printed = "0.9%"
"""


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "s.toml"
        path.write_text(text)
        return read_study(path).study

    return read


WRONG = [
    ('with = "Net"', 'with = "Nett"', "pair 1 names 'Nett', which nobody defines; did you mean"),
    ('with = "Net"', 'with = "Linear"', "`pair #1`: 'Linear' cannot be compared with itself"),
    ('with = "Net"', 'wit = "Net"', "key `pair #1.wit` is unknown; did you mean `with`?"),
    ('what = "depth"', 'waht = "depth"', "did you mean `what`?"),
    ('below = "Net"', 'below = "Nut"', "claim 1 names 'Nut', which nobody defines; did you mean"),
    ('below = "Net"', 'belw = "Net"', "claim 1 needs one of"),
    ("count = 31", 'count = "many"', "`claim #2.count`"),
    ("count = 31", 'count = 31\nmodel = "Net"', "key `claim #2.maker` is unknown"),
    ('maker = "Both"', 'modl = "Both"', "did you mean `model`?"),
    ('maker = "Both"', 'model = "Bot"', "claim 1 names 'Bot', which nobody defines"),
    ('score = "accuracy"', 'score = "acuracy"', "did you mean `accuracy`?"),
    ('printed = "0.9%"', 'printed = "0.9"', "`claim #3.printed`"),
    ('printed = "0.9%"', 'printed = "0.9%"\nof = 3', "key `claim #3.of` is unknown"),
]


@pytest.mark.parametrize(("old", "new", "said"), WRONG, ids=[new for _, new, _ in WRONG])
def test_a_mistake_is_one_line_that_names_the_nearest(read, old, new, said):
    text = SMALL_STUDY + PAIR + CLAIMS
    assert old in text
    with pytest.raises(StudyError) as caught:
        read(text.replace(old, new, 1))
    first, *others = str(caught.value).splitlines()
    assert "s.toml" in first and said in first
    assert not others


def test_the_resolved_study_reads_as_the_same_study(read):
    study = read(SMALL_STUDY + PAIR + CLAIMS)
    assert study.pair[0].with_ == "Net" and len(study.claim) == 3
    assert read(study.to_toml()) == study


def test_a_class_that_the_data_lack_is_refused_before_any_work(tmp_path, vestry):
    text = SMALL_STUDY + CLAIMS.replace('truth = "3"', 'truth = "three"')
    (tmp_path / "s.toml").write_text(text)
    done = vestry("run", "s.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert "claim 2" in done.stderr and "'three', which the data do not have" in done.stderr
    assert not (tmp_path / "runs").exists()


def test_a_run_checks_them_and_its_page_says_so(tmp_path, vestry):
    (tmp_path / "s.toml").write_text(SMALL_STUDY + PAIR + CLAIMS)
    done = vestry("run", "s.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "runs" / "s" / "results.json").read_text())
    test = {n: results["members"][n]["scores"]["test"]["accuracy"] for n in ("Net", "Linear")}
    (pair,) = results["pairs"]
    assert pair["difference"]["value"] == pytest.approx(test["Net"] - test["Linear"])
    assert pair["with"]["epochs_run"] == 2 and pair["without"]["epochs_run"] is None
    order, count, printed = results["claims"]
    committee = results["committees"]["Both"]
    assert order["here"]["difference"]["figures"][0] == committee["scores"]["test"]["accuracy"]
    confusion = results["members"]["Net"]["scores"]["test"]["confusion"]
    assert count["here"]["count"] == confusion[3][8]
    assert printed["verdict"] == "differs"
    assert committee["repairs"]["net"] == sum(
        row["net"] for row in committee["repairs"]["per_class"]
    )
    page = (tmp_path / "runs" / "s" / "report.html").read_text()
    assert "31 threes are taken for eights" in page and "With and without" in page


def test_the_new_name_of_a_claims_model_changes_nothing_else(read):
    old = read(SMALL_STUDY + PAIR + CLAIMS)
    new = read(SMALL_STUDY + PAIR + CLAIMS.replace("maker", "model"))
    assert old == new and old.digest == new.digest
    assert "maker" not in old.to_toml()
