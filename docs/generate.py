"""Write what is generated: config.example.toml and the three reference pages.

Run `make docs` after changing a setting, a command or a row of `tests/faults.py`; a
test compares.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from newsletter.cli.program import app
from newsletter.config.example import example_toml, reference_markdown
from newsletter.tables import DeliveryStatus, IssueStatus, NoticeKind
from tests.faults import SECTIONS, Fault

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
69 the database, the relay or the mailbox cannot be used; 74 a file cannot be read or
written; 75 `mailbox --stdin` could not take a mail, and wants it again later; 78 the
settings cannot be used.

`newsletter --config FILE COMMAND` names the settings; else `NEWSLETTER_CONFIG`, else
`config.toml` here. `newsletter --verbose COMMAND` logs every step on stderr, and
`newsletter --version` prints the version.

"""
FAULTS_HEAD = """\
# What a relay may do, and what follows

Each row is done by a real SMTP server in `tests/whole/test_relay_faults.py`, on SQLite
and on PostgreSQL, with and without PIPELINING, and every column is checked; so is that
no other letter suffers, and that everybody has the tip once when the fault is over.

- **Letter**: where it stands in the ledger. *Deferred* is tried again after
  `delivery.retry_after`, until `delivery.give_up_after`; *pending* waits for the relay
  and loses no try; *uncertain* is sent once more with the same Message-ID
  (`delivery.uncertain`).
- **Reader**: whether it counts as a bounce (`newsletter subscribers show`). Only what
  says that nobody has the address does.
- **Issue**: it goes on, waits for the relay, or is paused until you resume it. Refusals
  of us pause it after `delivery.pause_after` in a row, or when nobody took it.
- **Connection**: after one that closes another is opened at once. When two in a row
  close on their first letter, or none can be opened, the waits between two tries grow
  from a second to a minute.
- **Pace**: 421 and 4.7.x say that we are too fast. When more than a tenth of the
  letters get that, nothing starts for a second, and then half as many letters a second
  as the relay took; each further time halves it. A minute without makes up for a cut,
  and after three there is no pace any more. It needs no setting, holds below those that
  you set, and is kept by each process for itself; a restart begins anew. One such reply
  changes nothing, nor does greylisting.
- **You are told**: by mail and in `newsletter status`, beside the start and the finish
  of the issue. That the relay is away is said once a day.

"""
_LETTER = {
    DeliveryStatus.SENT: "sent",
    DeliveryStatus.DEFERRED: "deferred",
    DeliveryStatus.FAILED: "failed",
    DeliveryStatus.PENDING: "pending",
    DeliveryStatus.UNCERTAIN: "uncertain",
}
_TOLD = {
    NoticeKind.RELAY_AWAY: "the relay is away, and why",
    NoticeKind.ISSUE_PAUSED: "it is paused, and why",
    NoticeKind.RELAY_LIMITS: "the relay asks to go slower",
}


def faults_markdown() -> str:
    """Return the table of what a relay may do."""
    lines: list[str] = []
    for section, faults in SECTIONS.items():
        lines += [f"## {section}", ""]
        lines += ["| The relay | Letter | Reader | Issue | Connection | You are told |"]
        lines += ["|---|---|---|---|---|---|"]
        for fault in faults:
            lines.append(f"| {' | '.join(_consequences(fault))} |")
        lines.append("")
    return "\n".join(lines)


def _consequences(fault: Fault) -> Iterator[str]:
    waits = fault.letter is DeliveryStatus.PENDING
    yield fault.name
    yield _LETTER[fault.letter]
    yield "a bounce" if fault.counted else ""
    yield {
        IssueStatus.SENT: "goes on",
        IssueStatus.SENDING: "waits" if waits else "goes on",
        IssueStatus.PAUSED: "paused",
    }[fault.issue]
    yield fault.line
    yield _TOLD.get(fault.told, "") if fault.told else ""


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
        ROOT / "docs/relay-faults.md": FAULTS_HEAD + faults_markdown(),
    }


def main() -> None:
    """Write the generated files."""
    for path, text in pages().items():
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
