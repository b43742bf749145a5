"""How log lines look: the time, the event, and its facts as name=value."""

import logging

# What every record has; anything else was given as a fact of the event.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class FactsFormatter(logging.Formatter):
    """Writes ``issue opened  slot=2026-W48 enrolled=12`` behind time and level."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - its name
        """Return the line, with the facts that came with the event."""
        facts = [
            f"{name}={_shown(value)}"
            for name, value in vars(record).items()
            if name not in _USUAL
        ]
        line = super().formatMessage(record)
        return f"{line}  {' '.join(facts)}" if facts else line


def configure(*, verbose: bool) -> None:
    """Log to stderr: what needs a look, or every step when *verbose*."""
    handler = logging.StreamHandler()
    handler.setFormatter(FactsFormatter())
    level = logging.DEBUG if verbose else logging.WARNING
    logging.basicConfig(level=level, handlers=[handler])


def _shown(value: object) -> str:
    """Return a fact on one line, in quotes when it has spaces."""
    text = " ".join(str(value).split())
    return f'"{text}"' if " " in text or not text else text
