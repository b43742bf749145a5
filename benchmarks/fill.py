"""How long one reader's copy takes: tokens signed, name encoded, bytes joined.

    python -m benchmarks.fill

Nothing is asserted: a figure that fails on a busy machine teaches people to ignore it.
CPU time is counted.
"""

import time
from datetime import UTC, date, datetime

from benchmarks.figures import Copy, Spread
from newsletter.config import Settings
from newsletter.message import PreparedMessage, Reader, prepare
from newsletter.render import Article, Edition, render_tip
from subscribers.tokens import Purpose, TokenSigner

ROUNDS, COPIES, BODY_BYTES = 15, 1_200, 30_000
NAMES = (
    "Ada",
    "Ada Reyes",
    "Reyes, Ada",
    'Ada "The Van" Reyes',
    "Zoë",
    "María-José Carreño Quiñones",
    "李小龍",
    "محمد بن سلمان",
    "Ada 👩🏽‍🔧",
    "O'Brien",
    "A" * 120,
    "",
)


def issue() -> PreparedMessage:
    """Return an issue whose HTML has about 30 KB."""
    paragraph = "Say what you will do, and when you will do it. " * 8
    settings = Settings()
    edition = Edition.of(settings, day=date(2026, 11, 24))
    article = Article("Say what happens next", "next", f"{paragraph}\n\n" * 25)
    rendered = render_tip(article, edition)
    missing = BODY_BYTES - len(rendered.html) - len(rendered.text)
    text = rendered.text + "More words. " * max(0, missing // 12)
    return prepare(
        rendered.subject, text, rendered.html, settings=settings, slot="2026-W48"
    )


def copy(message: PreparedMessage, signer: TokenSigner, at: int) -> bytes:
    """Return the copy of the reader number *at*, as the sender makes it."""
    return message.fill(
        Reader(
            address="ada@example.org",
            name=NAMES[at % len(NAMES)],
            message_id=f"48.{at}@tips.example",
            date=datetime(2026, 11, 24, 9, tzinfo=UTC),
            unsubscribe=signer.sign(Purpose.UNSUBSCRIBE, at, 48),
            preferences=signer.sign(Purpose.PREFERENCES, at, 48),
            view=signer.sign(Purpose.VIEW, at, 48),
            signed_up=" on 3 March 2026",
        )
    )


def measure() -> Copy:
    """Fill thousands of copies; return what one takes, round by round."""
    message, signer = issue(), TokenSigner([b"a secret for measuring, nothing else"])
    rounds = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        for at in range(COPIES):
            size = len(copy(message, signer, at))
        rounds.append((time.process_time() - begun) / COPIES * 1e6)
    return Copy(size / 1_000, Spread.of(rounds))


def sentence(found: Copy) -> str:
    """Return the figures in words."""
    spent = found.microseconds
    return (
        f"{found.kilobytes:.1f} KB a copy, with signed links: "
        f"{spent.median:.1f} µs of CPU ({spent.low:.1f}-{spent.high:.1f})."
    )


def main() -> None:
    """Print the median of the rounds."""
    print(sentence(measure()))


if __name__ == "__main__":
    main()
