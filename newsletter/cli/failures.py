"""Which error ends the program with which exit code; nothing else decides that."""

from newsletter.errors import (
    ConfigError,
    DatabaseProblem,
    MailboxProblem,
    NewsletterError,
    RelayRefused,
)
from subscribers.errors import SubscribersError

# The first kind that fits counts. 1 is "refused as asked"; 2 is typer's, for a command
# that was typed wrongly; 69, 74 and 78 are "unavailable", "input or output" and
# "configuration" of sysexits.
EXIT_CODES: tuple[tuple[type[Exception], int], ...] = (
    (ConfigError, 78),
    (DatabaseProblem, 69),
    (RelayRefused, 69),
    (MailboxProblem, 69),
    (NewsletterError, 1),
    (SubscribersError, 1),
    (OSError, 74),
)
KNOWN = tuple(kind for kind, _ in EXIT_CODES)
# The "temporary failure" of sysexits: a mail server that hands us a mail, and hears
# this, keeps it and comes again.
TRY_LATER = 75


def exit_code(error: Exception) -> int:
    """Return the exit code that *error* ends the program with."""
    return next(code for kind, code in EXIT_CODES if isinstance(error, kind))


def words(error: Exception) -> str:
    """Return what the operator reads."""
    if isinstance(error, OSError) and error.filename:
        reason = error.strerror or str(error)
        return f"{error.filename}: {reason}. Check the name, and who may write there."
    return str(error)
