"""What readers say about tips: their comments, and whether a tip was useful.

All SQL about both is here. A comment is plain text, *held* until the operator has
looked at it, *shown*, or *hidden*; it is kept as long as its tip. Knows nothing of
pages and forms, and of no address: whoever comments is known by a keyed hash alone.
"""

from newsletter.comments.authors import forget_author, said_by
from newsletter.comments.moderating import (
    count_held,
    delete,
    find,
    hide,
    list_comments,
    show,
)
from newsletter.comments.pages import cut, page_of
from newsletter.comments.posting import NewComment, Posted, post
from newsletter.comments.reading import counts, find_shown, shown, tip_to_discuss
from newsletter.comments.views import Comment, CommentView, DiscussedTip, Thread
from newsletter.comments.voting import Votes, vote, votes

__all__ = [
    "Comment",
    "CommentView",
    "DiscussedTip",
    "NewComment",
    "Posted",
    "Thread",
    "Votes",
    "count_held",
    "counts",
    "cut",
    "delete",
    "find",
    "find_shown",
    "forget_author",
    "hide",
    "list_comments",
    "page_of",
    "post",
    "said_by",
    "show",
    "shown",
    "tip_to_discuss",
    "vote",
    "votes",
]
