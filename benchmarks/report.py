"""What a run found, shown: on the terminal, as the README's picture and as a page.

    python -m benchmarks.report

Draws everything anew from results.json and measures nothing.
"""

import json
import re
from pathlib import Path

from benchmarks import fill, machine, visits
from benchmarks.figures import Results
from benchmarks.picture import draw, draw_workers
from benchmarks.tables import BESIDE, costs, crews, pairs, races, sizes
from benchmarks.visits import Visits

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results.json"
PICTURE = ROOT / "docs/pictures/sending.svg"
WORKERS_PICTURE = ROOT / "docs/pictures/workers.svg"
PAGE = ROOT / "docs/benchmarks.md"
SCALING = ROOT / "docs/scaling.md"


def as_text(results: Results) -> str:
    """Return everything for a terminal of 80 columns."""
    tables = (races(results.races), costs(results.races), sizes(results.sizes))
    first, *rest = [table.as_text() for table in tables]
    return "\n".join([f"{first}\n{BESIDE}", *rest, fill.sentence(results.copy)])


def sections(results: Results) -> dict[str, str]:
    """Return what stands between the page's markers, by their names."""
    found = {
        group: pairs(results.group(group), group).as_markdown()
        for group in ("source", "bound", "silence", "processes")
    }
    return found | {
        "machine": f"{machine.sentence(results.machine)}\n",
        "run": f"{results.letters:,} letters a run, {results.rounds} rounds.\n",
        "costs": costs(results.races).as_markdown(),
        "memory": f"{_most_memory(results):.0f} MB.\n",
        "safety": _safety(results),
        "sizes": sizes(results.sizes).as_markdown(),
        "copy": f"{fill.sentence(results.copy)}\n",
        **workers_sections(results),
    }


def workers_sections(results: Results) -> dict[str, str]:
    """Return those that `benchmarks.distributed` measures; two pages show them."""
    found = results.workers
    if not found:
        return {"workers": "Not measured yet.\n", "limited": "Not measured yet.\n"}
    facts = found.machine
    on = (
        f"On {facts['date']}, {facts['cores']} cores shared with the relay and "
        f"PostgreSQL; load {facts['load_before']} before the first run.\n"
    )
    return {
        "workers": f"{crews(found.free).as_markdown()}\n{on}",
        "limited": crews(found.limited).as_markdown(),
    }


def visited() -> dict[str, str]:
    """Return what the three commands found that visit the site."""
    return visits.sections(json.loads(RESULTS.read_text("utf-8")))


def insert(page: str, found: dict[str, str]) -> str:
    """Return *page* with every marked place filled anew.

    Raises:
        ValueError: a section has no place on the page, or a place no section.
    """
    places = set(re.findall(r"<!-- (\w+): ", page))
    if places != set(found):
        odd = ", ".join(sorted(places ^ set(found)))
        raise ValueError(f"The page's places and the sections differ in {odd}.")
    for name, words in found.items():
        begin, end = f"<!-- {name}: by `make bench` -->", f"<!-- {name} ends -->"
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        page = f"{before}{begin}\n\n{words}\n{end}{after}"
    return page


def publish(results: Results) -> None:
    """Write the picture and the figures of the page."""
    PICTURE.write_text(draw(results), "utf-8")
    if results.workers:
        WORKERS_PICTURE.write_text(draw_workers(results.workers), "utf-8")
    for path, found in (
        (PAGE, sections(results) | visited()),
        (SCALING, workers_sections(results)),
    ):
        path.write_text(insert(path.read_text("utf-8"), found), "utf-8")


def keep(found: Visits) -> None:
    """Keep what visitors of the site waited for, publish it, and print it."""
    found.keep(RESULTS)
    # Read back, so that what is shown is what was kept.
    publish(Results.read(RESULTS))
    print(found.table().as_text())


def _most_memory(results: Results) -> float:
    found = [race.memory for race in results.races]
    return max([*found, *(size.memory for size in results.sizes)])


def _safety(results: Results) -> str:
    """Return what the databases said of themselves, one line a kind of row."""
    said = {
        race.name: ", ".join(f"`{key} = {value}`" for key, value in race.safety.items())
        for race in results.group("source")
    }
    return "".join(f"- {name}: {words}\n" for name, words in said.items())


def main() -> None:
    """Show again what results.json holds."""
    results = Results.read(RESULTS)
    publish(results)
    print(as_text(results))


if __name__ == "__main__":
    main()
