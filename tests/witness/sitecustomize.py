"""Every Python process that starts with this folder on its path writes down each file that it is
about to change and each address that it is about to speak to: a line of JSON each, in the file that
WITNESS names. What native code does by itself is not heard here."""

import json
import os
import sys
from pathlib import Path

_LOG = os.open(os.environ["WITNESS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
_CHANGES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_FOLDERS = {"os.mkdir": 2, "os.remove": 1, "os.rmdir": 1, "os.chmod": 2, "os.utime": 3}
"""Where the number of an open folder stands, from which the path is seen."""
_PAIRS = ("os.rename", "os.link", "os.symlink")
_SPEAKING = ("socket.connect", "socket.bind", "socket.sendto")
_ASKING = ("socket.getaddrinfo", "socket.gethostbyname")


def _note(kind, value):
    os.write(_LOG, (json.dumps([kind, str(value), sys.argv[:3]]) + "\n").encode())


def _note_file(path, folder=-1):
    if isinstance(path, int) or path is None:
        return
    start = Path.cwd() if folder == -1 else Path(f"/proc/self/fd/{folder}").readlink()
    _note("file", os.path.normpath(start / os.fsdecode(path)))


def _hear(event, given):
    if event == "open":
        if isinstance(given[2], int) and given[2] & _CHANGES:
            _note_file(given[0])
    elif event in _FOLDERS:
        _note_file(given[0], given[_FOLDERS[event]])
    elif event in _PAIRS:
        _note_file(given[0])
        _note_file(given[1])
    elif event in _SPEAKING:
        address = given[1]
        _note("address", address[0] if isinstance(address, tuple) else "")
    elif event in _ASKING:
        _note("address", os.fsdecode(given[0] or ""))


sys.addaudithook(_hear)
