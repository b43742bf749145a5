"""`newsletter subscribers`: a real list, from the terminal."""

import json
from pathlib import Path
from typing import Any

import pytest

from newsletter import db
from newsletter.cli import subscribers
from subscribers import roster
from subscribers.bounces import count_bounces

PEOPLE = """\
email,name,timezone
ada@example.org,Ada Reyes,Europe/Berlin
not an address,Nobody,
zoe@example.org,Zoë again,
ada@example.org,Ada twice,
gone@example.org,Ann,
"""


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A CSV with one good line and every kind of other."""
    file = tmp_path / "people.csv"
    file.write_text(PEOPLE, "utf-8")
    return file


def interrupted(*_: object, **__: object) -> None:
    """Press Ctrl-C in the middle."""
    raise KeyboardInterrupt


def addresses(program: Any) -> list[str]:
    """Return everybody's address, in the order in which they came."""
    shown = json.loads(program("subscribers", "list", "--json").stdout)
    return [person["address"] for person in shown]


def test_add_and_show(program: Any) -> None:
    """With everything that is known of them; as JSON too."""
    told = program(
        "subscribers", "add", "Olga@Example.org", "--name", "Ольга",
        "--timezone", "Europe/Riga", "--language", "lv", "--source", "at the fair",
    ).stdout  # fmt: skip

    shown = program("subscribers", "show", "olga@example.org").stdout
    data = json.loads(
        program("subscribers", "show", "olga@example.org", "--json").stdout
    )

    assert told == "Olga@example.org is on the list and gets the next tip.\n"
    for words in ("Ольга", "active", "Europe/Riga", "lv", "at the fair", "2026-11-24"):
        assert words in shown
    assert (data["name"], data["status"]) == ("Ольга", "active")


def test_what_is_not_known_is_the_newsletters(program: Any) -> None:
    """Zone and language say where they come from."""
    shown = program("subscribers", "show", "bob@example.net").stdout

    assert "UTC (the newsletter's)" in shown
    assert "the newsletter's" in shown
    assert "unknown" in shown


def test_bounces_are_shown_when_there_are_any(program: Any) -> None:
    """As a line of their own, and always in JSON."""
    before = program("subscribers", "show", "bob@example.net").stdout
    engine = program.engine()
    with db.transaction(engine) as session:
        count_bounces(session, [roster.find(session, "bob@example.net").id])
    engine.dispose()

    after = program("subscribers", "show", "bob@example.net").stdout
    listed = json.loads(program("subscribers", "list", "--json").stdout)

    assert "Bounces" not in before
    assert "Bounces" in after
    assert sorted(person["bounces"] for person in listed) == [0, 0, 1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add", "zoe@example.org"), "is already on the list: active since"),
        (("add", "gone@example.org"), "Only they themselves can change that."),
        (("add", "zoe"), "is not a usable email address"),
        (("add", "new@example.org", "--timezone", "Berlin"), "time zone"),
        (("show", "zoee@example.org"), "Did you mean zoe@example.org?"),
        (("remove", "nobody@example.com"), "`newsletter subscribers list`"),
    ],
)
def test_what_cannot_be_done_is_refused(
    program: Any, words: tuple[str, ...], says: str
) -> None:
    """1, with the value and what to do."""
    assert says in program("subscribers", *words, code=1).stderr


def test_the_list_goes_page_by_page(program: Any) -> None:
    """In the order in which they came, with the command for the next page."""
    first = program("subscribers", "list", "--limit", "2").stdout
    second = program("subscribers", "list", "--after", "2").stdout
    gone = program("subscribers", "list", "--status", "unsubscribed").stdout

    assert "Zoë Krüger" in first
    assert "More: newsletter subscribers list --after 2" in first
    assert "2 active, 1 unsubscribed" in first
    assert "gone@example.org" in second
    assert "zoe@example.org" not in second
    assert "gone@example.org" in gone
    assert "bob@example.net" not in gone


def test_an_empty_list_says_how_to_fill_it(empty: Any) -> None:
    """The next command."""
    assert "newsletter subscribers import FILE" in empty("subscribers", "list").stdout


def test_remove_stops_the_mail_at_once(program: Any) -> None:
    """The row stays as the proof; a second time changes nothing."""
    first = program("subscribers", "remove", "zoe@example.org").stdout
    second = program("subscribers", "remove", "zoe@example.org").stdout
    program("send", "-y")

    assert first == "zoe@example.org gets no more mail, from this moment on.\n"
    assert second == "zoe@example.org gets no mail anyway: unsubscribed.\n"
    assert len(program.outbox) == 1
    assert "zoe@example.org" in addresses(program)


def test_import_takes_the_good_lines_and_reports_the_others(
    program: Any, people: Path
) -> None:
    """Each other line with its number, its value and why; refused ones in a file."""
    told = program("subscribers", "import", str(people), "--source", "the shop").stdout
    kept = people.with_name("people.refused.csv")

    facts = dict(line.rsplit(maxsplit=1) for line in told.split("\n\n")[0].split("\n"))
    assert {name.strip(): int(number) for name, number in facts.items()} == {
        "Lines read": 5,
        "Added": 1,
        "On the list already": 1,
        "Had left, stay so": 1,
        "Same address twice": 1,
        "Refused": 1,
    }
    assert "not an address" in told
    assert str(kept) in told
    assert "not an address" in kept.read_text("utf-8")
    assert addresses(program)[-1] == "ada@example.org"
    ada = json.loads(program("subscribers", "show", "ada@example.org", "--json").stdout)
    assert ada["source"] == "the shop"


def test_a_dry_run_changes_nothing(program: Any, people: Path) -> None:
    """It only says what would be."""
    told = program("subscribers", "import", str(people), "--dry-run").stdout

    assert "Would be added" in told
    assert "ada@example.org" not in addresses(program)


def test_a_strict_import_changes_nothing_unless_all_is_right(
    program: Any, people: Path
) -> None:
    """Refused with the first wrong line; the refused lines are kept."""
    refused = program("subscribers", "import", str(people), "--strict", code=1)

    assert "ada@example.org" not in addresses(program)
    assert "line 3" in refused.stderr
    assert "not an address" in people.with_name("people.refused.csv").read_text()


def test_a_good_list_leaves_no_file_behind(program: Any, tmp_path: Path) -> None:
    """Columns and encoding can be named when they cannot be guessed; JSON too."""
    file = tmp_path / "list.csv"
    file.write_bytes("Kontakt;Anrede\nada@example.org;Zoë\n".encode("latin-1"))

    report = json.loads(
        program(
            "subscribers", "import", str(file), "--encoding", "latin-1",
            "--column", "address=Kontakt", "--column", "name=Anrede", "--json",
        ).stdout
    )  # fmt: skip

    assert (report["read"], report["added"], report["refused"]) == (1, 1, 0)
    assert not (tmp_path / "list.refused.csv").exists()
    assert "Zoë" in program("subscribers", "show", "ada@example.org").stdout


def test_refused_lines_go_where_they_are_wanted(
    program: Any, people: Path, tmp_path: Path
) -> None:
    """With --rejects; mended, they import."""
    wanted = tmp_path / "mend.csv"
    program("subscribers", "import", str(people), "--rejects", str(wanted))

    mended = wanted.read_text("utf-8").replace("not an address", "now@example.org")
    wanted.write_text(mended, "utf-8")
    program("subscribers", "import", str(wanted))

    assert "now@example.org" in addresses(program)


def test_what_is_being_mended_outlives_an_import_that_fails(
    program: Any, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong option or Ctrl-C leaves the file of an earlier import as it is."""
    kept = people.with_name("people.refused.csv")
    kept.write_text("half mended", "utf-8")

    program("subscribers", "import", str(people), "--encoding", "nonsense", code=1)
    monkeypatch.setattr(subscribers, "import_csv", interrupted)
    program("subscribers", "import", str(people), code=130)

    assert kept.read_text("utf-8") == "half mended"
    assert [path.name for path in people.parent.glob("*refused*")] == [kept.name]


def test_a_list_can_be_its_own_file_of_refused_lines(
    program: Any, people: Path
) -> None:
    """It is read before it is written: what is left in it is what is left to do."""
    program("subscribers", "import", str(people), "--rejects", str(people))

    assert addresses(program)[-1] == "ada@example.org"
    assert "not an address" in people.read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("nowhere.csv",), 1, "it cannot be opened"),
        ((".",), 2, "is a directory"),
        (("people.csv", "--column", "address"), 2, "write WHAT=HEADER"),
        (("people.csv", "--column", "mail=email"), 2, "one of address"),
        (("people.csv", "--column", "address=E-mail 1"), 1, "E-mail 1"),
        (("people.csv", "--encoding", "nonsense"), 1, "nonsense"),
    ],
)
@pytest.mark.usefixtures("people")
def test_a_file_that_cannot_be_read_is_named(
    program: Any, tmp_path: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    """And leaves no empty file of refused lines."""
    refused = program("subscribers", "import", *words, code=code)

    assert says in refused.stderr
    assert not list(tmp_path.glob("*.refused.csv"))


def test_export_imports_to_the_same_people(program: Any, tmp_path: Path) -> None:
    """To a file or to stdout, everybody or those of one state."""
    file = tmp_path / "everybody.csv"

    told = program("subscribers", "export", str(file))
    piped = program("subscribers", "export", "--status", "active").stdout
    again = json.loads(program("subscribers", "import", str(file), "--json").stdout)

    assert f"3 people in {file}." in told.stderr
    assert told.stdout == ""
    dashed = program("subscribers", "export", "-").stdout

    assert "gone@example.org" in dashed
    assert not (tmp_path / "-").exists()
    assert "zoe@example.org" in piped
    assert "gone@example.org" not in piped
    assert (again["read"], again["added"], again["refused"]) == (3, 0, 0)
