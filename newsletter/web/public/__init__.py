"""The readers' side of the site: one file a noun, each with its addresses."""

from newsletter.web.public import (
    archive,
    feeds,
    home,
    joining,
    labels,
    leaving,
    machines,
    moving,
    preferences,
    rights,
    searching,
    tips,
    viewing,
)

ROUTERS = (
    home.router,
    joining.router,
    leaving.router,
    preferences.router,
    rights.router,
    moving.router,
    archive.router,
    labels.router,
    tips.router,
    searching.router,
    feeds.router,
    machines.router,
    viewing.router,
)
