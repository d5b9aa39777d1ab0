"""What tests of several floors share: the command as a user runs it, and a small study."""

import gc
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from threadpoolctl import threadpool_limits

import vestry as _  # noqa: F401 - before any test's onnxruntime, which it keeps silent
from forked_command import Template, started
from headless_browser import browser  # noqa: F401 - a fixture
from studies_at_hand import SMALL_STUDY, with_everything
from vestry.engine import local

ON_LINUX = {
    *("test_sends_nothing.py", "test_own_estimators.py", "test_recovery.py", "test_search.py"),
    *("test_engine_contract.py", "test_server_process.py", "test_server_hostile.py"),
    *("test_feature_store.py", "test_forked_command.py", "test_written_files.py"),
}
"""Files whose tests ask Linux what became of a process, or of a file's permissions."""


def pytest_configure():
    """Let runs be interrupted though these tests were started in the background (`nohup`, `&`).

    A shell's background jobs ignore SIGINT, and what they start inherits that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """What runs whole studies comes first: at the end, short files fill up the last minute of all
    processes, where one long file would keep one of them busy alone."""
    items.sort(key=lambda item: item.path.parent != Path(__file__).parent)
    if sys.platform != "linux":
        elsewhere = pytest.mark.skip(reason="looks into /proc, or sends POSIX's signals")
        for item in items:
            if item.path.name in ON_LINUX:
                item.add_marker(elsewhere)


@pytest.fixture(scope="session", autouse=True)
def looks(tmp_path_factory):
    """Looks at test sets are counted for these tests alone, not among the user's own."""
    folder = tmp_path_factory.mktemp("looks")
    os.environ["VESTRY_LOOKS"] = str(folder)
    return folder


def pytest_collection_finish():
    """Python looks for garbage among all that was loaded, which takes long: let it do so rarely."""
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Files are tested beside each other; two threads each would wait for one another."""
    torch = sys.modules.get("torch")  # loaded by the files that need it
    if torch:
        torch.set_num_threads(1)
    with threadpool_limits(1):
        yield


@pytest.fixture
def small_study(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(SMALL_STUDY)
    return path


@pytest.fixture(scope="session")
def vestry_started():
    """Start the command as a user does; gives what it printed and its exit code."""

    def run(*arguments, cwd=None, env=None, timeout=240):
        return started([*map(str, arguments)], cwd, env or {}, timeout)

    return run


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    made = Template(tmp_path_factory.mktemp("template"))
    yield made
    made.stop()


@pytest.fixture(scope="session")
def vestry(template):
    """The same, sooner: forked from a process that has loaded what the command loads."""

    def run(*arguments, cwd=None, env=None, timeout=240, **streams):
        return template.run([*map(str, arguments)], cwd, env or {}, timeout, **streams)

    return run


@pytest.fixture(scope="session")
def vestry_begun(template):
    """A command that goes on beside the test, forked as that of `vestry`, on Linux alone."""

    def begin(*arguments, cwd, **limits):
        return template.begin([*map(str, arguments)], cwd, **limits)

    return begin


@pytest.fixture(scope="session")
def program(template):
    """Do a program as `python -c` does it; what it imports is loaded already."""
    return template.program


@pytest.fixture(scope="module")
def forked_workers(template):
    """Engines of this process get their workers from there, too."""
    if sys.platform == "linux":
        forked = SimpleNamespace(Popen=template.worker, PIPE=subprocess.PIPE)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(local, "subprocess", forked)
            yield
    else:
        yield


@pytest.fixture(scope="session")
def fashion_mnist():
    """The folder that holds the real data, through VESTRY_DATA."""
    given = os.environ.get("VESTRY_DATA")
    if not given or not (Path(given) / "fashion-mnist").is_dir():
        pytest.skip("VESTRY_DATA names no folder that holds fashion-mnist/")
    return Path(given)


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory, vestry):
    """One small study, run once for all tests that only look at what it left."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "small.toml").write_text(with_everything(SMALL_STUDY))
    done = vestry("run", "small.toml", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "runs" / "small"
