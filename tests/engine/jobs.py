"""What the engine tests ask a worker process to do."""

import json
import os
import time
from pathlib import Path


def write(description, context, folder: Path, workspace: Path, report):
    report({"event": "stage", "text": "writing"})
    folder.mkdir(parents=True)
    print("libraries print whatever they like")  # must not disturb the events
    (folder / "card.json").write_text(json.dumps(description | {"process": os.getpid()}))


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
