"""Headers and MIME: a rendered email becomes the bytes of one reader's copy.

`prepare` encodes everything that all copies share, once for each issue; `fill` then
splices one reader's name, address and links in, so that a copy costs microseconds.
`automatic` builds a single letter to the operator. Pure: no database, no templates,
no SMTP; the envelope is the transport's.

Sources: RFC 5322 (form), 2045-2047 (MIME), 2369, 2919 and 8058 (list headers).
"""

from newsletter.message.automatic import Addressee, automatic
from newsletter.message.prepared import PreparedMessage, Reader, prepare

__all__ = ["Addressee", "PreparedMessage", "Reader", "automatic", "prepare"]
