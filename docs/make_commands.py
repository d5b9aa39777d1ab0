"""Write docs/commands.md from the command line's own help: `make docs`."""

from pathlib import Path
from typing import Any

import typer

from vestry.cli.app import app

HEAD = """# Commands

Written by `make docs` from the commands' own help. Data goes to standard output, progress and
errors to standard error. Exit codes: 0 done, 1 failed, 2 wrong usage or study file, 3 done but some
members failed (each is listed with its reason), 130 interrupted.

Settings: a flag goes over an environment variable (`VESTRY_DATA`, `VESTRY_RUNS`, `VESTRY_CORES`),
which goes over the study file, which goes over the default. `VESTRY_LOOKS` names the folder in
which looks at test sets are counted; by default one of the user's own data.
"""


def commands(group: Any, path: str) -> list[tuple[str, Any]]:
    """Every command below `group` that does something, with the words that call it."""
    found: list[tuple[str, Any]] = []
    for name, command in group.commands.items():
        words = f"{path} {name}"
        found += commands(command, words) if hasattr(command, "commands") else [(words, command)]
    return found


def section(words: str, command: Any) -> str:
    arguments, options = [], []
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            arguments.append((parameter.name.upper(), parameter.help))
        else:
            options.append((", ".join(parameter.opts), parameter.help))
    rows = [f"- `{name}` {text or ''}".rstrip() for name, text in arguments + options]
    text = "\n".join(line.strip() for line in (command.help or "").splitlines())
    return "\n".join([f"## `{words}`", "", text, "", *rows, "", command.epilog or "", ""])


def main() -> None:
    top = typer.main.get_command(app)
    sections = [section(words, command) for words, command in commands(top, "vestry")]
    target = Path(__file__).parent / "commands.md"
    target.write_text("\n".join([HEAD, *sections]), encoding="utf-8")


if __name__ == "__main__":
    main()
