"""Was this useful? How many said so of a tip, and never who."""

from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col

from newsletter.tables import TipVotes


@dataclass(frozen=True)
class Votes:
    """How many readers said yes, and how many no."""

    useful: int
    not_useful: int

    @property
    def total(self) -> int:
        """How many readers said anything."""
        return self.useful + self.not_useful


def vote(session: Session, tip_id: int, *, useful: bool) -> None:
    """Count one reader's answer; two at the same moment are both counted."""
    dialect = session.get_bind().dialect.name
    insert = sqlite_insert if dialect == "sqlite" else pg_insert
    yes, no = int(useful), int(not useful)
    session.execute(
        insert(TipVotes)
        .values(tip_id=tip_id, useful=yes, not_useful=no)
        .on_conflict_do_update(
            index_elements=["tip_id"],
            set_={
                "useful": col(TipVotes.useful) + yes,
                "not_useful": col(TipVotes.not_useful) + no,
            },
        )
    )


def votes(session: Session, tip_id: int) -> Votes:
    """Return how many readers said that a tip was useful, or not."""
    found = session.get(TipVotes, tip_id, populate_existing=True)
    return Votes(found.useful, found.not_useful) if found else Votes(0, 0)
