"""How fast people can join, under wrk, and whether every wish is written down.

    python -m benchmarks.signups [SECONDS] [ENGINE ...]

`newsletter serve` in a process of its own, with `database.durability = "full"`. wrk
sends the form as the page shows it, each time with another address and from another
network: as fast as it can, and then 200 times a second. All that keeps robots away is
on, but so many in an hour are no attack (`signup.attack_after`): a puzzle each would
measure wrk. Afterwards the list is asked for all who were answered.
"""

import re
import sys
import time

from sqlalchemy import func, select
from sqlmodel import col

from benchmarks import machine, report, wrk
from benchmarks.stage import NOW, Stage, stage
from benchmarks.visits import ENGINES, SignupRow, Visits
from newsletter import db
from subscribers.tables import Subscriber

SECONDS = 8
# The time that a person needs for the form at least, and a little.
TYPING_SECONDS = 2.5
NO_ATTACK = 100_000_000
# Where the addresses of the second run begin.
SECOND_RUN = 10_000_000
SCRIPT = """\
local number = {first}
request = function()
  number = number + 1
  local headers = {{
    ["Content-Type"] = "application/x-www-form-urlencoded",
    ["X-Forwarded-For"] = string.format(
      "10.%d.%d.1", math.floor(number / 256) % 256, number % 256)
  }}
  local body = "{fields}&address=r" .. number .. "%40example.org"
  return wrk.format("POST", "/join/", headers, body)
end
"""


def measure(engine: str, seconds: int) -> SignupRow:
    """Let people join, and count them on the list."""
    with stage(engine) as where:
        db.upgrade(where.engine, now=NOW)
        values = {
            "database__durability": "full",
            "signup__attack_after": NO_ATTACK,
        }
        with wrk.served(where, **values) as port:
            fields = form_fields(wrk.get(port, "/join/"))
            time.sleep(TYPING_SECONDS)
            scripts = [
                SCRIPT.format(first=first, fields=fields) for first in (0, SECOND_RUN)
            ]
            fast = wrk.load(where.folder, port, scripts[0], seconds)
            steady = wrk.load(where.folder, port, scripts[1], seconds, is_steady=True)
        answered = fast.answered + steady.answered
        return SignupRow(engine, fast, steady, max(0, answered - _joined(where)))


def form_fields(page: str) -> str:
    """Return what a browser sends of the form beside the address.

    Raises:
        ValueError: there is no form on the page.
    """
    found = re.search(r'name="form_token" value="([\w-]+)"', page)
    if not found:
        raise ValueError("the page to join has no form")
    return f"form_token={found[1]}&website="


def _joined(where: Stage) -> int:
    """Count those who are on the list, confirmed or not."""
    with db.snapshot(where.engine) as session:
        return session.scalar(select(func.count(col(Subscriber.id)))) or 0


def main() -> None:
    """Measure, keep, publish, print."""
    wrk.demand()
    words = sys.argv[1:]
    seconds = int(words[0]) if words else SECONDS
    facts = machine.facts()
    rows = [measure(engine, seconds) for engine in words[1:] or ENGINES]
    sizes = {"answered": sum(row.fast.answered + row.steady.answered for row in rows)}
    report.keep(Visits("signups", facts, sizes, rows))
    if any(row.lost for row in rows):
        raise SystemExit("Not everybody who signed up was heard.")


if __name__ == "__main__":
    main()
