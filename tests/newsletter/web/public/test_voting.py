"""Was this useful? One press counts, without a cookie; many of one network do not."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session

from newsletter import comments, db
from newsletter.comments import Votes
from newsletter.tables import Tip
from newsletter.web.public.voting import PER_NETWORK
from tests.conftest import NOW
from tests.factories import make_tip

PATH = "/tips/listen/useful/"


def votes(engine: Engine, tip: Tip) -> Votes:
    """Return what was counted."""
    with Session(engine) as session:
        return comments.votes(session, tip.id or 0)


def test_a_press_is_counted_and_thanked_for(
    client: TestClient, engine: Engine, tip: Tip
) -> None:
    """The tip's own page says thank you, at a place that needs no script."""
    for answer in ("yes", "no", "yes"):
        back = client.post(PATH, data={"useful": answer})

        assert back.status_code == 303
        assert back.headers["Location"] == "/tips/listen/#thanked"
        assert "Set-Cookie" not in back.headers

    assert votes(engine, tip) == Votes(useful=2, not_useful=1)


def test_one_network_does_not_count_for_many(
    client: TestClient, engine: Engine, tip: Tip
) -> None:
    """It is thanked all the same; another tip is another question."""
    with db.transaction(engine) as session:
        other = make_tip(session, "other", published_at=NOW)

    for _ in range(PER_NETWORK.amount + 3):
        assert client.post(PATH, data={"useful": "yes"}).status_code == 303
    client.post("/tips/other/useful/", data={"useful": "no"})

    assert votes(engine, tip).total == PER_NETWORK.amount
    assert votes(engine, other) == Votes(useful=0, not_useful=1)


@pytest.mark.parametrize("where", ["cross-site", "same-site"])
def test_other_sites_do_not_vote_with_their_readers_browsers(
    client: TestClient, engine: Engine, tip: Tip, where: str
) -> None:
    """Browsers say where a button was pressed."""
    headers = {"Sec-Fetch-Site": where}

    answer = client.post(PATH, data={"useful": "yes"}, headers=headers)

    assert answer.status_code == 403
    assert votes(engine, tip).total == 0


def test_odd_answers_are_refused(client: TestClient, engine: Engine, tip: Tip) -> None:
    """An unknown answer, no answer, a tip that is not public, a question by GET."""
    assert client.post(PATH, data={"useful": "perhaps"}).status_code == 400
    assert client.post(PATH).status_code == 400
    assert (
        client.post("/tips/queued/useful/", data={"useful": "yes"}).status_code == 404
    )
    assert client.get(PATH).status_code == 405

    assert votes(engine, tip).total == 0
