"""How fast the site answers with a hundred years of tips, under wrk.

    python -m benchmarks.pages [SECONDS] [TIPS] [COMMENTS]

`newsletter serve` in a process of its own, on SQLite and on PostgreSQL, with pages kept
for `web.cache_seconds` and with every page made anew; wrk asks on the same cores for
archive, tag and tip pages, each time another one: as fast as it can, and then 200 a
second. Prints a row as each is done, keeps them beside the other results and shows
them. Each row takes twice SECONDS, 8 unless told otherwise; there are twelve.
"""

import sys
from collections.abc import Iterator

from benchmarks import library, machine, report, wrk
from benchmarks.library import COMMON_TAG
from benchmarks.stage import stage
from benchmarks.visits import ENGINES, PageRow, Visits

SECONDS, TIPS, COMMENTS = 8, 5_000, 50_000
KEPT_SECONDS = 5
PAGE_SIZE = 10
# What is read of the tips: those of the last ten years.
MOST_TIPS = 500
SCRIPT = """\
local paths = {{ {paths} }}
math.randomseed(os.time())
request = function() return wrk.format("GET", paths[math.random(#paths)]) end
"""


def paths_of(tips: int) -> dict[str, list[str]]:
    """Return the addresses of each kind of page."""
    last = max(2, tips // PAGE_SIZE)
    last_of_tag = max(2, tips // PAGE_SIZE // 2)
    return {
        "archive": [f"/archive/page/{page}/" for page in range(2, last)],
        "tag": [f"/tags/{COMMON_TAG}/page/{page}/" for page in range(2, last_of_tag)],
        "tip": [f"/tips/tip-{number}/" for number in range(min(tips, MOST_TIPS))],
    }


def measure(seconds: int, tips: int, comments: int) -> Iterator[PageRow]:
    """Yield a row for each engine, way to serve it, and kind of page."""
    for engine in ENGINES:
        with stage(engine) as where:
            library.fill(where, tips=tips, comments=comments)
            for kept in (KEPT_SECONDS, 0):
                with wrk.served(where, web__cache_seconds=kept) as port:
                    for pages, paths in paths_of(tips).items():
                        # As happened long ago where a site has run for a day.
                        wrk.get(port, *paths)
                        listed = ", ".join(f'"{path}"' for path in paths)
                        asked = (where.folder, port, SCRIPT.format(paths=listed))
                        fast = wrk.load(*asked, seconds)
                        steady = wrk.load(*asked, seconds, is_steady=True)
                        yield PageRow(engine, pages, kept, fast, steady)


def main() -> None:
    """Measure, keep, publish, print."""
    wrk.demand()
    words = [int(word) for word in sys.argv[1:]]
    seconds, tips, comments = [*words, *(SECONDS, TIPS, COMMENTS)[len(words) :]]
    facts, sizes = machine.facts(), {"tips": tips, "comments": comments}
    rows: list[PageRow] = []
    for row in measure(seconds, tips, comments):
        rows.append(row)
        told = Visits("pages", facts, sizes, [row]).table().as_text()
        print(told.splitlines()[-1], file=sys.stderr, flush=True)
    report.keep(Visits("pages", facts, sizes, rows))


if __name__ == "__main__":
    main()
