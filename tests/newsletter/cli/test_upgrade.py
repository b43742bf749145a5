"""`newsletter upgrade`: the tables of this release, however often it is called."""

import json
import shutil
from typing import Any


def test_a_blank_database_gets_its_tables(empty: Any) -> None:
    """Refused before, usable after."""
    empty.settings(database__url="sqlite:///blank.db")

    refused = empty("plan", code=69)
    result = empty("upgrade")

    assert "`newsletter upgrade`" in refused.stderr
    assert (
        result.stdout == f"The database sqlite:///{empty.folder}/blank.db is ready.\n"
    )
    assert empty("plan").exit_code == 0


def test_twice_does_no_harm(program: Any) -> None:
    """Nothing is lost."""
    before = json.loads(program("tips", "list", "--json").stdout)

    program("upgrade")
    program("upgrade")

    assert json.loads(program("tips", "list", "--json").stdout) == before


def test_a_database_that_cannot_be_opened_is_named(empty: Any) -> None:
    """69 and the setting to look at."""
    empty.settings(database__url="sqlite:////nowhere/newsletter.db")

    assert "Check database.url" in empty("upgrade", code=69).stderr


def test_a_new_database_is_the_live_one(empty: Any) -> None:
    """Its mark stands beside it; a copy of the folder does not send by itself."""
    empty.settings(database__url="sqlite:///blank.db")
    empty("upgrade")
    assert (empty.folder / "blank.db.mark").exists()
    shutil.copy(empty.folder / "blank.db", empty.folder / "copy.db")
    shutil.copy(empty.folder / "blank.db.mark", empty.folder / "copy.db.mark")
    empty.settings(database__url="sqlite:///copy.db")

    result = empty("upgrade")

    assert "is ready" in result.stdout
    assert "newsletter takeover" in result.stderr
