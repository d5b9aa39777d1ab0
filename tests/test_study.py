"""The study file: what is refused, in which words, and what `--set` does."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studies_at_hand import SMALL_STUDY
from vestry.errors import StudyError
from vestry.study.reader import read_study
from vestry.study.settings import Study


@pytest.fixture
def read(tmp_path):
    def read(text, *assignments):
        path = tmp_path / "s.toml"
        path.write_text(text)
        return read_study(path, assignments).study

    return read


WRONG = [
    ("epochs = 2", "epoch = 2", "[training]: key `epoch` is unknown; did you mean `epochs`?"),
    ("epochs = 2", "epochs = 0", "`epochs`"),
    ('name = "Net"', 'name = "Net"\nseeds = [0, 1, 0]', "`seeds`: a seed stands there twice"),
    ("epochs = 2", 'optimizer = "adm"', "did you mean `adam`?"),
    ("epochs = 2", "schedule = { triangular = 1 }", "`schedule` needs one of `exponential`"),
    ("epochs = 2", "early_stopping = { patienc = 5 }", "did you mean `patience`?"),
    ("conv = 8", "cnv = 8", "did you mean `conv`?"),
    ("kernel = 3", "kernl = 3", "model 1 (Net): key `layers #1.kernl` is unknown; did you mean"),
    ("pool = 2", 'pool = 2, kind = "maxi"', "`layers #2.kind` cannot be 'maxi'; did you mean"),
    ("{ pool = 2 }", "{ add = [{ pool = 2, knd = 3 }] }", "`layers #2.add #1.knd` is unknown; did"),
    ("{ pool = 2 }", "{ add = [{ pol = 2 }] }", "`layers #2.add`: layer 1: unknown layer `pol`"),
    ("{ pool = 2 }", "{ add = 3 }", "`layers #2.add`: layers in a list are needed"),
    ("{ pool = 2 }", "{ repeat = 2, layers = [{ pol = 2 }] }", "`layers #2.layers`: layer 1: unk"),
    (
        "{ pool = 2 }",
        "{ repeat = 2, layers = [] }",
        "`layers #2.layers` needs at least 1",
    ),
    ("pool = 2", 'activation = "geluu"', "did you mean `gelu`?"),
    ("pool = 2", 'block = "residaul", filters = 8', "did you mean `residual`?"),
    ('"Net", "Linear"]', '"Nett", "Linear"]', "'Nett', which nobody defines; did you mean `Net`?"),
    ('"Net", "Linear"]', '"Net"]', "`committee #1.members`"),
    (
        "estimator =",
        "estimatr =",
        "`onnx`, `predictions`; did you mean `estimator`?",
    ),
    ("sklearn.linear_model.RidgeClassifier", "Ridge", "no import path"),
    ('name = "Linear"', 'name = "Net"', "the name 'Net' is given 2 times"),
    ('name = "Linear"', 'name = "../Linear"', "cannot be a folder's name"),
    ('name = "Linear"', 'name = "Linear"\nscale = "std"', "did you mean `standard`?"),
    ('"digits"', '"digit"', "did you mean `digits`?"),
    ("fraction = 0.2", "fractoin = 0.2", "did you mean `fraction`?"),
    ("fraction = 0.2", "fraction = 1.2", "`data.validation.fraction`"),
    ("title", "titel", "did you mean `title`?"),
    ("[data]", "[dta]", "did you mean `data`?"),
    ("[data]", "[data", "is not TOML"),
]


@pytest.mark.parametrize(("old", "new", "said"), WRONG, ids=[new for _, new, _ in WRONG])
def test_a_mistake_is_one_line_that_names_file_key_and_nearest_name(read, old, new, said):
    assert SMALL_STUDY.count(old) >= 1
    with pytest.raises(StudyError) as caught:
        read(SMALL_STUDY.replace(old, new, 1))
    first, *others = str(caught.value).splitlines()
    assert "s.toml" in first and said in first
    if "Linear" not in old:  # a member that lost its name is missed by its committee as well
        assert not others


def test_a_file_that_is_not_there_names_the_nearest(tmp_path):
    (tmp_path / "default.toml").touch()
    with pytest.raises(StudyError, match=r"did you mean `default.toml`"):
        read_study(tmp_path / "defalt.toml")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "s.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StudyError, match="not text"):
        read_study(tmp_path / "s.toml")


def test_training_gives_defaults_that_a_member_overrides(read):
    study = read(SMALL_STUDY.replace('name = "Net"', 'name = "Net"\nbatch_size = 16'))
    assert (study.member[0].epochs, study.member[0].batch_size) == (2, 16)


def test_set_reaches_one_member_all_networks_and_nested_keys(read):
    assert read(SMALL_STUDY, "member.Net.epochs=7").member[0].epochs == 7
    assert read(SMALL_STUDY, "member.epochs=7").member[0].epochs == 7
    assert read(SMALL_STUDY, "member.scale=standard").member[1].scale == "standard"
    assert read(SMALL_STUDY, "data.validation.fraction=0.3").data.validation.fraction == 0.3
    assert read(SMALL_STUDY, "title=Other words").title == "Other words"


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("member.Nett.epochs=3", "did you mean `Net`?"),
        ("member.epocs=3", "did you mean `epochs`?"),
        ("training.epoch=3", "did you mean `epochs`?"),
        ("epochs", "write KEY=VALUE"),
        ("member=3", "write model.NAME.KEY=VALUE"),
        ("model=3", "write model.NAME.KEY=VALUE"),
        ("model.Nett.epochs=3", "there is no model 'Nett'; did you mean `Net`?"),
        ("a b=3", "is not a key"),
    ],
)
def test_a_wrong_set_says_how_to_write_it(read, assignment, said):
    with pytest.raises(StudyError) as caught:
        read(SMALL_STUDY, assignment)
    assert said in str(caught.value).splitlines()[0]


def test_the_resolved_study_reads_as_the_same_study(read):
    study = read(SMALL_STUDY)
    assert read(study.to_toml()) == study


def test_the_schema_is_json_and_knows_every_key():
    schema = json.loads(json.dumps(Study.model_json_schema()))
    assert set(Study.model_fields) | {"model"} == set(schema["properties"])
    assert schema["properties"]["member"]["deprecated"] and "member" not in schema["required"]


HEADERS = st.sampled_from(["[[member]]", "[[model]]", " [[ model ]] # here", '[["member"]]'])
REMARKS = st.sampled_from(["", 'note = """\n[[model]]\n[[member]]\n"""\n', "# [[member]]\n"])


@given(entries=st.lists(st.tuples(HEADERS, REMARKS, st.booleans()), min_size=1, max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_models_keep_their_order_however_each_is_spelled(read, entries):
    text = 'title = "T"\n[data]\nsource = "digits"\n'
    for number, (header, remark, nested) in enumerate(entries):
        key = "model" if "model" in header else "member"
        text += f'{header}\nname = "{number}"\nestimator = "sklearn.svm.SVC"\n{remark}'
        text += f"[{key}.params]\nC = {number}\n" if nested else ""
    study = read(text)
    assert [entry.name for entry in study.models] == [str(n) for n in range(len(entries))]
    assert [entry.params for entry in study.models] == [
        {"C": number} if nested else {} for number, (_, _, nested) in enumerate(entries)
    ]
    assert read(study.to_toml()).digest == study.digest and "[[model]]" in study.to_toml()


def test_the_spelling_changes_neither_the_study_nor_its_hash(read):
    old, new = read(SMALL_STUDY), read(SMALL_STUDY.replace("[[member]]", "[[model]]"))
    assert old == new and old.digest == new.digest
    assert read(SMALL_STUDY, "model.Net.epochs=7") == read(SMALL_STUDY, "member.Net.epochs=7")


@pytest.mark.parametrize("key", ["model", "member"])
@pytest.mark.parametrize("value", ["3", "[]", '["a"]', "{ a = 1 }"])
def test_models_that_are_no_tables_are_refused(read, key, value):
    with pytest.raises(StudyError, match=r"there is no \[\[model\]\]; a study compares"):
        read(f'{key} = {value}\ntitle = "T"\n[data]\nsource = "digits"\n')


def test_inline_models_come_first_as_in_the_file(read):
    inline = 'member = [{ name = "First", estimator = "sklearn.svm.SVC" }]\n'
    study = read(inline + SMALL_STUDY.replace("[[member]]", "[[model]]"))
    assert [entry.name for entry in study.models] == ["First", "Net", "Linear"]


def test_reading_a_study_imports_nothing_heavy():
    code = (
        "import sys, pathlib\nfrom vestry.study.reader import read_study\n"
        "read_study(pathlib.Path(sys.argv[1]))\n"
        "print(sorted({'torch', 'sklearn', 'onnx', 'onnxruntime', 'pandas'} & set(sys.modules)))"
    )
    study = Path(__file__).parent.parent / "studies" / "e2-transfer-few-images.toml"
    command = [sys.executable, "-c", code, str(study)]
    assert subprocess.run(command, check=False, capture_output=True, text=True).stdout == "[]\n"
