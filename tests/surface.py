"""Every address that the site's application has, as OpenAPI describes it."""

import warnings
from typing import Any

from newsletter.web import Site, build


def schema_of(site: Site) -> dict[str, Any]:
    """Return the description of all addresses.

    The site itself does not publish one. An address that takes GET and HEAD is one
    function, which FastAPI names twice.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Duplicate Operation ID")
        return build(site).openapi()
