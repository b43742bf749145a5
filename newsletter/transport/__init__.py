"""Hand letters over and say how each of them went.

`smtp` speaks to a relay, `file` writes `.eml` files for trials, `memory` keeps what it
is given. A transport knows no subscribers and no ledger: letters in, outcomes out.
"""

from newsletter.transport.base import Envelope, Letter, Transport
from newsletter.transport.file import FileTransport
from newsletter.transport.memory import MemoryTransport
from newsletter.transport.smtp import Relay, SmtpTransport

__all__ = [
    "Envelope",
    "FileTransport",
    "Letter",
    "MemoryTransport",
    "Relay",
    "SmtpTransport",
    "Transport",
]
