"""`newsletter upgrade`: the tables of this release, however often it is called."""

import json
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
