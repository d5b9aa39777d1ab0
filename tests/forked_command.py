"""The command in a process of its own that need not load what it works with: it is forked.

Starting Python and loading torch, scikit-learn and scipy takes five times as long as a small study
does, and twice that where worker processes start. So one process loads them once (`_serve`), and
each command, and each worker of a command, is a fork of a process that has them: with arguments,
working folder, environment, streams and exit code of its own, as if it had been started. Where
packages are beside it (`PYTHONPATH`) it loads Vestry, and all but Vestry is there. What else Python
or a library reads while it starts or is loaded cannot differ in a fork; a command that is given
such a variable is started, as is every command on systems that do not fork well.
`test_forked_command.py` holds that both leave the same.
"""

import atexit
import functools
import gc
import importlib
import json
import os
import pkgutil
import runpy
import secrets
import select
import signal
import subprocess
import sys
import traceback
from pathlib import Path
from types import SimpleNamespace

try:
    import resource
except ModuleNotFoundError:  # not every system has it, nor forks
    resource = None

PATH = "PYTHONPATH"
WHILE_LOADING = ("PYTHON", "OMP_", "GOMP_", "OPENBLAS_", "MKL_", "ORT_")
"""How variables begin that are read while Python starts or a library is loaded."""
HEAVY = (
    "cleanlab.filter",
    "cleanlab.rank",
    "filelock",
    "onnx",
    "onnxruntime",
    "scipy.ndimage",
    "scipy.optimize",
    "scipy.signal",
    "scipy.stats",
    "skl2onnx",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.naive_bayes",
    "sklearn.neighbors",
    "sklearn.pipeline",
    "sklearn.svm",
    "sklearn.tree",
    "torch",
)
"""What functions import when they are called."""
NOT_LOADED = ("vestry.__main__", "vestry.engine.worker", "vestry.serve.http")
"""The first two are run; the last one's metrics are set up by the environment."""
PROGRAM = "-c"
STREAMS = ("stdin", "stdout", "stderr")
WORKERS = []
"""Of engines in the tests' own process, kept until they have ended."""
BEGUN = {}
"""Commands that nobody has waited for yet, by their number."""


def started(arguments, cwd, env, timeout, terminal=None):
    """Run the command as a user does; gives what it printed and its exit code.

    terminal: the path of one that takes its three streams' place.
    """
    with open(terminal or os.devnull, "r+b", buffering=0) as shown:  # noqa: PTH123
        streams = dict.fromkeys(("stdout", "stderr"), shown if terminal else subprocess.PIPE)
        return subprocess.run(
            [sys.executable, "-m", "vestry", *arguments],
            cwd=cwd,
            env=os.environ | env,
            stdin=shown,
            **streams,
            text=True,
            timeout=timeout,
            check=False,
        )


class Template:
    """The process that commands are forked from; it starts with the first."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.process = None

    def run(self, arguments, cwd, env, timeout, terminal=None, closed=()):
        """As `started`. closed: numbers of streams that it has not, and nothing in their place."""
        loading = any(name.startswith(WHILE_LOADING) for name in env if name != PATH)
        if sys.platform != "linux" or loading:
            assert not closed
            return started(arguments, cwd, env, timeout, terminal)
        return self.done("vestry", arguments, cwd, env, timeout, terminal, closed)

    def program(self, text):
        """As Python does `text`, given to it as `-c`."""
        if sys.platform != "linux":
            command = [sys.executable, "-c", text]
            return subprocess.run(command, capture_output=True, text=True, check=False)
        return self.done(PROGRAM, [text], None, {}, timeout=240)

    def done(self, module, arguments, cwd, env, timeout, terminal=None, closed=()):
        own = [str(self.folder / name) for name in ("stdout", "stderr")]
        streams = [terminal] * 3 if terminal else [os.devnull, *own]
        order = {"module": module, "arguments": arguments, "streams": streams, "closed": closed}
        code = self.answer(order | surroundings(cwd, env) | {"timeout": timeout})
        if code is None:
            raise subprocess.TimeoutExpired(arguments, timeout)
        said = [None if terminal else Path(stream).read_text() for stream in own]
        return subprocess.CompletedProcess(arguments, code, *said)

    def begin(self, arguments, cwd, file_bytes=None):
        """A command that goes on beside the test. file_bytes: the most that it may write into a
        file, as where the disk is full."""
        own = [str(self.folder / f"{secrets.token_hex(4)}-{name}") for name in STREAMS[1:]]
        order = {"module": "vestry", "arguments": arguments, "streams": [os.devnull, *own]}
        order |= {"begins": True, "file_bytes": file_bytes}
        return BegunCommand(self, self.answer(order | surroundings(cwd, {})), own)

    def worker(self, command, env, stderr, **_):
        """As `subprocess.Popen` where an engine of this process starts a worker."""
        given, told = os.pipe(), os.pipe()
        ends = (given[0], told[1], stderr.fileno())
        streams = [f"/proc/{os.getpid()}/fd/{number}" for number in ends]
        pid = self.answer({"module": None, "streams": streams} | surroundings(None, env))
        for number in ends[:2]:
            os.close(number)
        return ForkedWorker(pid, os.fdopen(given[1], "w"), os.fdopen(told[0]))

    def answer(self, order):
        self.process = self.process or self.start()
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the process that commands are forked from has ended; see standard error"
        return json.loads(answer)

    def start(self):
        return subprocess.Popen(
            [sys.executable, "-P", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def stop(self):
        if self.process:
            self.process.communicate()


class OthersChild:
    """A process that the template has forked."""

    def __init__(self, pid):
        self.pid = pid
        self.end = os.pidfd_open(pid)

    def has_ended(self):
        return bool(select.select([self.end], [], [], 0)[0])

    def __del__(self):
        os.close(self.end)


class BegunCommand(OthersChild):
    def __init__(self, template, pid, streams):
        super().__init__(pid)
        self.template, self.streams = template, streams

    def ended(self, timeout):
        """As `started` gives it."""
        code = self.template.answer({"pid": self.pid, "timeout": timeout})
        if code is None:
            raise subprocess.TimeoutExpired("vestry", timeout)
        said = [Path(stream).read_text() for stream in self.streams]
        return subprocess.CompletedProcess("vestry", code, *said)


class ForkedWorker(OthersChild):
    """What an engine asks of a worker's `subprocess.Popen`; its exit code is not known."""

    returncode = None

    def __init__(self, pid, stdin, stdout):
        super().__init__(pid)
        self.stdin, self.stdout = stdin, stdout

    def poll(self):
        return 0 if self.has_ended() else None

    def wait(self):
        select.select([self.end], [], [])


def surroundings(cwd, env):
    mask = os.umask(0)  # it can be read only by setting it
    os.umask(mask)
    return {"cwd": str(cwd or Path.cwd()), "env": dict(os.environ | env), "umask": mask}


def _serve():
    orders, answers = sys.stdin, os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    _load()
    for line in orders:
        order = json.loads(line)
        answer = _ended(**order) if "pid" in order else _forked(**order)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _load():
    from vestry.members.networks.machine import PROCESS_ENVIRONMENT
    from vestry.pipeline.tasks.code_key import code_key
    from vestry.report.shell import environment
    from vestry.system.environment import environment as surroundings_of_runs
    from vestry.system.registry import check_brought

    os.environ.update(PROCESS_ENVIRONMENT)  # as workers have it when they load torch
    for name in HEAVY:
        importlib.import_module(name)
    package = importlib.import_module("vestry")
    for found in pkgutil.walk_packages(package.__path__, "vestry."):
        if not found.name.startswith(NOT_LOADED):
            importlib.import_module(found.name)
    # What each command would find again: these files are read once, here, and pages compiled once.
    for found in list(sys.modules.values()):
        for name in ("_CODE", "_SEARCH_CODE"):
            if found.__name__.startswith("vestry.") and hasattr(found, name):
                code_key(*getattr(found, name))
    surroundings_of_runs(cores=1)
    check_brought()
    for template in environment().list_templates(extensions=["j2"]):
        environment().get_template(template)
    gc.freeze()  # what is loaded stays, and forks share it untouched
    _fork_workers()


def _fork_workers():
    from vestry.engine import local

    local.subprocess = SimpleNamespace(Popen=_worker, PIPE=subprocess.PIPE)


def _load_again(path):
    """Vestry, with other packages beside it: it asks for what they bring while it is loaded."""
    own = os.environ.get(PATH, "").split(os.pathsep)
    sys.path[:] = [*path.split(os.pathsep), *(place for place in sys.path if place not in own)]
    importlib.invalidate_caches()
    for name in [name for name in sys.modules if name.partition(".")[0] == "vestry"]:
        del sys.modules[name]
    os.environ[PATH] = path
    _fork_workers()


def _ended(pid, timeout):
    """The exit code of a command that was begun, None where it outlasted `timeout`."""
    try:
        return BEGUN[pid].wait(timeout)
    except subprocess.TimeoutExpired:
        return None


def _forked(
    module,
    streams,
    cwd,
    env,
    umask,
    arguments=(),
    timeout=None,
    closed=(),
    begins=False,
    file_bytes=None,
):
    """The exit code, None where it outlasted `timeout`; without a module, and of what only begins,
    its number."""
    given, *told = streams
    with open(given) as stdin, open(told[0], "w") as stdout, open(told[1], "w") as stderr:  # noqa: PTH123
        options = {"stdin": stdin, "stdout": stdout, "stderr": stderr, "cwd": cwd, "umask": umask}
        if module is None:
            WORKERS[:] = [worker for worker in WORKERS if worker.poll() is None]
            WORKERS.append(_worker(["worker"], env, start_new_session=True, **options))
            return WORKERS[-1].pid
        begin = functools.partial(_run, module, arguments, env, closed, file_bytes)
        command = [module, *arguments]
        if begins:
            process = subprocess.Popen(command, preexec_fn=begin, **options)  # noqa: PLW1509
            BEGUN[process.pid] = process
            return process.pid
        try:
            return subprocess.run(
                command, timeout=timeout, check=False, preexec_fn=begin, **options
            ).returncode
        except subprocess.TimeoutExpired:
            return None


def _worker(command, env, **options):
    """Stands for `subprocess.Popen` where the engine starts a worker."""
    sys.stdout.flush()  # or the fork would have what is not printed yet, too
    run = functools.partial(_run, "vestry.engine.worker", [], env)
    # Safe beside the engine's threads: they wait for pipes and for the ends of processes.
    return subprocess.Popen(command, env=env, preexec_fn=run, **options)  # noqa: PLW1509


def _run(module, arguments, env, closed=(), file_bytes=None):
    """In a fork that has a new process's streams and group: run `module`, and start nothing."""
    code = 1
    try:
        _let_go()
        if file_bytes:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # as Python does it when it starts
            signal.signal(ignored, signal.SIG_IGN)
        _open_streams(closed)
        if env.get(PATH, "") != os.environ.get(PATH, ""):
            _load_again(env.get(PATH, ""))
        for name in set(os.environ) - set(env):
            del os.environ[name]
        os.environ.update(env)
        sys.argv = [module, *arguments]
        if module == PROGRAM:
            exec(compile(arguments[0], PROGRAM, "exec"), {"__name__": "__main__"})  # noqa: S102
        else:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
        os._exit(code)


def _let_go():
    """Of the files that the parent has open: a started process has none of them."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for other in [*map(int, os.listdir("/proc/self/fd"))]:  # noqa: PTH208 - no path is wanted
        if other > 2 and other != nothing:
            os.dup2(nothing, other, inheritable=False)


def _open_streams(closed):
    """As Python does when it starts: whether one is there, a terminal or a file, is asked then."""
    for number, (name, mode) in enumerate(zip(STREAMS, "rww", strict=True)):
        old, buffering = getattr(sys, name), 1 if name == "stderr" else -1
        kept = {"encoding": old.encoding, "errors": old.errors, "closefd": False}
        setattr(sys, name, open(number, mode, buffering, **kept))  # noqa: SIM115, PTH123
    for number in closed:
        os.close(number)
        setattr(sys, STREAMS[number], None)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests; they end this one
    _serve()
