"""What can be known of a class before anything is fitted."""

import contextlib
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.utils import all_estimators

from vestry.errors import StudyError
from vestry.members.estimators.importable import check_importable


def test_every_classifier_of_scikit_learn_is_there() -> None:
    for name, kind in all_estimators("classifier"):
        private = kind.__module__
        public = ".".join(part for part in private.split(".") if not part.startswith("_"))
        check_importable(f"{private}.{name}")
        with contextlib.suppress(ModuleNotFoundError):
            if hasattr(importlib.import_module(public), name):
                check_importable(f"{public}.{name}")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("sklearn.svm.SVCC", "did you mean `SVC`"),
        ("sklearn.svn.SVC", "did you mean `svm`"),
        ("sklern.svm.SVC", "is its package installed"),
        ("own.Modell", "did you mean `Model`"),
    ],
)
def test_a_name_that_nothing_has_is_known_with_the_nearest(
    path: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text("class Model:\n    pass\n")
    with pytest.raises(StudyError, match=said):
        check_importable(path)


@pytest.mark.parametrize(
    "text",
    [
        "from sklearn.svm import *\n",
        "def __getattr__(name):\n    return object\n",
        "globals()['Mo' + 'del'] = object\n",
        "if True:\n    from sklearn.svm import SVC as Model\n",
        "Model = make()\n",
        "not python at all",
    ],
)
def test_what_reading_cannot_tell_is_left_to_the_fit(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(text)
    check_importable("own.Model")


def test_nothing_is_imported_or_run(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("raise SystemExit('it ran')\nclass Model: pass\n")
    code = (
        "import sys, json; from vestry.members.estimators.importable import check_importable as c;"
        "before = set(sys.modules); c('own.Model'); c('sklearn.svm.SVC');"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert not {"own", "sklearn", "sklearn.svm"} & set(json.loads(done.stdout))
