"""The readers' side of the site: one file a noun, each with its addresses."""

from newsletter.web.public import home, joining

ROUTERS = (home.router, joining.router)
