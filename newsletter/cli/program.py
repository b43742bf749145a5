"""The `newsletter` program: its commands, its global options, its exit codes."""

import importlib
import os
import sys
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from newsletter import __version__
from newsletter.cli import failures, logs

# name: (module, what it does), in the sections of --help. Nothing is imported here.
SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Every week": {
        "run": ("running", "Send the weekly tip, week after week, until stopped."),
        "serve": ("serve", "Serve the public site alone."),
        "worker": ("worker", "Send with other machines what `run` opens."),
        "status": ("status", "What went out, what comes next, what needs attention."),
        "plan": ("plan", "Who gets which tip when, and why."),
        "preview": ("preview", "The very email that would be sent."),
        "send": ("send", "Send this week's tip now."),
        "issues": ("issues", "List, show, pause, resume or cancel issues."),
    },
    "The library": {
        "tips": ("tips", "Import, list, write, order, pin and export tips."),
        "comments": ("comments", "Read, show, hide and delete what readers write."),
    },
    "The people": {
        "subscribers": ("subscribers", "Add, import, list, remove and export people."),
        "history": ("history", "Every tip that one person was sent."),
        "mailbox": ("mailbox", "Take off the list who asks for it by mail."),
    },
    "Keeping it safe": {
        "backup": ("backup", "Write everything into one file, also while sending."),
        "restore": ("restore", "Bring a backup into an empty database."),
        "takeover": ("takeover", "Make a copied or restored database the live one."),
        "verify": ("verify", "Ask the database for every promise it can keep."),
    },
    "Setting up": {
        "demo": (
            "demo",
            "Try everything with sample tips and a mail server of its own.",
        ),
        "init": ("init", "Write config.toml and make the database."),
        "doctor": ("doctor", "Check settings, database, templates, relay, mailbox."),
        "upgrade": ("upgrade", "Bring the database to this release."),
    },
}
COMMANDS = {
    name: entry for section in SECTIONS.values() for name, entry in section.items()
}


class _LazyCommands(MutableMapping[str, Any]):
    """The commands by name; a command's module is imported when it is asked for."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - a command of typer's own
        if name not in self._loaded:
            module = importlib.import_module(f"newsletter.cli.{COMMANDS[name][0]}")
            command = typer.main.get_command(module.app)
            command.name = name
            self._loaded[name] = command
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)

    def __setitem__(self, name: str, command: object) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]


class _Program(TyperGroup):
    """The group of all commands: lazy, in sections, with one place for failures."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - typer's own
        super().__init__(**attributes)
        self.commands = _LazyCommands()

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002
        """List the commands in sections, without importing them."""
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(name, text) for name, (_, text) in commands.items()]
                )

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401
        """Run the command; say what failed and end with its exit code."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Whoever read our output, such as `head`, has seen enough.
            raise
        except failures.KNOWN as error:
            print(f"newsletter: {failures.words(error)}", file=sys.stderr)  # noqa: T201
            raise typer.Exit(failures.exit_code(error)) from error


app = typer.Typer(
    cls=_Program,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"newsletter {__version__}")  # noqa: T201
        raise typer.Exit


@app.callback()
def _program(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            help="The settings; else NEWSLETTER_CONFIG, else ./config.toml.",
            metavar="FILE",
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log every step on stderr.")
    ] = False,
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version and end.",
            callback=_print_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """One tip a week, by email, from a library of tips."""
    logs.configure(verbose=verbose)
    context.obj = config or Path(os.environ.get("NEWSLETTER_CONFIG", "config.toml"))


def main() -> None:
    """Run the program; this is what the `newsletter` command calls."""
    app(prog_name="newsletter")
