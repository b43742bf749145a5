"""The readers' side of the site: one file a noun, each with its addresses."""

from newsletter.web.public import (
    archive,
    commenting,
    contacting,
    feeds,
    home,
    joining,
    labels,
    leaving,
    machines,
    moving,
    preferences,
    privacy,
    rights,
    searching,
    tips,
    viewing,
    voting,
)

# A request is held against one after the other; what is read most comes first.
ROUTERS = (
    home.router,
    archive.router,
    labels.router,
    tips.router,
    leaving.router,
    searching.router,
    feeds.router,
    joining.router,
    preferences.router,
    rights.router,
    moving.router,
    machines.router,
    viewing.router,
    commenting.router,
    voting.router,
    contacting.router,
    privacy.router,
)
