"""The readers' side of the site: one file a noun, each with its addresses."""

from newsletter.web.public import (
    archive,
    commenting,
    contacting,
    feeds,
    home,
    joining,
    labels,
    machines,
    privacy,
    searching,
    tips,
    viewing,
    voting,
)

ROUTERS = (
    home.router,
    joining.router,
    archive.router,
    labels.router,
    tips.router,
    searching.router,
    feeds.router,
    machines.router,
    viewing.router,
    commenting.router,
    voting.router,
    contacting.router,
    privacy.router,
)
