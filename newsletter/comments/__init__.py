"""What readers say about tips."""

from newsletter.comments.reading import Remark, Thread, counts, shown

__all__ = ["Remark", "Thread", "counts", "shown"]
