"""The pages: a public site for readers, served over HTTP.

Every address is a function that parses, calls the rooms below and shows; it commits
there, and nowhere else. GET and HEAD change nothing, ever: link scanners follow every
link. Pages are the same with and without JavaScript.
"""

from newsletter.web.app import build
from newsletter.web.serving import Server
from newsletter.web.site import Site

__all__ = ["Server", "Site", "build"]
