"""`python -m vestry` is the `vestry` command."""

from vestry.entry import main

main()
