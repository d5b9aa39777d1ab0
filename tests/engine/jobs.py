"""What the engine tests ask a worker process to do."""

import decimal
import importlib
import json
import locale
import multiprocessing
import os
import random
import sys
import time
import warnings
from pathlib import Path

import numpy as np


def write(description, context, folder: Path, workspace: Path, report):
    report({"event": "stage", "text": "writing"})
    folder.mkdir(parents=True)
    print("libraries print whatever they like")  # must not disturb the events
    (folder / "card.json").write_text(json.dumps(description | {"process": os.getpid()}))


def tell(description, context, folder, workspace, report):
    """Hundreds of events, and goes on once one of them was heard."""
    for number in range(300):
        report({"event": "stage", "text": str(number)})
    deadline = time.monotonic() + 30
    while not Path(context["heard"]).exists():
        if time.monotonic() > deadline:
            raise TimeoutError("nobody hears it before it has ended")
        time.sleep(0.01)
    report({"event": "stage", "text": "300"})
    write(description, context, folder, workspace, report)


def fail(description, context, folder, workspace, report):
    raise ValueError("the reason")


def sleep(description, context, folder, workspace, report):
    Path(context["started"]).touch()
    time.sleep(60)


def die(description, context, folder, workspace, report):
    os.write(2, b"last words")
    os._exit(7)


def both_at_once(description, context, folder, workspace, report):
    """Succeeds only while its neighbour runs too."""
    mine, other = Path(context["mine"]), Path(context["other"])
    mine.touch()
    deadline = time.monotonic() + 30
    while not other.exists():
        if time.monotonic() > deadline:
            raise TimeoutError("alone")
        time.sleep(0.01)
    write(description, context, folder, workspace, report)


def start_others(description, context, folder, workspace, report):
    """Has a pool at work and a program running; says which processes they are, then never ends."""
    pool = multiprocessing.get_context("fork").Pool(2)
    program = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,))
    program.start()
    processes = [pool.apply_async(os.getpid).get(), program.pid, os.getpid()]
    unfinished = Path(context["started"] + ".part")
    unfinished.write_text(json.dumps(processes))
    unfinished.rename(context["started"])
    if context.get("dies"):
        os._exit(7)
    pool.map(time.sleep, [60, 60])


def leave(description, context, folder, workspace, report):
    """Ends, but has started a process that leaves its group and holds on to all it was given."""
    if os.fork() == 0:
        os.setsid()
        time.sleep(5)
        os._exit(0)
    time.sleep(60)


def load_own_code(description, context, folder, workspace, report):
    (Path(context["folder"]) / "own_classes.py").write_text("count = []")
    sys.path.insert(0, context["folder"])
    own = importlib.import_module("own_classes")
    own.count.append(1)
    write(description | {"count": len(own.count)}, context, folder, workspace, report)


GARBAGE = (
    b'garbage\n[1]\n{"event": 3}\n{"event": "done"}\n{"event": "failed"}\n{"event": "epoch"}\n'
    b"\x1enone\n\x1e[]\nand a line that does not end"
)


def babble(description, context, folder, workspace, report):
    """Prints on every way there is, to the pipe of events too, and asks for input."""
    os.write(1, b"\xff\x00 not JSON\n")
    for handle in range(3, 64):
        try:
            os.write(handle, GARBAGE)
        except OSError:
            continue
    try:
        input()
    except EOFError:
        write(description, context, folder, workspace, report)


def leave_by(description, context, folder, workspace, report):
    raise {"exit": SystemExit, "interrupt": KeyboardInterrupt}[context["by"]]("the reason")


def state():
    """Everything that one task could change for the next, as text."""
    import sklearn
    import torch

    found = [
        np.geterr(),
        np.get_printoptions(),
        Path.cwd(),
        sys.path,
        os.environ["HOME"],
        os.environ["PATH"],
    ]
    errors = [kind for kind, *_ in warnings.filters if kind == "error"]
    found += [errors, locale.setlocale(locale.LC_ALL), decimal.getcontext()]
    found += [random.getstate(), np.random.get_state()[1].tolist(), sys.getrecursionlimit()]
    found += [sys.stdout is sys.__stdout__, np.geterrcall(), sklearn.get_config()]
    found += [torch.get_rng_state().tolist(), torch.get_default_dtype(), torch.is_grad_enabled()]
    found += [torch.are_deterministic_algorithms_enabled(), torch.get_default_device()]
    return [repr(thing) for thing in [*found, torch.get_float32_matmul_precision()]]


def say_state(description, context, folder, workspace, report):
    write(description | {"state": state()}, context, folder, workspace, report)


def change_everything(description, context, folder, workspace, report):
    import sklearn
    import torch

    before = state()
    np.seterr(all="raise")
    np.seterrcall(print)
    np.set_printoptions(precision=2)
    random.seed(7)
    np.random.seed(7)
    torch.manual_seed(7)
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    torch.set_grad_enabled(False)
    torch.use_deterministic_algorithms(True)
    torch.set_float32_matmul_precision("medium")
    sklearn.set_config(assume_finite=True)
    os.chdir("/")
    os.environ |= {"HOME": "/nowhere", "PATH": "/nowhere"}
    sys.path[:] = [*sys.path[1:], "/nowhere"]
    sys.setrecursionlimit(5000)
    sys.stdout = sys.stderr
    warnings.simplefilter("error")
    locale.setlocale(locale.LC_ALL, "C")
    decimal.getcontext().prec = 3
    unchanged = [old for old, new in zip(before, state(), strict=True) if old == new]
    write(description | {"unchanged": unchanged}, context, folder, workspace, report)
