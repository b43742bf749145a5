"""The operator's terminal: parse, call, show; the rooms below do the work.

One file a noun, each imported only when its command runs, so that `--help` is instant.
`main` is the entry point of the `newsletter` program.
"""

from newsletter.cli.program import main

__all__ = ["main"]
