"""Hand letters over and say how each of them went.

`smtp` speaks to a relay over connections that never block, `file` writes `.eml` files
for trials, `memory` keeps what it is given. A transport knows no subscribers and no
ledger: letters in, outcomes out.
"""

from newsletter.transport.base import (
    Done,
    Envelope,
    Letter,
    Transport,
    Turn,
    send_all,
)
from newsletter.transport.file import FileTransport
from newsletter.transport.memory import MemoryTransport
from newsletter.transport.opening import Relay
from newsletter.transport.smtp import SmtpTransport

__all__ = [
    "Done",
    "Envelope",
    "FileTransport",
    "Letter",
    "MemoryTransport",
    "Relay",
    "SmtpTransport",
    "Transport",
    "Turn",
    "send_all",
]
