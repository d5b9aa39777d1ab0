"""`python -m vestry` is the `vestry` command."""

import sys

if not sys.flags.safe_path:
    del sys.path[0]  # the working folder: a file random.py in it is nothing that Vestry imports

from vestry.entry import main

main()
