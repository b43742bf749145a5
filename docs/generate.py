"""Write what is generated: config.example.toml and the two reference pages.

Run `make docs` after changing a setting or a command; a test compares.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from newsletter.cli.program import app
from newsletter.config.example import example_toml, reference_markdown

ROOT = Path(__file__).parents[1]

SETTINGS_HEAD = """\
# Settings

Every setting, with its default. They stand in `config.toml`, which `newsletter init`
writes; [config.example.toml](../config.example.toml) is the same with comments.

Each can also come from the environment, which wins over the file: `smtp.password` is
`NEWSLETTER_SMTP_PASSWORD`. Lists are written there as in TOML. A secret can stand in a
file of its own, named by the setting beside it. `newsletter doctor` checks everything.

An unknown or wrong setting stops every command, with the file, the key, the value and
the nearest known key. Paths are relative to the folder of the settings.

"""
COMMANDS_HEAD = """\
# Commands

Every command, as `newsletter COMMAND --help` tells it. Results go to stdout, everything
about the work itself to stderr; lists and shows take `--json`.

Exit codes: 0 done, or nothing to do; 1 refused, with the reason; 2 typed wrongly;
69 the database or the relay cannot be used; 74 a file cannot be read or written;
78 the settings cannot be used.

`newsletter --config FILE COMMAND` names the settings; else `NEWSLETTER_CONFIG`, else
`config.toml` here. `newsletter --verbose COMMAND` logs every step on stderr, and
`newsletter --version` prints the version.

"""


def commands_markdown() -> str:
    """Return the reference of every command and its options."""
    program: Any = typer.main.get_command(app)
    lines: list[str] = []
    for name, command in program.commands.items():
        lines += _pages(f"newsletter {name}", command)
    return "\n".join(lines)


def _pages(path: str, command: Any) -> Iterator[str]:  # noqa: ANN401 - typer's own
    """Yield the lines of one command, then of the commands below it."""
    below = getattr(command, "commands", {})
    if not below:
        yield from _page(path, command)
        return
    yield from (f"## `{path}`", "", command.help or "", "")
    for name, child in below.items():
        yield from _page(f"{path} {name}", child)


def _page(path: str, command: Any) -> Iterator[str]:  # noqa: ANN401
    with typer.Context(command, info_name=path) as context:
        pieces = command.collect_usage_pieces(context)
        usage = re.sub(r"[{}]", "", " ".join([path, *pieces]))
        records = [param.get_help_record(context) for param in command.params]
    yield from (f"### `{usage}`", "", " ".join((command.help or "").split()), "")
    if records := [record for record in records if record]:
        yield from ("| Option | Meaning |", "|---|---|")
        for option, meaning in records:
            cells = (_cell(text) for text in (option, meaning))
            yield "| `{}` | {} |".format(*cells)
        yield ""


def _cell(text: str) -> str:
    """Return one cell: without the types and ranges that only a terminal needs."""
    words = re.sub(
        r" <(str|path|file|list\[Path\]|%Y-%m-%d)>|; \d*<?=?x[<>]=\d+", "", text
    )
    words = re.sub(r"<([\w|]+)>", r"\1", words)
    words = words.replace("[required]", "")
    return " ".join(words.split()).replace("|", "\\|")


def pages() -> dict[Path, str]:
    """Return every generated file with what should be in it."""
    return {
        ROOT / "config.example.toml": example_toml(),
        ROOT / "docs/configuration.md": SETTINGS_HEAD + reference_markdown(),
        ROOT / "docs/commands.md": COMMANDS_HEAD + commands_markdown(),
    }


def main() -> None:
    """Write the generated files."""
    for path, text in pages().items():
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
