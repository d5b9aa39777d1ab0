"""`python -m vestry` is the `vestry` command."""

from vestry.cli import main

main()
