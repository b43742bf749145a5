"""The newsletter with sample tips, invented readers and a mail server of its own.

What a newcomer runs first. It uses the same rooms as the real thing, over a real SMTP
conversation, and never touches a real configuration, port 25 or the network.
"""

from newsletter.demo.mailserver import MailServer
from newsletter.demo.stage import Stage, set_up

__all__ = ["MailServer", "Stage", "set_up"]
