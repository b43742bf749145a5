"""Comments in pages, so that a talk of years stays as light as the tip it is about.

Pages are counted from the oldest comment on, so that a new one changes only the last.
An answer to an old one moves what stands behind it. Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from newsletter.comments.views import Comment, Thread

# In octets; with the markup of that many, a page stays well below 50 KB.
LARGEST = 20_000
# What stands around the words of each: name, day, and the way to answer.
AROUND = 600


def cut(threads: Iterable[Thread]) -> tuple[tuple[Thread, ...], ...]:
    """Return *threads* in pages; there is always one.

    A thread that does not fit goes on at the next page: without its first comment, and
    its answers say whom they answer.
    """
    pages: list[list[Thread]] = [[]]
    room = LARGEST
    for thread in threads:
        begins = True
        for comment in _all_of(thread):
            is_first = comment is thread.first
            size = _size(comment)
            if size > room and pages[-1]:
                pages.append([])
                room = LARGEST
                begins = True
            room -= size
            if begins:
                pages[-1].append(Thread(comment if is_first else None, ()))
                begins = False
            if not is_first:
                pages[-1][-1] = _with(pages[-1][-1], thread, comment)
    return tuple(tuple(page) for page in pages)


def page_of(pages: Sequence[Sequence[Thread]], comment_id: int) -> int:
    """Return the number of the page on which a comment stands, from 1; 0 for none."""
    return next(
        (
            number
            for number, page in enumerate(pages, 1)
            for thread in page
            for comment in _all_of(thread)
            if comment.id == comment_id
        ),
        0,
    )


def _all_of(thread: Thread) -> tuple[Comment, ...]:
    return (*((thread.first,) if thread.first else ()), *thread.replies)


def _with(part: Thread, whole: Thread, reply: Comment) -> Thread:
    """Return a part of a thread with one more of its answers."""
    if part.first is None and whole.first and not reply.answering:
        reply = replace(reply, answering=whole.first.author)
    return replace(part, replies=(*part.replies, reply))


def _size(comment: Comment) -> int:
    return AROUND + len(comment.body.encode())
