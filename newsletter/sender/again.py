"""A tip's letter once more, for a reader who asked for it: as it was in its issue.

The same subject and bodies, with the reader's own name and links; only its Date and
Message-ID are new, since it is another message.
"""

from newsletter import db, issues
from newsletter.ledger import Claim
from newsletter.outbox import WaitingLetter
from newsletter.outcome import Rejected
from newsletter.sender.composing import Composer, unmailable
from newsletter.sender.desk import Desk
from newsletter.transport import Letter
from subscribers import preferences


def once_more(desk: Desk, waiting: WaitingLetter) -> Letter | Rejected:
    """Return the letter of the issue that *waiting* names."""
    person_id = waiting.subscriber_id or 0
    with db.snapshot(desk.engine) as session:
        person = preferences.look(session, person_id)
        issue = issues.get(session, int(str(waiting.facts["issue_id"])))
        uid = db.installation(session).uid
    if person is None:
        return unmailable("nobody is there any more")
    claim = Claim(
        delivery_id=0,
        issue_id=issue.id,
        subscriber_id=person_id,
        address=waiting.address,
        name=person.name,
        signed_up_at=person.signed_up_at,
        attempts=0,
        dated_at=waiting.created_at,
        lease_until=waiting.lease_until,
    )
    composer = Composer.of(desk.config, issue, uid=uid)
    message_id = f"{waiting.uid}@{issue.mail_domain}"
    return composer.compose(claim, message_id=message_id)
