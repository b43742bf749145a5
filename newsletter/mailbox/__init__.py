"""Where mail to the newsletter is read from: an IMAP server, or a Maildir.

Both show only the headers of mail that nobody has read, leave everything unread that
they are not told of, and delete nothing. Knows nothing of people, tokens or databases.
"""

from newsletter.mailbox.base import Mail, Mailbox, OpenMailbox
from newsletter.mailbox.imap import ImapAccount, ImapMailbox
from newsletter.mailbox.maildir import MaildirMailbox

__all__ = [
    "ImapAccount",
    "ImapMailbox",
    "Mail",
    "Mailbox",
    "MaildirMailbox",
    "OpenMailbox",
]
