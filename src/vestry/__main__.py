"""`python -m vestry` is the `vestry` command."""

import sys

from vestry.cli.entry import main

if not sys.flags.safe_path:
    del sys.path[0]  # the working folder: a file random.py in it is nothing that Vestry imports


main()
