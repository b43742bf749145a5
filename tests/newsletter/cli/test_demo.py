"""`newsletter demo`: this week's tip to real mailboxes, and nothing outside."""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import httpx2
import pytest
from freezegun import freeze_time
from typer.testing import CliRunner, Result

from newsletter.cli.program import app

WATCHED = """
import os, sys

def say(kind, what):
    # In one piece: the mail server has a thread of its own.
    os.write(2, f"{kind} {what}\\n".encode())

def watch(event, args):
    if event == "open" and isinstance(args[0], str) and isinstance(args[2], int):
        if args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            say("WRITES", os.path.abspath(args[0]))
    elif event == "sqlite3.connect" and args[0]:
        # One without a name is SQLite's own, and gone when it is closed.
        say("WRITES", os.path.abspath(args[0]))
    elif event.startswith(("socket.connect", "socket.bind", "socket.get")):
        if event not in ("socket.gethostname", "socket.getnameinfo"):
            what = args[-1] if event[7] in "cb" else args[0]
            say("SOCKET", f"{event} {what}")

sys.addaudithook(watch)
from newsletter.cli import main
main()
"""
LOOPBACK = re.compile(r"127\.0\.0\.1|::1")


@pytest.fixture
def clock() -> Iterator[Any]:
    """A Wednesday in the middle of the week 2026-W48."""
    real = ["_pytest.timing", "_pytest.runner", "typer"]
    with freeze_time(
        "2026-11-25 12:00", tick=True, real_asyncio=True, ignore=real
    ) as clock:
        yield clock


def demo(folder: Path, *words: str) -> Result:
    """Run the demo in a folder."""
    result = CliRunner().invoke(app, ["demo", "--folder", str(folder), *words])
    assert result.exit_code == 0, result.output
    return result


def received(folder: Path, slot: str) -> list[Path]:
    """Return the messages of a week that the mail server received."""
    return sorted((folder / "received").glob(f"{slot}-*.eml"))


@pytest.mark.usefixtures("clock")
def test_its_figures_agree_with_what_was_received(tmp_path: Path) -> None:
    """Twelve readers, twelve letters sent, twelve files, each to its own reader."""
    shown = demo(tmp_path / "demo").stdout

    files = received(tmp_path / "demo", "2026-W48")
    assert "12 of 12 letters sent" in shown
    assert "12 received" in shown
    assert "12/12" in demo(tmp_path / "other").stderr
    to = Counter()
    for path in files:
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        to[message["To"].addresses[0].addr_spec] += 1
        assert message["Subject"] == "Say what happens next"
    table = re.findall(r"(\S+@example\.org) .* sent", shown)
    assert len(files) == 12
    assert to == Counter(table)
    pages = sorted(path.stem for path in (tmp_path / "demo" / "rendered").iterdir())
    assert pages == [path.stem for path in files]


@pytest.mark.usefixtures("clock")
def test_it_shows_what_comes_and_where_to_look(tmp_path: Path) -> None:
    """Five weeks, the runway, the folders and the next command."""
    shown = demo(tmp_path / "demo").stdout

    weeks = re.findall(r"^2026-W(\d\d) ", shown, re.MULTILINE)
    assert weeks == ["49", "50", "51", "52", "53"]
    assert "pinned to 2026-12-22" in " ".join(shown.split())
    assert "Runway  19 weeks" in shown
    assert "--next-week" in shown
    first = re.search(r"In a browser +(\S+(?:\n +\S+)*)", shown)
    assert first
    assert Path("".join(first.group(1).split())).exists()


@pytest.mark.usefixtures("clock")
def test_what_it_proposes_can_be_typed_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another folder than the usual one, too, whatever its name."""
    monkeypatch.chdir(tmp_path)

    usual = " ".join(demo(Path("demo")).stdout.split())
    other = " ".join(demo(Path("my demo")).stdout.split())

    assert "demo --next-week" in usual
    assert "--folder" not in usual
    assert "demo --folder 'my demo' --next-week" in other
    assert "--config 'my demo/config.toml' status" in other


@pytest.mark.usefixtures("clock")
def test_run_again_it_sends_nothing_and_says_why(tmp_path: Path) -> None:
    """Nobody gets a tip twice, not even in a demo."""
    demo(tmp_path / "demo")
    before = received(tmp_path / "demo", "*")

    shown = demo(tmp_path / "demo").stdout

    assert "Nothing was sent: 2026-W48 was sent already" in shown
    assert received(tmp_path / "demo", "*") == before


def test_the_next_week_sends_the_next_tip(tmp_path: Path, clock: Any) -> None:
    """Again and again, the pinned one in its week, and in the real next week too."""
    folder = tmp_path / "demo"
    demo(folder)
    titles = []
    for _ in range(5):
        shown = demo(folder, "--next-week").stdout
        titles.append(re.search(r"^(2026-W\d\d): (.*)$", shown, re.MULTILINE))
    clock.tick(timedelta(weeks=1))
    real = demo(folder).stdout

    told = [found.groups() for found in titles if found]
    assert [slot for slot, _ in told] == [f"2026-W{n}" for n in range(49, 54)]
    assert len({title for _, title in told}) == 5
    assert told[3][1] == "The gift that will not arrive in time"
    assert "2027-W01: " in real
    assert len(received(folder, "*")) == 12 * 7


@pytest.mark.usefixtures("clock")
def test_a_list_that_was_changed_meanwhile_is_shown_as_it_is(tmp_path: Path) -> None:
    """Whoever left is not in the table, whoever came is; the figures still agree."""
    folder = tmp_path / "demo"
    demo(folder)
    runner, config = CliRunner(), ["--config", str(folder / "config.toml")]
    for words in (
        ["remove", "zoe.krueger@example.org"],
        ["add", "brief@example.org"],
        ["remove", "brief@example.org"],
        ["add", "new@example.org"],
        ["add", "newer@example.org"],
    ):
        changed = runner.invoke(app, [*config, "subscribers", *words])
        assert changed.exit_code == 0, changed.output

    shown = demo(folder, "--next-week").stdout

    table = re.findall(r"(\S+@example\.org) .* sent", shown)
    assert "13 of 13 letters sent" in shown
    assert len(table) == 13
    assert "zoe.krueger@example.org" not in table
    assert "new@example.org" in table


@pytest.mark.usefixtures("clock")
def test_every_other_command_works_on_its_settings(tmp_path: Path) -> None:
    """To explore: status, plan, and a send that writes files instead of mail."""
    folder = tmp_path / "demo"
    demo(folder)
    runner, config = CliRunner(), ["--config", str(folder / "config.toml")]

    for words in (["status"], ["plan"], ["doctor"], ["send", "-y"], ["tips", "list"]):
        result = runner.invoke(app, [*config, *words])
        assert result.exit_code == 0, result.output


def test_it_stays_in_its_folder_and_on_this_machine(tmp_path: Path) -> None:
    """As the process itself sees it: every file it writes and every socket it opens.

    A real config.toml beside it is not read, let alone touched.
    """
    (tmp_path / "config.toml").write_text("this is no TOML")
    environment = {k: v for k, v in os.environ.items() if "NEWSLETTER" not in k}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "HOME": str(tmp_path / "home")}

    ran = subprocess.run(
        [sys.executable, "-c", WATCHED, "demo"],
        cwd=tmp_path,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )

    assert ran.returncode == 0, ran.stderr
    seen = [line.split(" ", 1) for line in ran.stderr.splitlines()]
    written = {Path(path) for kind, path in (s for s in seen if s[0] == "WRITES")}
    outside = {p for p in written if not p.is_relative_to(tmp_path / "demo")}
    assert outside <= {Path("/dev/null")}
    sockets = [what for kind, what in (s for s in seen if s[0] == "SOCKET")]
    assert len(sockets) > 2
    assert [what for what in sockets if not LOOPBACK.search(what)] == []
    assert not [what for what in sockets if what.endswith(", 25)")]
    assert (tmp_path / "config.toml").read_text() == "this is no TOML"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.toml", "demo"]


def test_with_the_site_a_reader_can_join(tmp_path: Path) -> None:
    """It stays open until Ctrl-C, and links in the pages of letters lead to it."""
    folder = tmp_path / "demo"
    words = ["demo", "--folder", str(folder), "--site"]
    code = "from newsletter.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        assert running.stdout
        lines = iter(running.stdout.readline, "")
        opened = next(line for line in lines if "The site is open" in line)
        address = re.search(r"http://127\.0\.0\.1:\d+", opened)
        assert address, opened
        form = httpx2.get(f"{address[0]}/join/").text
        running.send_signal(signal.SIGINT)

    assert running.returncode == 0
    assert 'name="address"' in form
    page = next((folder / "rendered").glob("*.html")).read_text("utf-8")
    assert f'href="{address[0]}/u/' in page
    assert "https://tips.example/u/" not in page
