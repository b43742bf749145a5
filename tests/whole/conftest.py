"""What the mail server of the tests received: ordinary and hostile, sent once."""

import pytest

from tests.desks import make_config
from tests.hostile import PEOPLE, TIPS
from tests.post import Post, Received, receive


@pytest.fixture(scope="session")
def post(tmp_path_factory: pytest.TempPathFactory) -> Post:
    """Every kind of tip, sent to people of every kind."""
    folder = tmp_path_factory.mktemp("post")
    sections = {
        # One notice, when the last of the tips goes out.
        "identity": {
            "operator_address": "operator@example.org",
            "announce_issues": False,
        },
        "library": {"warn_weeks": 1},
        "mailbox": {"kind": "maildir", "path": "Maildir"},
    }
    return receive(folder, make_config(folder, sections), people=PEOPLE, tips=TIPS)


@pytest.fixture(scope="session")
def letters(post: Post) -> tuple[Received, ...]:
    """Every letter that arrived."""
    return post.letters


@pytest.fixture(scope="session")
def one_of_each(letters: tuple[Received, ...]) -> tuple[Received, ...]:
    """One letter of each kind of tip, all to the first of the readers."""
    return tuple(each for each in letters if b"To: Grace Okafor" in each.raw)


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> tuple[Received, ...]:
    """The demo's own tips, sent to the first of the readers."""
    folder = tmp_path_factory.mktemp("samples")
    return receive(folder, make_config(folder), people=PEOPLE[:1]).letters


@pytest.fixture(scope="session")
def far_away(tmp_path_factory: pytest.TempPathFactory) -> Post:
    """One letter of a newsletter whose names and addresses are all long or foreign."""
    folder = tmp_path_factory.mktemp("far-away")
    host = f"{'tips-' * 10}of.bücher.example"
    site = f"https://{host}/{'a-long-path/' * 8}"
    sections = {
        "newsletter": {
            "name": "Tipps für dich, “jede Woche”, " * 8,
            "base_url": site,
            "language": "pt-BR",
        },
        "identity": {
            "from_name": "Ümit, von den Tipps",
            "from_address": f"tips@{host}",
            "reply_to": f"a-person-who-reads-{'a' * 40}@{host}",
            "unsubscribe_address": f"leave+{'u' * 50}@{host}",
        },
        "links": {"contact": f"{site}contact/über?a=ö"},
    }
    tips = {"tip": {"title": "Titel", "body": "Wörter."}}
    return receive(folder, make_config(folder, sections), people=PEOPLE[:1], tips=tips)
