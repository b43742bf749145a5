"""A process that sends as fast as it may, for the tests of rates.

``python -m tests.newsletter.taker URL SECONDS LIMITS`` prints when it was granted how
many letters, as JSON; LIMITS is JSON as well.
"""

import json
import sys
import time

from newsletter import db
from newsletter.sender import utc_now
from newsletter.sender.allowance import Allowance
from newsletter.throttle import Limits


def main() -> None:
    """Take letters until the time is over."""
    url, seconds, limits = sys.argv[1:]
    engine = db.connect(url)
    allowance = Allowance(engine, Limits(**json.loads(limits)), utc_now)
    until = time.time() + float(seconds)
    granted = []
    while time.time() < until:
        letters = allowance.grant(7)
        if letters:
            granted.append((time.time(), letters))
        else:
            time.sleep(min(0.25, allowance.wait_seconds()))
    allowance.close()
    engine.dispose()
    print(json.dumps(granted))  # noqa: T201 - this is what it is for


if __name__ == "__main__":
    main()
