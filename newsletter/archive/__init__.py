"""What the public may read: the tips that were sent, here or elsewhere.

Every question of the site about tips is asked here, in a few statements each, and every
one of them leaves out what was not sent yet. Knows nothing of pages, templates or
addresses. `publishing` alone writes: when a tip comes to the public and when it goes.
"""

from newsletter.archive.frozen import FrozenIssue, issue_of, issue_sent_as
from newsletter.archive.labels import find_label, labels
from newsletter.archive.publishing import settle, wrongly_public
from newsletter.archive.reading import (
    entries,
    find,
    latest,
    neighbours,
    newest_titles,
    page,
    related,
)
from newsletter.archive.searching import search
from newsletter.archive.views import (
    Label,
    LabelCount,
    Neighbours,
    PublicTip,
    Shelf,
    TipPage,
    TipTitle,
)

__all__ = [
    "FrozenIssue",
    "Label",
    "LabelCount",
    "Neighbours",
    "PublicTip",
    "Shelf",
    "TipPage",
    "TipTitle",
    "entries",
    "find",
    "find_label",
    "issue_of",
    "issue_sent_as",
    "labels",
    "latest",
    "neighbours",
    "newest_titles",
    "page",
    "related",
    "search",
    "settle",
    "wrongly_public",
]
