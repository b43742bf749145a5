"""One-clicks at a steady rate: each is counted, timed from when it was due."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from benchmarks.clicks import BODY, Clicks, click
from benchmarks.relays import LOOPBACK, free_port


class Site(BaseHTTPRequestHandler):
    """A site that answers as the path says, or hangs up."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer with the status in the path."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = int(self.path.strip("/"))
        if not status or body != BODY:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def site() -> Iterator[int]:
    """Run the site, and yield its port."""
    with ThreadingHTTPServer((LOOPBACK, 0), Site) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join()


def test_every_answer_is_counted() -> None:
    """Good ones, refusals, and connections that end without a word."""
    paths = ["/200"] * 20 + ["/503", "/0", "/200"]

    with site() as port:
        clicks = asyncio.run(click(port, 500, paths))

    assert clicks.answers == {"200": 21, "503": 1, "none": 1}
    assert len(clicks.milliseconds) == len(paths)


def test_requests_leave_at_their_times() -> None:
    """Twenty at a hundred a second take a fifth of a second, however fast the site."""
    with site() as port:
        clicks = asyncio.run(click(port, 100, ["/200"] * 20))

    assert clicks.seconds >= 0.19


def test_a_site_that_is_not_there_answers_nothing() -> None:
    """Nobody is counted as heard."""
    clicks = asyncio.run(click(free_port(), 500, ["/200"] * 3))

    assert clicks.answers == {"none": 3}


def test_percentiles_are_of_all_answers() -> None:
    """The median and the worst."""
    clicks = Clicks({}, [5.0, 1.0, 3.0], 1.0)

    assert clicks.percentile(50) == 3.0
    assert clicks.percentile(100) == 5.0
    assert Clicks({}, [], 1.0).percentile(99) == float("inf")
