"""`newsletter subscribers import` and `export`: whole lists from the terminal."""

import json
from pathlib import Path
from typing import Any

import pytest
from dns.resolver import NXDOMAIN

from newsletter.cli import lists

PEOPLE = """\
email,name,timezone
ada@example.org,Ada Reyes,Europe/Berlin
not an address,Nobody,
zoe@example.org,Zoë again,
ada@example.org,Ada twice,
gone@example.org,Ann,
"""
SAID = ("--source", "the shop")


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


def test_import_takes_the_good_lines_and_reports_the_others(
    program: Any, people: Path
) -> None:
    """Each other line with its number, its value and why; refused ones in a file."""
    told = program("subscribers", "import", str(people), "--source", "the shop").stdout
    kept = people.with_name("people.refused.csv")

    counted, differs = told.split("\n\n")[0].rsplit("\n", maxsplit=1)
    facts = dict(line.rsplit(maxsplit=1) for line in counted.split("\n"))
    assert {name.strip(): int(number) for name, number in facts.items()} == {
        "Lines read": 5,
        "Added": 1,
        "On it, but different": 1,
        "Had left, stay so": 1,
        "Same address twice": 1,
        "Refused": 1,
    }
    assert differs == "They stay as they are here. What differs: name 1."
    assert "'Zoë Krüger' here, 'Zoë again' in the file" in " ".join(told.split())
    assert "not an address" in told
    assert str(kept) in told
    assert "not an address" in kept.read_text("utf-8")
    assert addresses(program)[-1] == "ada@example.org"
    ada = json.loads(program("subscribers", "show", "ada@example.org", "--json").stdout)
    assert ada["source"] == "the shop"


def test_a_dry_run_changes_nothing(program: Any, people: Path) -> None:
    """It only says what would be."""
    told = program("subscribers", "import", str(people), "--dry-run", *SAID).stdout

    assert "Would be added" in told
    assert "ada@example.org" not in addresses(program)


def test_a_strict_import_changes_nothing_unless_all_is_right(
    program: Any, people: Path
) -> None:
    """Refused with the first wrong line; the refused lines are kept."""
    refused = program("subscribers", "import", str(people), "--strict", *SAID, code=1)

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
            "--column", "address=Kontakt", "--column", "name=Anrede", "--json", *SAID,
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
    program("subscribers", "import", str(people), "--rejects", str(wanted), *SAID)

    mended = wanted.read_text("utf-8").replace("not an address", "now@example.org")
    wanted.write_text(mended, "utf-8")
    program("subscribers", "import", str(wanted), *SAID)

    assert "now@example.org" in addresses(program)


def test_what_is_being_mended_outlives_an_import_that_fails(
    program: Any, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong option or Ctrl-C leaves the file of an earlier import as it is."""
    kept = people.with_name("people.refused.csv")
    kept.write_text("half mended", "utf-8")

    program("subscribers", "import", str(people), "--encoding", "nonsense", code=1)
    monkeypatch.setattr(lists, "import_csv", interrupted)
    program("subscribers", "import", str(people), code=130)

    assert kept.read_text("utf-8") == "half mended"
    assert [path.name for path in people.parent.glob("*refused*")] == [kept.name]


def test_a_list_can_be_its_own_file_of_refused_lines(
    program: Any, people: Path
) -> None:
    """It is read before it is written: what is left in it is what is left to do."""
    program("subscribers", "import", str(people), "--rejects", str(people), *SAID)

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
    back = ("subscribers", "import", str(file), "--source", "x", "--json")
    again = json.loads(program(*back).stdout)

    assert f"3 people in {file}." in told.stderr
    assert told.stdout == ""
    dashed = program("subscribers", "export", "-").stdout

    assert "gone@example.org" in dashed
    assert not (tmp_path / "-").exists()
    assert "zoe@example.org" in piped
    assert "gone@example.org" not in piped
    assert (again["read"], again["added"], again["refused"]) == (3, 0, 0)


def test_without_a_source_nothing_is_imported(program: Any, people: Path) -> None:
    """The error says why, and what to write; no file of refused lines is left."""
    refused = program("subscribers", "import", str(people), code=1)

    assert "nothing says how these people agreed" in refused.stderr
    assert "--source" in refused.stderr
    assert "ada@example.org" not in addresses(program)
    assert not people.with_name("people.refused.csv").exists()


def test_domains_are_asked_about_on_request(
    program: Any, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where none takes mail nobody is added, and each line says so."""

    class Nowhere:
        lifetime = 0.0

        def resolve(self, _domain: str, _kind: str) -> None:
            raise NXDOMAIN

    monkeypatch.setattr("dns.resolver.Resolver", Nowhere)

    told = program("subscribers", "import", str(people), "--check-mx", *SAID).stdout

    assert "example.org does not exist" in " ".join(told.split())
    assert "ada@example.org" not in addresses(program)
